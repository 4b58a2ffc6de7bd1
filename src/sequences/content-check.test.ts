import { BSON, Decimal128, Int32, ObjectId } from 'mongodb';
import { ContentType } from '../contract/messages';
import { compileType } from '../event-types/compiled-type';
import type { EventTypeDefinition } from '../event-types/definition';
import type { TypesOfStore } from '../event-types/types-of-store';
import { AnnalsError } from '../kernel/annals-error';
import { checkContent, type GivenContent } from './content-check';

const schema = (properties: object, required: readonly string[] = []): string =>
  JSON.stringify({ type: 'object', properties, required });

/** A price that was a number of cents, then text of one, then a decimal with a currency. */
const PRICED: EventTypeDefinition = {
  type: 'priced',
  description: '',
  generations: [
    { generation: 1, schema: schema({ cents: { type: 'integer', minimum: 0 } }, ['cents']) },
    { generation: 2, schema: schema({ price: { type: 'string', maxLength: 6 } }, ['price']) },
    { generation: 3, schema: schema({ price: { type: 'string' }, currency: { const: 'EUR' } }, ['price', 'currency']) },
  ],
  migrations: [
    {
      from: 1,
      to: 2,
      steps: [
        { kind: 'convert', property: 'cents', to: 'string' },
        { kind: 'rename', from: 'cents', to: 'price' },
      ],
    },
    {
      from: 2,
      to: 1,
      steps: [
        { kind: 'convert', property: 'price', to: 'integer' },
        { kind: 'rename', from: 'price', to: 'cents' },
      ],
    },
    { from: 2, to: 3, steps: [{ kind: 'default', property: 'currency', value: '"EUR"' }] },
    { from: 3, to: 2, steps: [{ kind: 'remove', property: 'currency' }] },
  ],
};

const priced = compileType(PRICED);
const types = (strict = false): TypesOfStore => ({
  revision: 1,
  strict,
  empty: false,
  type: (name) => (name === 'priced' ? priced : undefined),
});

const given = (content: object | string, generation = 0, type = 'priced'): GivenContent => ({
  type,
  generation,
  content: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  contentType: ContentType.JSON,
});

const inBson = (content: object, generation = 0, type = 'priced'): GivenContent => ({
  type,
  generation,
  content: Buffer.from(BSON.serialize(content)),
  contentType: ContentType.BSON,
});

const shown = (one: GivenContent, field = 'events[3]') => {
  const { contents, ...rest } = checkContent(one, types(), field);
  return {
    ...rest,
    contents: contents.map(({ generation, content }) => [generation, BSON.deserialize(content)]),
  };
};

