import fc from 'fast-check';
import { stretches } from './traced-events';

it('numbers are read in stretches: each once, in order, and with little between', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(500)), (numbers) => {
      const groups = stretches(numbers);
      expect(groups.flat()).toEqual(numbers.toSorted((a, b) => a - b));
      groups.forEach((group, i) => {
        const next = groups[i + 1]?.[0];
        if (next !== undefined) expect(next - (group.at(-1) ?? 0)).toBeGreaterThan(32);
        expect((group.at(-1) ?? 0) - (group[0] ?? 0)).toBeLessThanOrEqual(32 * group.length);
      });
    }),
  );
});
