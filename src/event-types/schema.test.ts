/** Content held against a schema: what is told, and that no schema and no content can hurt. */
import { Ajv2020 } from 'ajv/dist/2020';
import fc from 'fast-check';
import { anyContent, asObject } from '../kernel/content/arbitrary-content.testing';
import { anySchema, anyValue } from './arbitrary-schema.testing';
import { compilePattern } from './patterns';
import { CompiledSchema, schemaOf } from './schema';
import { InvalidSchema } from './schema-text';
import type { SchemaFault } from './types-of-store';
import { beginValidation, stepsTaken, TooCostly, UNBOUNDED } from './validation-budget';

const faults = (schema: unknown, value: unknown): readonly SchemaFault[] =>
  new CompiledSchema(JSON.stringify(schema)).validate(value);

/** A schema of one property. */
const of = (a: unknown): object => ({ properties: { a } });

/** Why a schema cannot be used; undefined when it can. */
function problem(schema: unknown): string | undefined {
  try {
    new CompiledSchema(typeof schema === 'string' ? schema : JSON.stringify(schema)).compile();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidSchema) return error.message;
    throw error;
  }
}

const TOO_COSTLY = [{ path: '', message: 'is too costly to check against its schema' }];

describe('a fault says where and what would be right', () => {
  it.each<[object | boolean, unknown, string, string]>([
    [{ type: 'string' }, 1, '.a', 'must be string'],
    [{ type: ['string', 'null'] }, 1, '.a', 'must be string or null'],
    [{ enum: ['x', 1] }, 'y', '.a', 'must be one of "x", 1'],
    [
      { enum: Array.from({ length: 14 }, (_, i) => i) },
      'y',
      '.a',
      'must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more',
    ],
    [{ const: 'x' }, 'y', '.a', 'must be "x"'],
    [{ required: ['b'] }, {}, '.a', 'must have the property "b"'],
    [{ additionalProperties: false }, { b: 1 }, '.a', 'must not have the property "b"'],
    [{ unevaluatedProperties: false }, { b: 1 }, '.a', 'must not have the property "b"'],
    [{ minimum: 3 }, 2, '.a', 'must be >= 3'],
    [{ exclusiveMaximum: 3 }, 3, '.a', 'must be < 3'],
    [{ multipleOf: 2 }, 3, '.a', 'must be a multiple of 2'],
    [{ minLength: 2 }, 'x', '.a', 'must have at least 2 characters'],
    [{ maxItems: 1 }, [1, 2], '.a', 'must have at most 1 elements'],
    [
      { uniqueItems: true },
      [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
      '.a',
      'must not have the same element twice',
    ],
    [{ pattern: '^x+$' }, 'y', '.a', 'must match the pattern "^x+$"'],
    [{ format: 'date-time' }, '2020', '.a', 'must have the format "date-time"'],
    [{ items: { properties: { b: { type: 'string' } } } }, [{}, { b: 1 }], '.a[1].b', 'must be string'],
    [{ properties: { 'odd key': { type: 'string' } } }, { 'odd key': 1 }, '.a["odd key"]', 'must be string'],
    [{ properties: { 'a/b~c': { type: 'string' } } }, { 'a/b~c': 1 }, '.a["a/b~c"]', 'must be string'],
    [{ properties: { 0: { type: 'string' } } }, { 0: 1 }, '.a["0"]', 'must be string'],
    [false, 1, '.a', 'must not be there'],
    [{ not: { type: 'number' } }, 1, '.a', 'must not be what it is'],
    [
      { contains: { type: 'string' }, minContains: 2 },
      ['x'],
      '.a',
      'must have at least 2 elements of the kind that is asked for',
    ],
    [{ dependentRequired: { b: ['c'] } }, { b: 1 }, '.a', 'must have the property "c", since it has "b"'],
    [{ propertyNames: { maxLength: 1 } }, { bb: 1 }, '.a', 'must not have a property named "bb"'],
  ])('%j for %j', (schema, value, path, message) => {
    expect(faults(of(schema), { a: value })).toContainEqual({ path, message });
  });

  it('and all of them are told, up to twenty', () => {
    const schema = { items: { type: 'string' }, minItems: 200 };
    expect(faults(of(schema), { a: [1, 'x', 2] })).toEqual([
      { path: '.a', message: 'must have at least 200 elements' },
      { path: '.a[0]', message: 'must be string' },
      { path: '.a[2]', message: 'must be string' },
    ]);
    expect(faults(of(schema), { a: Array.from({ length: 100_000 }, () => 1) })).toHaveLength(20);
  });

  it('no alternative fails content that another one takes, however many faults it has there', () => {
    const schema = { anyOf: [{ items: { type: 'string' } }, { items: { type: 'number' } }] };
    expect(faults(of(schema), { a: Array.from({ length: 10_000 }, () => 1) })).toEqual([]);
    expect(faults(of(schema), { a: [...Array.from({ length: 10_000 }, () => 1), null] }).length).toBeGreaterThan(0);
  });
});

describe('dialects', () => {
  const tuple = { items: [{ type: 'string' }], additionalItems: false };
  it('2020-12 unless draft-07 is named', () => {
    expect(faults(of({ prefixItems: [{ type: 'string' }], items: false }), { a: ['x', 1] })).toHaveLength(1);
    expect(problem(of(tuple))).toMatch(/is no JSON Schema of 2020-12: \$\.properties\.a\.items/);
    const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#', ...of(tuple) };
    expect(faults(draft07, { a: ['x', 1] })).toHaveLength(1);
    expect(problem({ $schema: 'http://json-schema.org/draft-04/schema#' })).toMatch(
      /use JSON Schema 2020-12 or draft-07/,
    );
  });

  it('no elements contain nothing, in both dialects', () => {
    expect(faults(of({ prefixItems: [false], contains: {} }), { a: [] })).toHaveLength(1);
    const draft07 = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      ...of({ items: [{}], contains: { type: 'string' } }),
    };
    expect(faults(draft07, { a: [] })).toHaveLength(1);
    expect(faults(draft07, { a: ['x'] })).toEqual([]);
  });

  it('true and false are schemas', () => {
    expect(faults(true, {})).toEqual([]);
    expect(faults(false, {})).toHaveLength(1);
  });

  it('unknown keywords and formats are passed over', () => {
    expect(faults(of({ 'x-unit': 'm', format: 'colour', tsType: 'T' }), { a: 'x' })).toEqual([]);
  });

  it('an id of the whole may be referred to', () => {
    const schema = {
      $id: 'https://example.org/a',
      $ref: 'https://example.org/a#/$defs/x',
      $defs: { x: { type: 'array' } },
    };
    expect(faults(schema, {})).toEqual([{ path: '', message: 'must be array' }]);
    // The same id again is another schema.
    expect(faults({ ...schema, $defs: { x: { type: 'object' } } }, {})).toEqual([]);
  });
});

