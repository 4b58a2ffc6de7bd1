import { compare, type Ends } from './compare';

const filter = (...types: string[]) => ({ types, eventSourceIds: [], tags: [], correlationId: undefined });
const ends = (over: Partial<Ends['definition']>, target: Record<string, number>, strict = false): Ends => ({
  definition: { filters: [], generations: [], mask: [], ...over },
  source: [
    { type: 'a', latestGeneration: 2 },
    { type: 'b', latestGeneration: 1 },
  ],
  target: { strict, latest: (type) => target[type] },
});

it('finds nothing to say of ends that fit', () => {
  expect(compare(ends({}, { a: 2, b: 1 }, true))).toEqual({ warnings: [], impossible: undefined });
});

it('says which events a strict target will hold', () => {
  const { warnings, impossible } = compare(ends({}, { a: 2 }, true));
  expect(warnings).toEqual([expect.stringMatching(/^b is not registered at the target, .* held$/)]);
  expect(impossible).toBeUndefined();
});

it('says which generations the target does not know', () => {
  expect(compare(ends({}, { a: 1, b: 1 })).warnings).toEqual([
    expect.stringMatching(/^a has 2 generations at the source/),
  ]);
});

it('says which types of the filter the source does not have', () => {
  expect(compare(ends({ filters: [filter('a', 'c')] }, { a: 2, c: 1 })).warnings).toEqual([
    expect.stringMatching(/^c is not registered at the source/),
  ]);
});

it('refuses a link of which a strict target knows no type', () => {
  expect(compare(ends({ filters: [filter('b')] }, { a: 2 }, true)).impossible).toMatch(/registered types alone/);
});

it('refuses a generation that the target cannot read', () => {
  const generations = [{ type: 'a', generation: 2 }];
  expect(compare(ends({ generations }, { a: 1 })).impossible).toMatch(/generation 2 alone/);
  expect(compare(ends({ generations }, { a: 2, b: 1 })).impossible).toBeUndefined();
});
