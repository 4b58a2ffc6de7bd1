/** Content over the generations of a type. */
import { deserialize, Long, serialize } from 'bson';
import fc from 'fast-check';
import { bsonToJsonText } from '../kernel/content/bson-to-json';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { checkBson } from '../kernel/content/validate-bson';
import { LIMITS } from '../kernel/limits';
import { compileCast } from './cast';
import { checkDefinition } from './check-definition';
import type { EventTypeDefinition, MigrationStep } from './definition';

type Steps = readonly MigrationStep[];

/** A type whose generations take anything, with the migrations up and down between neighbours. */
const typeWith = (...pairs: readonly { readonly up: Steps; readonly down: Steps }[]): EventTypeDefinition => ({
  type: 'a',
  description: '',
  generations: [...pairs, undefined].map((_, i) => ({ generation: i + 1, schema: '{}' })),
  migrations: pairs.flatMap(({ up, down }, i) => [
    { from: i + 1, to: i + 2, steps: up },
    { from: i + 2, to: i + 1, steps: down },
  ]),
});

const bson = (json: string): Buffer => jsonToBson(Buffer.from(json), 'content');

/** The JSON text of cast content, or why it cannot be cast. */
function cast(definition: EventTypeDefinition, json: string, from: number, to: number): string {
  const outcome = compileCast(definition)(bson(json), from, to);
  return 'failure' in outcome ? outcome.failure : bsonToJsonText(outcome.content);
}

describe('a chain of five generations', () => {
  const customer = typeWith(
    {
      up: [{ kind: 'rename', from: 'fullName', to: 'name' }],
      down: [{ kind: 'rename', from: 'name', to: 'fullName' }],
    },
    {
      up: [{ kind: 'split', property: 'name', separator: ' ', into: ['first', 'last'] }],
      down: [{ kind: 'join', properties: ['first', 'last'], separator: ' ', into: 'name' }],
    },
    {
      up: [
        { kind: 'rename', from: 'first', to: 'name.first' },
        { kind: 'rename', from: 'last', to: 'name.last' },
        { kind: 'convert', property: 'lines[].price', to: 'number' },
      ],
      down: [
        { kind: 'convert', property: 'lines[].price', to: 'string' },
        { kind: 'rename', from: 'name.first', to: 'first' },
        { kind: 'rename', from: 'name.last', to: 'last' },
        { kind: 'remove', property: 'name' },
      ],
    },
    {
      up: [
        { kind: 'default', property: 'vip', value: 'false' },
        { kind: 'expression', property: 'count', expression: 'size(content.lines)' },
      ],
      down: [
        { kind: 'remove', property: 'count' },
        { kind: 'remove', property: 'vip' },
      ],
    },
  );
  const first = '{"lines":[{"price":"1.5"},{"price":"2"}],"fullName":"Ada King Lovelace"}';
  const last =
    '{"lines":[{"price":1.5},{"price":2}],"name":{"first":"Ada","last":"King Lovelace"},"vip":false,"count":2}';

  it('may be registered', () => expect(() => checkDefinition(customer, 'types[0]')).not.toThrow());

  it('leads from the first to the last', () => expect(cast(customer, first, 1, 5)).toBe(last));

  it('and back to where it came from', () => expect(cast(customer, last, 5, 1)).toBe(first));

  it('over each generation between', () => {
    const steps = [1, 2, 3, 4].map((generation) => (json: string) => cast(customer, json, generation, generation + 1));
    expect(steps.reduce((json, step) => step(json), first)).toBe(last);
  });

  it('to itself it is the same bytes', () => {
    const content = bson(first);
    expect(compileCast(customer)(content, 3, 3)).toEqual({ content });
  });

  it('names the generations, the step and the reason where it fails', () => {
    expect(cast(customer, '{"name":{"first":"Ada"},"lines":[{"price":{}}]}', 4, 1)).toBe(
      'generation 4 to 3, step 1 (convert): "lines[].price": an object cannot be turned into text',
    );
    expect(cast(customer, '{"fullName":"Ada"}', 1, 5)).toBe(
      'generation 4 to 5, step 2 (expression): the expression fails: field not found: lines',
    );
  });
});

it('the content that is given stays as it is', () => {
  const definition = typeWith({ up: [{ kind: 'rename', from: 'l[].a', to: 'l[].b' }], down: [] });
  const content = bson('{"l":[{"a":1}]}');
  const before = Buffer.from(content);
  compileCast(definition)(content, 1, 2);
  expect(content).toEqual(before);
});