describe('names that every object has are looked for in the content alone', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('%s', (name) => {
    expect(faults({ required: [name] }, {})).toHaveLength(1);
    expect(faults({ required: [name] }, JSON.parse(`{"${name}":1}`))).toEqual([]);
    expect(faults({ additionalProperties: false }, JSON.parse(`{"${name}":1}`))).toHaveLength(1);
  });

  it('and are properties like others', () => {
    const schema = { properties: { constructor: { type: 'string' } }, additionalProperties: false };
    expect(faults(schema, {})).toEqual([]);
    expect(faults(schema, { constructor: 'x' })).toEqual([]);
    expect(faults(schema, { constructor: 1 })).toHaveLength(1);
  });
});

describe('a schema that cannot be used is refused', () => {
  const chain = (length: number, link: (next: object) => object): object => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length }, (_, i) => [`d${i}`, i === length - 1 ? {} : link({ $ref: `#/$defs/d${i + 1}` })]),
    ),
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /is not JSON/],
    ['null', null, /neither an object nor true or false/],
    ['a reference to another document', { $ref: 'other.json#/a' }, /refers to "other.json#\/a", outside itself/],
    ['a reference to nothing', of({ $ref: '#/$defs/x' }), /refers to "#\/\$defs\/x", which is not there/],
    ['a reference to what objects inherit', { $ref: '#/constructor' }, /which is not there/],
    ['a reference to what is no schema', { $ref: '#/type', type: 'object' }, /which is no schema/],
    ['a reference by anchor', { $ref: '#x' }, /refers to the anchor "#x"/],
    ['a dynamic reference', { $dynamicRef: '#x' }, /has \$dynamicRef, which is not supported/],
    ['an id inside', of({ $id: 'https://example.org/b' }), /has \$id inside/],
    ['asynchrony', { $async: true }, /has \$async, which is not supported/],
    ['our own keyword', { annalsCost: 0 }, /has annalsCost, which is not supported/],
    ['itself about itself', { $ref: '#' }, /refers to itself about the same value, which has no end/],
    [
      'a circle about one value',
      { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } } },
      /has no end/,
    ],
    [
      'a long way about one value',
      chain(200, (next) => ({ allOf: [next] })),
      /has over 100 schemas that refer to each other about one value/,
    ],
    [
      'a long way of properties',
      chain(9_000, (next) => ({ properties: { a: next } })),
      /has over|consists of over|too large or too deep/,
    ],
    [
      'many schemas',
      { $defs: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, {}])) },
      /consists of over 10000 schemas/,
    ],
    [
      'many properties of one object',
      { properties: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [i, {}])) },
      /has 1001 schemas in one "properties"; the limit is 1000/,
    ],
    ['deep nesting', `${'{"not":'.repeat(5_000)}{}${'}'.repeat(5_000)}`, /is nested over 100 levels deep/],
  ])('with %s', (_, schema, message) => expect(problem(schema)).toMatch(message));

  it('but one that refers to itself about what is inside may be', () => {
    const tree = { properties: { children: { items: { $ref: '#' } }, name: { type: 'string' } } };
    expect(faults(tree, { children: [{ children: [{ name: 1 }] }] })).toEqual([
      { path: '.children[0].children[0].name', message: 'must be string' },
    ]);
  });
});

