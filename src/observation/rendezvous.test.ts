import fc from 'fast-check';
import { rendezvous } from './rendezvous';

const ids = (count: number): { id: string }[] => Array.from({ length: count }, (_, i) => ({ id: `client-${i}` }));
const keys = Array.from({ length: 20_000 }, (_, i) => `order-${i}`);

const shares = (candidates: readonly { id: string }[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const id = rendezvous(key, candidates)?.id ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
};

test.each([2, 3, 7, 16])('spreads keys over %d candidates, each within a quarter of its share', (count) => {
  const counts = shares(ids(count));
  expect(counts.size).toBe(count);
  for (const share of counts.values()) {
    expect(share).toBeGreaterThan((0.75 * keys.length) / count);
    expect(share).toBeLessThan((1.25 * keys.length) / count);
  }
});

test('a key stays with its candidate while that is there, whoever else comes or goes, in whatever order they stand', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }),
      fc.uniqueArray(fc.string(), { maxLength: 8 }),
      (key, here, others) => {
        const all = here.map((id) => ({ id }));
        const chosen = rendezvous(key, all);
        expect(rendezvous(key, [...all].reverse())).toEqual(chosen);
        const withoutSome = all.filter((one) => one.id === chosen?.id || one.id.length % 2 === 0);
        expect(rendezvous(key, withoutSome)).toEqual(chosen);
        const more = [...all, ...others.filter((id) => !here.includes(id)).map((id) => ({ id }))];
        const then = rendezvous(key, more)?.id;
        expect(then === chosen?.id || others.includes(then ?? '')).toBe(true);
      },
    ),
  );
});

test('nobody is chosen when nobody is there', () => {
  expect(rendezvous('key', [])).toBeUndefined();
});
