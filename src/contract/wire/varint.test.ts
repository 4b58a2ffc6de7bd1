import fc from 'fast-check';
import { signedVarintLength, varintLength, writeSignedVarint, writeVarint } from './varint';
import { ProtoReader } from './proto-reader';

const buffer = Buffer.alloc(16);
const edges = [7, 14, 21, 28, 31, 32, 35, 42, 49].flatMap((bits) => [2 ** bits - 1, 2 ** bits]);
const numbers = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(0, ...edges, Number.MAX_SAFE_INTEGER));

test('a number takes as many bytes as are said, and is read back', () => {
  fc.assert(
    fc.property(numbers, (n) => {
      const end = writeVarint(buffer, 0, n);
      expect(end).toBe(varintLength(n));
      expect(new ProtoReader(buffer.subarray(0, end)).uint64('n')).toBe(n);
    }),
  );
});

test('so does a number of either sign, as an int64', () => {
  fc.assert(
    fc.property(numbers, fc.boolean(), (magnitude, negative) => {
      const n = negative && magnitude > 0 ? -magnitude : magnitude;
      const end = writeSignedVarint(buffer, 0, n);
      expect(end).toBe(signedVarintLength(n));
      expect(new ProtoReader(buffer.subarray(0, end)).int64()).toBe(n);
    }),
  );
});