describe('patterns', () => {
  it('are those of RE2, whose matching takes time in proportion to the text', () => {
    // In JavaScript's own engine the first takes 2^n steps; here none of RE2's words for going back is even known.
    expect(faults(of({ pattern: '^(a+)+$' }), { a: `${'a'.repeat(50_000)}!` })).toHaveLength(1);
    expect(
      faults({ patternProperties: { '^(a|aa)+$': { type: 'string' } } }, { [`${'a'.repeat(50_000)}!`]: 1 }),
    ).toEqual([]);
    expect(problem(of({ pattern: '(a)\\1' }))).toMatch(
      /the pattern "\(a\)\\\\1", which cannot be used: .*invalid escape sequence/,
    );
    expect(problem(of({ pattern: '(?=a)b' }))).toMatch(/which cannot be used: .*invalid or unsupported Perl syntax/);
    expect(problem({ patternProperties: { '(': {} } })).toMatch(
      /the pattern "\(", which cannot be used: .*missing closing/,
    );
  });

  it('are refused when they are large, or would become so', () => {
    expect(problem(of({ pattern: 'a'.repeat(2_001) }))).toMatch(/it has 2001 characters; the limit is 2000/);
    expect(problem(of({ pattern: '(((a{1,100}){1,100}){1,100}){1,100}' }))).toMatch(/which cannot be used/);
    expect(problem(of({ pattern: '(a{900}b{900}c{900}d{900}e{900}f{900})' }))).toMatch(/it is too large/);
  });

  it('cost steps in proportion to text and pattern', () => {
    const steps = (pattern: string, length: number): number => {
      beginValidation(UNBOUNDED);
      compilePattern(pattern).test('x'.repeat(length));
      return stepsTaken(UNBOUNDED);
    };
    expect(steps('(a+)+$', 2_000)).toBeLessThanOrEqual(2 * steps('(a+)+$', 1_000));
    expect(steps('a{100}$', 1_000)).toBeGreaterThan(10 * steps('a$', 1_000));
  });

  it('are bounded by the budget of a validation', () => {
    expect(faults(of({ pattern: 'x{0,100}y{0,100}z{0,100}$' }), { a: 'xyz'.repeat(300_000) })).toEqual(TOO_COSTLY);
  });
});

