/** Which changes of a registered type are taken, and which are not. */
import fc from 'fast-check';
import { anySchema, anyValue } from './arbitrary-schema.testing';
import { compareDefinitions } from './compatibility';
import type { EventTypeDefinition, MigrationStep } from './definition';
import { CompiledSchema } from './schema';
import { changesBetween } from './schema-changes';

/** `+` before a change that content which fitted fits still, `-` before another. */
const changes = (old: unknown, now: unknown): string[] =>
  changesBetween(JSON.stringify(old), JSON.stringify(now)).map(
    ({ words, compatible }) => `${compatible ? '+' : '-'} ${words}`,
  );

const closed = (properties: object, more: object = {}): object => ({
  ...{ type: 'object', properties, additionalProperties: false },
  ...more,
});

describe('a generation that there is may be widened', () => {
  it.each<[string, unknown, unknown, string[]]>([
    [
      'words about it',
      { title: 'a' },
      { title: 'b', description: 'c', 'x-unit': 'm' },
      ['+ its descriptions or definitions are new'],
    ],
    ['the order of keys', { type: 'object', title: 'a' }, { title: 'a', type: 'object' }, []],
    [
      'a new property where there were no others',
      closed({}),
      closed({ a: { type: 'string' } }),
      ['+ property "a" is new'],
    ],
    [
      'one that is no longer required',
      { required: ['a', 'b'] },
      { required: ['b'] },
      ['+ property "a" is no longer required'],
    ],
    [
      'another value',
      closed({ a: { enum: ['x'] } }),
      closed({ a: { enum: ['x', 'y'] } }),
      ['+ property "a" may also be "y"'],
    ],
    [
      'a value and then several',
      closed({ a: { const: 'x' } }),
      closed({ a: { enum: ['y', 'x'] } }),
      ['+ property "a" may also be "y"'],
    ],
    [
      'any value',
      closed({ a: { type: 'string', enum: ['x'] } }),
      closed({ a: { type: 'string' } }),
      ['+ property "a" may have other values than those listed'],
    ],
    [
      'the type of listed values',
      closed({ a: { enum: ['x', null] } }),
      closed({ a: { type: ['string', 'null'] } }),
      ['+ property "a" may have other values than those listed'],
    ],
    [
      'another type',
      closed({ a: { type: 'string' } }),
      closed({ a: { type: ['string', 'null'] } }),
      ['+ property "a" may also be null'],
    ],
    ['an integer that may be a number', { type: 'integer' }, { type: 'number' }, ['+ the content may also be number']],
    ['a longer text', { maxLength: 3 }, { maxLength: 4 }, ['+ the content has another greatest length']],
    ['a lower bound', { minimum: 3 }, { minimum: 2 }, ['+ the content has another least value']],
    [
      'a bound that is no longer exclusive',
      { exclusiveMinimum: 3 },
      { minimum: 3 },
      ['+ the content has another least value'],
    ],
    ['no bound', { maxItems: 3 }, {}, ['+ the content has another greatest number of elements']],
    ['no pattern', closed({ a: { pattern: 'x' } }), closed({ a: {} }), ['+ property "a" no longer has a pattern']],
    ['no format', closed({ a: { format: 'uri' } }), closed({ a: {} }), ['+ property "a" no longer has a format']],
    ['the same element twice', { uniqueItems: true }, {}, ['+ the content may have the same element twice']],
    ['a divisor', { multipleOf: 4 }, { multipleOf: 2 }, ['+ the content has another number that it is a multiple of']],
    ['other properties', closed({}), { type: 'object' }, ['+ the content may have more other properties']],
    [
      'other properties of a kind',
      closed({}),
      { ...closed({}), additionalProperties: { type: 'string' } },
      ['+ the content may have more other properties'],
    ],
    [
      'a property that may be anything',
      { properties: { a: { type: 'string' } } },
      {},
      ['+ property "a" may be anything'],
    ],
    [
      'inside elements',
      { items: closed({ a: { minimum: 1 } }) },
      { items: closed({ a: { minimum: 0 } }) },
      ['+ property "[].a" has another least value'],
    ],
    [
      'through references',
      { $ref: '#/$defs/x', $defs: { x: { maxLength: 1 } } },
      { $ref: '#/$defs/y', $defs: { y: { maxLength: 2 } } },
      ['+ the content has another greatest length'],
    ],
    [
      'a reference in place of what it refers to',
      closed({ a: { type: 'string' } }),
      { ...closed({ a: { $ref: '#/$defs/s' } }), $defs: { s: { type: 'string' } } },
      ['+ its descriptions or definitions are new'],
    ],
    [
      'itself about what is inside',
      { items: { $ref: '#' }, maxItems: 1 },
      { items: { $ref: '#' }, maxItems: 2 },
      ['+ the content has another greatest number of elements'],
    ],
    [
      'one more alternative',
      { anyOf: [{ type: 'string' }] },
      { anyOf: [{ type: 'null' }, { type: 'string' }] },
      ['+ the content has more alternatives'],
    ],
    [
      'an alternative to what it was',
      closed({ a: { type: 'string' } }),
      closed({ a: { anyOf: [{ type: 'string' }, { type: 'null' }] } }),
      [
        '+ property "a" may also be null or boolean or number or array or object',
        '+ property "a" has more alternatives',
      ],
    ],
    [
      'one more alternative that excludes the others',
      { oneOf: [closed({ kind: { const: 'a' } }, { required: ['kind'] })] },
      {
        oneOf: [
          closed({ kind: { const: 'a' } }, { required: ['kind'] }),
          closed({ kind: { const: 'b' } }, { required: ['kind'] }),
        ],
      },
      ['+ the content has more alternatives'],
    ],
    [
      'less that has to fit too',
      { allOf: [{ minimum: 1 }, { maximum: 5 }] },
      { allOf: [{ maximum: 5 }] },
      ['+ its descriptions or definitions are new'],
    ],
    [
      'less that must not be',
      { not: { minimum: 1 } },
      { not: { minimum: 2 } },
      ['+ its descriptions or definitions are new'],
    ],
    ['no condition', { if: { minimum: 1 }, then: { maximum: 5 } }, {}, ['+ the content no longer has "if"']],
    [
      'no elements that have to be there',
      { contains: { type: 'string' } },
      {},
      ['+ the content no longer has "contains"'],
    ],
    [
      'no pattern of names',
      { patternProperties: { '^a': { type: 'string' } } },
      {},
      ['+ the content no longer has properties named like "^a"'],
    ],
    [
      'a pattern of names where there were no others',
      closed({}),
      { ...closed({}), patternProperties: { '^a': {} } },
      ['+ the content has properties named like "^a"'],
    ],
  ])('%s', (_, old, now, expected) => expect(changes(old, now)).toEqual(expected));
});

