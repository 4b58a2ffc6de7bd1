import fc from 'fast-check';
import { deserialize, serialize } from 'bson';
import { json } from '../../../observers/ordered-sequences/sequence-state.testing';
import { fromStored, storedKey, toStored } from './stored-keys';

it('any JSON comes back from the database as it was', () => {
  fc.assert(
    fc.property(json, (value) => {
      const read = deserialize(serialize({ value: toStored(value) })) as { value: typeof value };
      expect(fromStored(read.value)).toStrictEqual(value);
    }),
    { numRuns: 300 },
  );
});

it('two keys are never stored as one, and none has a meaning of its own in a path', () => {
  const key = fc.string({ unit: fc.constantFrom('$', '.', '％', '2', '5', 'E', '\0', 'a', '_') });
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(storedKey(a) === storedKey(b)).toBe(a === b);
      expect(storedKey(a)).toMatch(/^[^$.\0][^.\0]*$/);
    }),
  );
});
