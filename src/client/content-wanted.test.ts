import type { AnnalsError } from '../kernel/annals-error';
import type { ObserverDefinition__Output } from '../contract/generated/annals/v1/ObserverDefinition';
import type { Register__Output } from '../contract/generated/annals/v1/Register';
import { messageCodec, serviceDefinition } from '../contract/services';
import { viewName, wireGenerations } from './content-wanted';
import { wireSelection } from './filter';
import { registrationOf } from './observe/registration';
import type { ObserveOptions } from './observe/handlers';
import { ReadCursor } from './read';
import { SubscribeCursor } from './subscription';

const SEQUENCE = { store: 'default', namespace: 'default', sequence: 'event-log' };

const refusal = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    const { code, field } = error as AnnalsError;
    return [code, field];
  }
};

const decoded = (method: 'Read' | 'Subscribe', bytes: Buffer | undefined): unknown =>
  bytes === undefined ? undefined : serviceDefinition('EventSequences')[method]?.requestDeserialize(bytes);

/** What is asked for in each of the calls that take it. */
const WANTED = { generations: { 'order.placed': 2 }, allGenerations: true, announcements: true } as const;
const ON_THE_WIRE = {
  generations: [{ type: 'order.placed', generation: 2 }],
  allGenerations: true,
  filters: [{ types: [], announcements: true }],
};

test('a read asks for generations, for announcements and for a view', () => {
  const asked = decoded('Read', new ReadCursor(SEQUENCE, { ...WANTED, view: 'effective' }).request());
  expect(asked).toMatchObject({ ...ON_THE_WIRE, view: 'VIEW_EFFECTIVE' });
  expect(decoded('Read', new ReadCursor(SEQUENCE, {}).request())).toMatchObject({
    generations: [],
    allGenerations: false,
    view: 'VIEW_ORIGINAL',
    filters: [],
  });
});

test('a subscription asks for generations and announcements', () => {
  expect(decoded('Subscribe', new SubscribeCursor(SEQUENCE, WANTED, 7).request())).toMatchObject(ON_THE_WIRE);
});

describe('an observer', () => {
  const definitionOf = (options: ObserveOptions): ObserverDefinition__Output | null => {
    const bytes = registrationOf({ store: 's', namespace: 'n', observer: 'o' }, options);
    return messageCodec<Register__Output>('Register').decode(bytes).definition;
  };

  it('asks for them, too', () => {
    expect(definitionOf({ ...WANTED, handle: () => undefined })).toMatchObject(ON_THE_WIRE);
  });

  it('that has handlers by type asks for the announcements of these', () => {
    expect(definitionOf({ on: { a: () => undefined }, announcements: true })?.filters).toMatchObject([
      { types: ['a'], announcements: true },
    ]);
    expect(definitionOf({ on: { a: () => undefined } })?.filters).toMatchObject([
      { types: ['a'], announcements: false },
    ]);
  });
});

test('announcements are a filter of their own, beside several others in each of them', () => {
  expect(wireSelection({ announcements: true })).toMatchObject([{ types: [], announcements: true }]);
  expect(wireSelection({ filters: [{ types: ['a'] }, { tags: ['t'], announcements: true }] })).toMatchObject([
    { types: ['a'], announcements: false },
    { tags: ['t'], announcements: true },
  ]);
  expect(refusal(() => wireSelection({ filters: [], announcements: true } as never))).toEqual([
    'INVALID_FIELD',
    'filters',
  ]);
});

test.each<[unknown, string]>([
  [{ a: -1 }, 'generations[0].generation'],
  [{ a: 1, b: 1.5 }, 'generations[1].generation'],
  [{ a: 2 ** 32 }, 'generations[0].generation'],
  [{ a: '1' }, 'generations[0].generation'],
])('generations %j are refused', (generations, field) => {
  expect(refusal(() => wireGenerations({ generations: generations as never }))).toEqual(['INVALID_FIELD', field]);
});

test('a view that there is not is refused', () => {
  expect(viewName('all')).toBe('VIEW_ALL');
  expect(refusal(() => viewName('toString' as never))).toEqual(['INVALID_FIELD', 'view']);
});