describe('a generation that there is may not be narrowed, or changed in a way that is not understood', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['one more that is required', {}, { required: ['a'] }, ['- property "a" is required now']],
    ['fewer values', { enum: [1, 2] }, { enum: [1] }, ['- the content may no longer be 2']],
    ['listed values', {}, { enum: [1] }, ['- the content may only have the values that are listed now']],
    ['fewer types', { type: ['string', 'null'] }, { type: 'string' }, ['- the content may no longer be null']],
    ['an integer only', { type: 'number' }, { type: 'integer' }, ['- the content may no longer be number']],
    [
      'a type',
      {},
      { type: ['object', 'array', 'string', 'number', 'boolean'] },
      ['- the content may no longer be null'],
    ],
    ['a shorter text', { maxLength: 4 }, { maxLength: 3 }, ['- the content has another greatest length']],
    ['a bound that is exclusive', { minimum: 3 }, { exclusiveMinimum: 3 }, ['- the content has another least value']],
    ['another pattern', { pattern: 'a' }, { pattern: 'a|b' }, ['- the content has another pattern']],
    ['a format', {}, { format: 'uri' }, ['- the content has another format']],
    [
      'another divisor',
      { multipleOf: 2 },
      { multipleOf: 4 },
      ['- the content has another number that it is a multiple of'],
    ],
    [
      'a property where there could be anything',
      {},
      { properties: { a: { type: 'string' } } },
      ['- property "a" is new, where there could be anything before'],
    ],
    ['no property where there are no others', closed({ a: {} }), closed({}), ['- property "a" is gone']],
    ['no other properties', { type: 'object' }, closed({}), ['- the content may have fewer other properties']],
    [
      'alternatives that overlap',
      { oneOf: [{ minimum: 1 }] },
      { oneOf: [{ minimum: 1 }, { maximum: 9 }] },
      ['+ the content has more alternatives', '- the content has alternatives of which several may fit at once'],
    ],
    [
      'an alternative less',
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'string' }] },
      ['- the content has fewer alternatives'],
    ],
    [
      'more that has to fit too',
      { allOf: [{ minimum: 1 }] },
      { allOf: [{ minimum: 1 }, { maximum: 5 }] },
      ['- the content has to fit another schema too'],
    ],
    ['more that must not be', { not: { minimum: 2 } }, { not: { minimum: 1 } }, ['- the content has another "not"']],
    [
      'another condition',
      { if: { minimum: 1 }, then: { maximum: 5 } },
      { if: { minimum: 0 }, then: { maximum: 5 } },
      ['- the content has another "if"'],
    ],
    [
      'what depends on a property',
      {},
      { dependentRequired: { a: ['b'] } },
      ['- the content has another "dependentRequired"'],
    ],
    [
      'a pattern of names',
      {},
      { patternProperties: { '^a': { type: 'string' } } },
      ['- the content has properties named like "^a"'],
    ],
    [
      'a pattern of names that meets a property',
      closed({ ab: {} }),
      { ...closed({ ab: {} }), patternProperties: { '^a': { type: 'string' } } },
      ['- the content has properties named like "^a"'],
    ],
    [
      'the same reference to something else',
      { $ref: '#/$defs/x', $defs: { x: { maxLength: 2 } } },
      { $ref: '#/$defs/x', $defs: { x: { maxLength: 1 } } },
      ['- the content has another greatest length'],
    ],
    [
      'what is evaluated beside alternatives',
      { anyOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
      { anyOf: [{ properties: { a: {} } }, { minProperties: 1 }], unevaluatedProperties: false },
      [
        '+ the content has more alternatives',
        '- the content has "unevaluatedProperties", beside which other changes cannot be judged',
      ],
    ],
    ['nothing at all', {}, false, ['- the content may not be there any more']],
    [
      'another dialect',
      {},
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      ['- it is of another dialect of JSON Schema'],
    ],
    [
      'itself, narrower further down',
      { properties: { n: { $ref: '#' }, v: {} } },
      { properties: { n: { $ref: '#' }, v: { type: 'string' } } },
      ['- property "v" may no longer be null or boolean or number or array or object'],
    ],
  ])('%s', (_, old, now, expected) => expect(changes(old, now)).toEqual(expected));

  it('and of very many changes the first are told', () => {
    const properties = (type: string): object =>
      Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`p${i}`, { type }]));
    expect(
      changes({ properties: properties('string') }, { properties: properties('null') }).length,
    ).toBeLessThanOrEqual(51);
  });

  it('alternatives that refer to each other in a thousand ways are given up on', () => {
    const alternatives = (type: string): object =>
      Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [
          `d${i}`,
          {
            anyOf: Array.from({ length: 6 }, (__, j) => ({
              properties: { a: { $ref: `#/$defs/d${(i * 7 + j * 13) % 300}` }, b: { type, maximum: j } },
            })),
          },
        ]),
      );
    const schema = (type: string): object => ({ $ref: '#/$defs/d0', $defs: alternatives(type) });
    expect(changes(schema('string'), schema('null')).some((change) => change.startsWith('-'))).toBe(true);
  });
});