describe('a migration that divides by zero, nests or grows without bound fails with the reason', () => {
  const expression = (text: string): Steps => [{ kind: 'expression', property: 'x', expression: text }];
  const large = JSON.stringify({ text: 'a'.repeat(700_000), l: Array.from({ length: 1_000 }, () => ({})) });
  const value = JSON.stringify('v'.repeat(10_000));

  it.each<[string, Steps, string]>([
    ['', expression('1 / 0'), 'step 1 (expression): the expression fails: int divide by zero'],
    [
      '',
      expression('content.text + content.text'),
      `step 1 (expression): the expression gives larger than the ${LIMITS.contentBytes} bytes of content`,
    ],
    ['', expression('content.text'), `step 1 (expression): the content grows to 140`],
    ['', [{ kind: 'default', property: 'l[].x', value }], 'step 1 (default): the content grows to 1'],
    [
      '',
      [{ kind: 'rename', from: 'text', to: Array.from({ length: 95 }, () => 'a').join('.') }],
      'nested over 90 levels deep',
    ],
  ])('%s%j', (_, up, reason) => expect(cast(typeWith({ up, down: [] }), large, 1, 2)).toContain(reason));

  it('content may become as deep as content may be, and no deeper', () => {
    const deeper = (keys: number): EventTypeDefinition =>
      typeWith({ up: [{ kind: 'rename', from: 'l[].a', to: `l[].${'b.'.repeat(keys)}c` }], down: [] });
    const nested = bson('{"l":[{"a":{"x":[1]}}]}');
    // The content, the array, its element, 85 or 86 objects, and then the object and the array that move.
    const outcome = compileCast(deeper(85))(nested, 1, 2);
    expect('content' in outcome && checkBson(outcome.content, 'content')).toBeUndefined();
    expect(compileCast(deeper(86))(nested, 1, 2)).toEqual({
      failure: expect.stringContaining('nested over 90 levels deep'),
    });
  });

  it('and a hundred generations of it do not get further than one', () => {
    const doubling = { up: expression('[content, content]'), down: [] };
    const failure = cast(typeWith(...Array.from({ length: 31 }, () => doubling)), large, 1, 32);
    expect(failure).toContain('generation 1 to 2, step 1 (expression)');
  });
});

describe('up and down again keeps what both generations know', () => {
  /** Names that content and steps share, so that they meet often. */
  const NAMES = ['a', 'b', 'c', 'd', '__proto__', 'constructor'];
  const name = fc.constantFrom(...NAMES);

  const leaf = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
    fc.date({ noInvalidDate: true }),
  );
  const objects = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    fc
      .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 })
      .map((entries) => Object.fromEntries(entries));
  const { content } = fc.letrec<{ value: unknown; content: unknown }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, tie('content'), fc.array(tie('content'), { maxLength: 3 })),
    content: objects(tie('value')),
  }));

  /** Steps with those that undo them. New names cannot be in the content, so that what is undone is what was done. */
  const reversible = (fresh: string): fc.Arbitrary<{ up: MigrationStep; down: MigrationStep }> => {
    const path = fc.tuple(fc.array(fc.tuple(name, fc.boolean()), { maxLength: 2 }), name);
    const paths = path.map(([way, last]) => {
      const prefix = way.map(([key, array]) => `${key}${array ? '[]' : ''}.`).join('');
      const inArray = prefix.slice(0, prefix.lastIndexOf('[]') + 2);
      return { old: prefix + last, fresh: inArray.endsWith('[]') ? `${inArray}.${fresh}` : fresh };
    });
    return fc.oneof(
      paths.map(({ old, fresh: to }) => ({
        up: { kind: 'rename', from: old, to } as const,
        down: { kind: 'rename', from: to, to: old } as const,
      })),
      paths.map(({ fresh: property }) => ({
        up: { kind: 'default', property, value: '{"x":[1,null]}' } as const,
        down: { kind: 'remove', property } as const,
      })),
      fc.constant({
        up: { kind: 'expression', property: fresh, expression: 'size(content)' } as const,
        down: { kind: 'remove', property: fresh } as const,
      }),
    );
  };
  const chain = fc
    .array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 })
    .chain((lengths) =>
      fc.tuple(
        ...lengths.map((length, i) => fc.tuple(...Array.from({ length }, (_, j) => reversible(`new${i}x${j}`)))),
      ),
    )
    .map((pairs) =>
      typeWith(
        ...pairs.map((steps) => ({
          up: steps.map(({ up }) => up),
          down: steps.map(({ down }) => down).reverse(),
        })),
      ),
    );

  /** The same whatever the order of keys: a value that moves away and back comes last. */
  const unordered = (value: Buffer): unknown => deserialize(value, { promoteValues: false });

  it('for any content and any chain of steps that can be undone', () => {
    fc.assert(
      fc.property(content, chain, (value, definition) => {
        checkDefinition(definition, 'types[0]');
        const given = Buffer.from(serialize(value as object));
        const convert = compileCast(definition);
        const latest = definition.generations.length;
        const up = convert(given, 1, latest);
        // Where something else is in the way a cast fails rather than lose it.
        if ('failure' in up) return expect(up.failure).toMatch(/is there already|leads through/);
        checkBson(up.content, 'content'); // What it makes is content, to the last byte.
        const down = convert(up.content, latest, 1);
        if ('failure' in down) return expect(down.failure).toMatch(/is there already|leads through/);
        expect(unordered(down.content)).toEqual(unordered(given));
      }),
      { numRuns: 300 },
    );
  });
});
