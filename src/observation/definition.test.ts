import type { ObserverDefinition } from '../storage/observers';
import { changesBetween, sameDefinition } from './definition';

const filter = (over: Partial<ObserverDefinition['filters'][number]> = {}) => ({
  types: [],
  eventSourceIds: [],
  tags: [],
  correlationId: undefined,
  ...over,
});
const definition = (over: Partial<ObserverDefinition> = {}): ObserverDefinition => ({
  sequence: 'event-log',
  filters: [filter({ types: ['a', 'b'] })],
  partitionBy: { kind: 'source' },
  content: 'json',
  generations: [],
  allGenerations: false,
  ...over,
});

test.each<[string, Partial<ObserverDefinition>]>([
  ['types in another order', { filters: [filter({ types: ['b', 'a'] })] }],
  ['nothing', {}],
  ['announcements that are not wanted', { filters: [filter({ types: ['a', 'b'], announcements: false })] }],
  ['a type that is left to be its latest', { generations: [{ type: 'a', generation: 0 }] }],
])('two definitions are the same with %s', (_, over) => {
  expect(sameDefinition(definition(), definition(over))).toBe(true);
});

test('filters are the same in any order', () => {
  const [one, two] = [filter({ types: ['x'] }), filter({ tags: ['y'] })];
  expect(sameDefinition(definition({ filters: [one, two] }), definition({ filters: [two, one] }))).toBe(true);
});

test.each<[string, Partial<ObserverDefinition>, string]>([
  ['a type more', { filters: [filter({ types: ['a', 'b', 'c'] })] }, 'now also c'],
  ['a type fewer', { filters: [filter({ types: ['a'] })] }, 'no longer b'],
  ['one more and one fewer', { filters: [filter({ types: ['a', 'c'] })] }, 'now also c; no longer b'],
  ['a source', { filters: [filter({ types: ['a', 'b'], eventSourceIds: ['s'] })] }, 'the filters are other ones'],
  ['a correlation id', { filters: [filter({ types: ['a', 'b'], correlationId: '' })] }, ''],
  ['a property', { partitionBy: { kind: 'property', path: 'x' } }, 'events are partitioned by another key'],
  ['one partition', { partitionBy: { kind: 'whole' } }, 'events are partitioned by another key'],
  ['content', { content: 'bson' }, 'content comes as bson'],
  ['announcements', { filters: [filter({ types: ['a', 'b'], announcements: true })] }, 'now also announcements'],
  ['a generation', { generations: [{ type: 'a', generation: 2 }] }, 'a comes in generation 2'],
  ['every generation', { allGenerations: true }, 'every generation comes too'],
])('%s makes another definition, and says so', (_, over, changes) => {
  const after = definition(over);
  expect(sameDefinition(definition(), after)).toBe(false);
  expect(changesBetween(definition(), after).changes).toContain(changes);
});

test('another key is another order; another property is another key', () => {
  const by = (path: string) => definition({ partitionBy: { kind: 'property', path } });
  expect(changesBetween(by('a'), by('b')).rekeyed).toBe(true);
  expect(changesBetween(by('a'), by('a')).rekeyed).toBe(false);
  expect(changesBetween(by('a'), definition()).rekeyed).toBe(true);
});

test('generations are the same in any order, and what is left out is said', () => {
  const wanting = (...generations: [string, number][]) =>
    definition({ generations: generations.map(([type, generation]) => ({ type, generation })) });
  expect(sameDefinition(wanting(['a', 1], ['b', 2]), wanting(['b', 2], ['a', 1]))).toBe(true);
  expect(changesBetween(wanting(['a', 1], ['b', 2]), wanting(['b', 3]))).toEqual({
    changes: 'a comes in its latest generation; b comes in generation 3',
    rekeyed: false,
  });
  expect(changesBetween(definition({ allGenerations: true }), definition()).changes).toBe(
    'every generation comes no longer',
  );
  const told = definition({ filters: [filter({ announcements: true })] });
  expect(changesBetween(told, definition({ filters: [filter()] })).changes).toBe('no longer announcements');
});