describe('whatever the two schemas are', () => {
  /** A keyword, somewhere in a schema, that comes, goes, or has another value. */
  const changed = (now: unknown, other: unknown, at: number): unknown => {
    if (typeof now !== 'object' || now === null || Array.isArray(now)) return other;
    const entries = Object.entries(now);
    const [key, inner] = entries[at % (entries.length || 1)] ?? [];
    if (key === undefined) return other;
    if (at % 3 === 0) return Object.fromEntries(entries.filter(([one]) => one !== key));
    if (at % 3 === 1 && typeof other === 'object' && other !== null) return { ...now, ...other };
    return key === 'not' || key === 'if' ? { ...now, [key]: changed(inner, other, at >> 2) } : { ...now, [key]: inner };
  };

  it('content that fits the old one fits the new one where the changes say so', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        anySchema,
        anySchema,
        fc.nat({ max: 1000 }),
        fc.boolean(),
        fc.array(anyValue, { minLength: 25, maxLength: 40 }),
        (old, other, at, small, values) => {
          const now = small ? changed(old, other, at) : other;
          const [before, after] = [JSON.stringify(old), JSON.stringify(now)];
          if (changesBetween(before, after).some(({ compatible }) => !compatible)) return;
          const [one, two] = [new CompiledSchema(before), new CompiledSchema(after)];
          for (const content of values) {
            if (!one.fits(content)) continue;
            compared++;
            if (!two.fits(content)) throw new Error(`${JSON.stringify(content)} fits ${before} and not ${after}`);
          }
        },
      ),
      { numRuns: 300 },
    );
    // It has to have looked at some.
    expect(compared).toBeGreaterThan(500);
  });
});

