/** What may be registered, and what each definition that may not be is told. */
import { AnnalsError } from '../kernel/annals-error';
import { checkDefinition } from './check-definition';
import type { EventTypeDefinition, GenerationDefinition, Migration } from './definition';

const generations = (count: number): GenerationDefinition[] =>
  Array.from({ length: count }, (_, i) => ({ generation: i + 1, schema: '{"type":"object"}' }));

const migrations = (...pairs: readonly (readonly [number, number])[]): Migration[] =>
  pairs.map(([from, to]) => ({ from, to, steps: [] }));

const valid: EventTypeDefinition = {
  type: 'a',
  description: '',
  generations: generations(3),
  migrations: migrations([1, 2], [2, 1], [3, 2], [2, 3]),
};

/** The code, field and message of what a definition is refused for. */
function refusal(change: Partial<EventTypeDefinition>): unknown {
  try {
    checkDefinition({ ...valid, ...change }, 'types[0]');
    return 'accepted';
  } catch (error) {
    if (!(error instanceof AnnalsError)) throw error;
    return [error.code, error.field, error.message];
  }
}

it('generations from 1 without a gap, with migrations each way between neighbours, may be registered', () => {
  expect(refusal({})).toBe('accepted');
  expect(refusal({ generations: generations(1), migrations: [] })).toBe('accepted');
  expect(refusal({ type: 'a'.repeat(200) })).toBe('accepted');
  expect(refusal({ type: '𝄞'.repeat(200) })).toBe('accepted');
});

it.each<[string, Partial<EventTypeDefinition>, string, string]>([
  ['no name', { type: '' }, 'types[0].type', 'is empty; a type has a name'],
  ['a long name', { type: 'a'.repeat(201) }, 'types[0].type', 'has 201 characters; the limit is 200'],
  ["the server's own name", { type: '$a' }, 'types[0].type', "starts with $, as the server's own types do"],
  ['a NUL', { type: 'a\0' }, 'types[0].type', 'has a NUL character'],
  [
    'a long description',
    { description: 'a'.repeat(10_001) },
    'types[0].description',
    'has 10001 characters; the limit is 10000',
  ],
  [
    'no generation',
    { generations: [], migrations: [] },
    'types[0].generations',
    'is empty; a type has at least generation 1',
  ],
  [
    'too many generations',
    { generations: generations(33) },
    'types[0].generations',
    'has 33 generations; the limit is 32',
  ],
  [
    'a gap',
    { generations: generations(3).filter(({ generation }) => generation !== 2) },
    'types[0].generations[1].generation',
    'is 3 where 2 is expected: they count from 1 without a gap',
  ],
  [
    'generation 0',
    { generations: [{ generation: 0, schema: '{}' }] },
    'types[0].generations[0].generation',
    'is 0 where 1 is expected: they count from 1 without a gap',
  ],
])('%s is refused', (_, change, field, message) => {
  expect(refusal(change)).toEqual(['INVALID_EVENT_TYPE', field, `${field} ${message}`]);
});

it.each<[string, Migration[], string, string]>([
  ['one that is missing', migrations([1, 2], [2, 1], [2, 3]), '', ' has none from generation 3 to 2'],
  [
    'one in a circle',
    migrations([1, 2], [2, 1], [2, 3], [3, 1]),
    '[3]',
    ' leads from generation 3 to 1; a migration leads to a neighbour',
  ],
  [
    'one to itself',
    migrations([1, 2], [2, 1], [2, 2], [3, 2]),
    '[2]',
    ' leads from generation 2 to 2; a migration leads to a neighbour',
  ],
  [
    'one twice',
    migrations([1, 2], [2, 1], [1, 2], [3, 2]),
    '[2]',
    ' leads from 1 to 2, as types[0].migrations[0] does',
  ],
  [
    'one from nowhere',
    migrations([1, 2], [2, 1], [2, 3], [4, 3]),
    '[3].from',
    ' is 4; the type has generations 1 to 3',
  ],
  ['one to nowhere', migrations([1, 2], [2, 1], [2, 3], [3, 0]), '[3].to', ' is 0; the type has generations 1 to 3'],
  [
    'many',
    migrations(...Array.from({ length: 40 }, () => [1, 2] as const)),
    '',
    ' has 40 migrations; 3 generations need 4',
  ],
  [
    'too many steps',
    [
      { from: 1, to: 2, steps: Array.from({ length: 65 }, () => ({ kind: 'remove', property: 'a' }) as const) },
      ...migrations([2, 1], [2, 3], [3, 2]),
    ],
    '[0].steps',
    ' has 65 steps; the limit is 64',
  ],
  [
    'a path that is none',
    [{ from: 1, to: 2, steps: [{ kind: 'rename', from: 'a', to: 'b..c' }] }, ...migrations([2, 1], [2, 3], [3, 2])],
    '[0].steps[0].rename.to',
    ' has an empty part',
  ],
  [
    'an expression that is none',
    [
      { from: 1, to: 2, steps: [{ kind: 'expression', property: 'a', expression: 'x' }] },
      ...migrations([2, 1], [2, 3], [3, 2]),
    ],
    '[0].steps[0].expression.expression',
    ' knows `content` alone, and not `x`',
  ],
])('of migrations %s is refused', (_, some, at, message) => {
  const field = `types[0].migrations${at}`;
  expect(refusal({ migrations: some })).toEqual(['INVALID_MIGRATION', field, `${field}${message}`]);
});

it.each([
  ['is not JSON', '{', /is not JSON/],
  ['is no schema', '{"type":"nonsense"}', /is no JSON Schema of 2020-12: \$\.type must be one of "array"/],
  ['is a list', '[]', /is neither an object nor true or false/],
  [
    'refers outward',
    '{"$ref":"https://example.org/a.json"}',
    /refers to "https:\/\/example.org\/a.json", outside itself/,
  ],
  ['is too large', JSON.stringify({ description: 'a'.repeat(600_000) }), /has 600018 bytes; the limit is 524288/],
])('a schema that %s is refused', (_, schema, message) => {
  const field = 'types[0].generations[1].schema';
  const changed = valid.generations.map((one) => (one.generation === 2 ? { ...one, schema } : one));
  expect(refusal({ generations: changed })).toEqual(['INVALID_SCHEMA', field, expect.stringMatching(message)]);
});
