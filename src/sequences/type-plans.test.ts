import { ContentType } from '../contract/messages';
import { latestContent, presenting, revisionOf, type Presentation } from './presentation';
import { typeOf, typesOf } from './stored-event.testing';
import { TypePlans } from './type-plans';

const content = latestContent(ContentType.BSON);

const planOf = (presentation: Presentation, name: string) => {
  const bytes = Buffer.from(`before${name}after`);
  return TypePlans.of(presentation)?.of(bytes, 6, 6 + Buffer.byteLength(name));
};

describe('the generation that is shown of a type', () => {
  it('needs no look at any name where no type is registered and none is named', () => {
    expect(TypePlans.of({ ...content, types: undefined })).toBeUndefined();
    expect(TypePlans.of({ ...content, types: typesOf([]) })).toBeUndefined();
  });

  it('is the latest of a registered type, and the one that it was appended in of any other', () => {
    const presentation = { ...content, types: typesOf([typeOf('order.placed', 3)]) };
    expect(planOf(presentation, 'order.placed')).toMatchObject({ wanted: 3, type: { name: 'order.placed' } });
    expect(planOf(presentation, 'order.paid')).toMatchObject({ wanted: 0, type: undefined });
  });

  it('is the one that is named, whether the type is registered or not', () => {
    const wanted = (type: string) => (type.startsWith('order') ? 2 : undefined);
    const presentation = { ...content, wanted, types: typesOf([typeOf('order.placed', 3), typeOf('paid', 4)]) };
    expect(planOf(presentation, 'order.placed')?.wanted).toBe(2);
    expect(planOf(presentation, 'order.gone')).toMatchObject({ wanted: 2, type: undefined });
    expect(planOf(presentation, 'paid')?.wanted).toBe(4);
  });

  it('is never that of another type, however many there are and whatever they are called', () => {
    const types = Array.from({ length: 2_000 }, (_, i) =>
      typeOf(`${i % 2 === 0 ? 'é' : 'e'}${'x'.repeat(i % 7)}${i}`, 1 + (i % 30)),
    );
    const presentation = { ...content, types: typesOf(types) };
    for (const round of [1, 2]) {
      for (const { name, latest } of types)
        expect([round, name, planOf(presentation, name)?.wanted]).toEqual([round, name, latest]);
    }
  });

  it('is remembered for a presentation', () => {
    const presentation = { ...content, types: typesOf([typeOf('a', 2)]) };
    expect(TypePlans.of(presentation)).toBe(TypePlans.of(presentation));
    expect(TypePlans.of({ ...presentation })).not.toBe(TypePlans.of(presentation));
  });
});

describe('what a reader asks for, by the types of the moment', () => {
  it('is the same as long as they are, and another one when they change', async () => {
    let types = typesOf([typeOf('a', 1)], 1);
    const present = presenting(content, {
      types: () => types,
      loadTypes: async () => Promise.reject(new Error('known')),
    });
    const first = await present();
    expect(await present()).toBe(first);
    expect(revisionOf(first)).toBe(1);
    types = typesOf([typeOf('a', 2)], 2);
    const second = await present();
    expect(second.types?.type('a')?.latest).toBe(2);
    expect(revisionOf(second)).toBe(2);
  });

  it('waits for types that are not known: as appended would be another content', async () => {
    let loaded = 0;
    const types = typesOf([typeOf('a', 2)]);
    const loadTypes = async () => {
      loaded++;
      return Promise.resolve(types);
    };
    const present = presenting(content, { types: () => undefined, loadTypes });
    expect((await present()).types).toBe(types);
    expect(loaded).toBe(1);
  });
});