describe('definitions', () => {
  const rename: MigrationStep = { kind: 'rename', from: 'a', to: 'b' };
  const definition = (
    count: number,
    steps: readonly MigrationStep[] = [rename],
    schema = '{}',
  ): EventTypeDefinition => ({
    type: 'a',
    description: '',
    generations: Array.from({ length: count }, (_, i) => ({ generation: i + 1, schema })),
    migrations: Array.from({ length: count - 1 }, (_, i) => [
      { from: i + 1, to: i + 2, steps },
      { from: i + 2, to: i + 1, steps },
    ]).flat(),
  });
  const unchanged = { changes: [], incompatible: [] };

  it('the same again changes nothing, in whatever order its migrations are', () => {
    const again = { ...definition(3), migrations: [...definition(3).migrations].reverse() };
    expect(compareDefinitions(definition(3), again)).toEqual(unchanged);
  });

  it('a new type and a new generation are new', () => {
    expect(compareDefinitions(undefined, definition(2)).changes).toEqual([
      'generation 1 is new',
      'generation 2 is new',
    ]);
    expect(compareDefinitions(definition(2), definition(3))).toEqual({
      changes: ['generation 3 is new'],
      incompatible: [],
    });
  });

  it('a changed schema is told with its generation', () => {
    const now = definition(2, [rename], '{"type":"object"}');
    const words = 'the content may no longer be null or boolean or number or string or array';
    expect(compareDefinitions(definition(2), now).incompatible).toEqual([
      `generation 1: ${words}`,
      `generation 2: ${words}`,
    ]);
    expect(compareDefinitions(now, definition(2)).incompatible).toEqual([]);
  });

  it('another migration between generations that there are is refused', () => {
    const { incompatible } = compareDefinitions(definition(2), definition(2, []));
    expect(incompatible).toEqual([
      'the migration from generation 1 to 2 is another; register a new generation instead',
      'the migration from generation 2 to 1 is another; register a new generation instead',
    ]);
  });

  it('a program that has not been updated yet may register what it knows, and no change besides', () => {
    expect(compareDefinitions(definition(3), definition(2))).toEqual(unchanged);
    expect(compareDefinitions(definition(3), { ...definition(2), description: 'new' }).incompatible).toEqual([
      'generations 3 to 3 are registered and missing here',
    ]);
  });
});