describe('a validation gives up when it has cost too much', () => {
  /** Each of the definitions refers twice to the next: 2^length steps. */
  const laughs = (length: number, keyword: string): object => ({
    $ref: '#/$defs/d0',
    $defs: {
      ...Object.fromEntries(
        Array.from({ length }, (_, i) => {
          const next = { $ref: `#/$defs/d${i + 1}` };
          return [`d${i}`, { [keyword]: [next, next] }];
        }),
      ),
      [`d${length}`]: { type: keyword === 'allOf' ? 'object' : 'string' },
    },
  });

  it.each(['allOf', 'anyOf', 'oneOf'])('a billion laughs by %s', (keyword) => {
    expect(faults(laughs(40, keyword), {})).toEqual(TOO_COSTLY);
  });

  it('laughs through properties of the content', () => {
    const next = { $ref: '#' };
    const schema = { properties: { a: { allOf: Array.from({ length: 8 }, () => next) } } };
    const deep = Array.from({ length: 60 }).reduce((inner: object) => ({ a: inner }), {});
    expect(faults(schema, deep)).toEqual(TOO_COSTLY);
  });

  it('a long enumeration for many elements', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => `v${i}`);
    expect(faults(of({ items: { enum: values } }), { a: Array.from({ length: 10_000 }, () => 'v19999') })).toEqual(
      TOO_COSTLY,
    );
  });

  it('many alternatives for many elements', () => {
    const alternatives = Array.from({ length: 500 }, (_, i) => ({ properties: { k: { const: i } } }));
    const elements = Array.from({ length: 5_000 }, () => ({ k: 499 }));
    expect(faults(of({ items: { anyOf: alternatives } }), { a: elements })).toEqual(TOO_COSTLY);
  });

  it('but different elements are told from each other in one go', () => {
    const elements = Array.from({ length: 20_000 }, (_, i) => ({ i, o: { i } }));
    expect(faults(of({ uniqueItems: true }), { a: elements })).toEqual([]);
    expect(faults(of({ uniqueItems: true }), { a: [...elements, { o: { i: 0 }, i: 0 }] })).toHaveLength(1);
  });

  it('a megabyte of ordinary content costs a part of the budget', () => {
    const schema = of({
      items: { properties: { id: { type: 'integer' }, name: { type: 'string', maxLength: 40 } }, required: ['id'] },
    });
    expect(faults(schema, { a: Array.from({ length: 20_000 }, (_, id) => ({ id, name: `name ${id}` })) })).toEqual([]);
    expect(stepsTaken()).toBeLessThan(400_000);
  });

  it('the budget is one for each validation', () => {
    beginValidation(10);
    expect(() => compilePattern('a').test('b'.repeat(1_000))).toThrow(TooCostly);
    expect(faults(of({ pattern: 'b' }), { a: 'b'.repeat(1_000) })).toEqual([]);
  });
});

it('the verdict is that of Ajv by itself, for any schema and content', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, ownProperties: true, logger: false });
  fc.assert(
    fc.property(anySchema, fc.array(anyValue, { minLength: 20, maxLength: 20 }), (schema, values) => {
      const plain = ajv.compile(schema as object | boolean);
      const here = new CompiledSchema(JSON.stringify(schema));
      for (const value of values) expect({ value, fits: here.fits(value) }).toEqual({ value, fits: plain(value) });
    }),
    { numRuns: 300 },
  );
});

it('no content makes a validation throw', () => {
  const schemas = [
    { additionalProperties: { $ref: '#' }, propertyNames: { maxLength: 3 }, minProperties: 1 },
    {
      anyOf: [{ required: ['a'] }, { additionalProperties: { type: ['string', 'array'] } }],
      not: { required: ['toString'] },
    },
    { unevaluatedProperties: { items: { uniqueItems: true, format: 'uri' } }, properties: { '': true } },
    { patternProperties: { '^.?$': { type: 'string', pattern: '^\\w+$' } }, maxProperties: 4 },
  ].map((schema) => schemaOf(JSON.stringify(schema)));
  fc.assert(
    fc.property(anyContent, fc.constantFrom(...schemas), (content, schema) => {
      const value: unknown = JSON.parse(
        JSON.stringify(asObject(content), (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)),
      );
      const found = schema.validate(value);
      expect(schema.fits(value)).toBe(found.length === 0);
    }),
  );
});