/** The error of what must be refused. */
function refused(work: () => unknown): AnnalsError {
  try {
    work();
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('content of a registered type', () => {
  it.each([
    [1, { cents: 1200 }],
    [2, { price: '1200' }],
    [3, { price: '1200', currency: 'EUR' }],
  ])('that is written in generation %i is there in all of them', (generation, content) => {
    expect(shown(given(content, generation))).toEqual({
      generation,
      violations: [],
      contents: [
        [1, { cents: 1200 }],
        [2, { price: '1200' }],
        [3, { price: '1200', currency: 'EUR' }],
      ],
    });
  });

  it('is of the latest generation when none is named', () => {
    expect(shown(given({ price: '7', currency: 'EUR' }))).toMatchObject({ generation: 3, violations: [] });
  });

  it('keeps the bytes that it was written as', () => {
    const text = '{"price":"7","10":1,"2":2,"currency":"EUR"}';
    const { contents } = checkContent(given(text, 3), types(), '');
    const written = contents.find(({ generation }) => generation === 3)?.content ?? Buffer.alloc(0);
    expect(
      [...BSON.onDemand.parseToElements(written)].map(([, at, length]) => written.toString('utf8', at, at + length)),
    ).toEqual(['price', '10', '2', 'currency']);
  });

  it('is held against its schema, every fault at its place in the call', () => {
    expect(shown(given({ price: 7 }, 3))).toMatchObject({
      generation: 3,
      contents: [[3, { price: 7 }]],
      violations: expect.arrayContaining([
        expect.objectContaining({
          code: 'SCHEMA_VIOLATION',
          field: 'events[3].content.price',
          metadata: { type: 'priced', generation: '3' },
        }),
        expect.objectContaining({ code: 'SCHEMA_VIOLATION', message: expect.stringContaining('currency') }),
      ]),
    });
  });

  it('is held against the schemas of what it is cast to, and the violation says so', () => {
    expect(shown(given({ cents: 10_000_000 }, 1), '')).toMatchObject({
      generation: 1,
      contents: [[1, { cents: 10_000_000 }]],
      violations: [
        {
          code: 'SCHEMA_VIOLATION',
          field: 'content.price',
          message: expect.stringMatching(/cast from generation 1 to 2/),
          metadata: { type: 'priced', generation: '2' },
        },
      ],
    });
  });

  it('that cannot be cast is refused with the step at which it ends', () => {
    expect(shown(given({ price: 'a lot', currency: 'EUR' }, 3))).toMatchObject({
      contents: [[3, { price: 'a lot', currency: 'EUR' }]],
      violations: [
        { code: 'MIGRATION_FAILED', field: 'events[3].content', metadata: { type: 'priced', from: '2', to: '1' } },
      ],
    });
  });

  it('that comes as BSON is held against the schema as a reader of JSON sees it', () => {
    expect(shown(inBson({ cents: new Int32(5) }, 1)).violations).toEqual([]);
    const id = new ObjectId();
    expect(
      shown(inBson({ price: '5', currency: 'EUR', by: id, exact: Decimal128.fromString('1.0') }, 3)),
    ).toMatchObject({
      violations: [],
      contents: [
        [1, { by: id }],
        [2, {}],
        [3, { by: id, exact: Decimal128.fromString('1.0') }],
      ],
    });
    expect(shown(inBson({ price: id, currency: 'EUR' }, 3)).violations).toMatchObject([
      { code: 'SCHEMA_VIOLATION', field: 'events[3].content.price' },
    ]);
  });

  it('of a generation that it has not is no violation but a wrong call', () => {
    expect(refused(() => checkContent(given({}, 4), types(), 'events[0]'))).toMatchObject({
      code: 'UNKNOWN_GENERATION',
      field: 'events[0].generation',
      metadata: { type: 'priced', limit: '3', actual: '4' },
    });
  });
});

describe('content of a type that is not registered', () => {
  it('is of generation 1 and anything', () => {
    expect(shown(given({ any: 1 }, 0, 'free'))).toEqual({
      generation: 1,
      violations: [],
      contents: [[1, { any: 1 }]],
    });
    expect(refused(() => checkContent(given({}, 2, 'free'), types(), ''))).toMatchObject({
      code: 'UNKNOWN_GENERATION',
      field: 'generation',
    });
  });

  it('is refused by a store that takes registered types alone, as data', () => {
    expect(checkContent(given({ any: 1 }, 0, 'free'), types(true), 'events[1]').violations).toMatchObject([
      { code: 'UNREGISTERED_TYPE', field: 'events[1].type', metadata: { type: 'free' } },
    ]);
  });
});

it.each<[string, Partial<GivenContent>, string]>([
  ['nothing', { content: Buffer.alloc(0) }, 'INVALID_CONTENT'],
  ['no object', { content: Buffer.from('[1]') }, 'INVALID_CONTENT'],
  ['no JSON', { content: Buffer.from('{') }, 'INVALID_CONTENT'],
  ['no BSON', { content: Buffer.from('{}'), contentType: ContentType.BSON }, 'INVALID_CONTENT'],
])('%s is no content, before any schema is asked', (_, change, code) => {
  for (const type of ['priced', 'free']) {
    const error = refused(() => checkContent({ ...given({}, 0, type), ...change }, types(true), 'events[2]'));
    expect(error).toMatchObject({ code, field: 'events[2].content' });
  }
});
