import fc from 'fast-check';
import { idHash, idHashOfBytes, NO_ID } from './id-hash';

it('is the same for the same id wherever its bytes stand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (id, before) => {
      const bytes = Buffer.concat([before, Buffer.from(id), Buffer.from('behind')]);
      const end = before.length + Buffer.byteLength(id);
      expect(idHashOfBytes(bytes, before.length, end)).toBe(idHash(id));
    }),
  );
});

it('is a safe integer that no sign spoils', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (id) => {
      expect(Number.isSafeInteger(idHash(id))).toBe(true);
      expect(idHash(id)).toBeGreaterThanOrEqual(0);
    }),
  );
});

it('is nothing for no id', () => {
  expect(idHash('')).toBe(NO_ID);
});

it('tells ids apart that differ little', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `018f0000-0000-7000-8000-${String(i).padStart(12, '0')}`);
  expect(new Set(ids.map(idHash)).size).toBe(ids.length);
});

it('stays what it is, since it is stored', () => {
  expect([idHash('order-17'), idHash('018f0000-0000-7000-8000-000000000001')]).toMatchInlineSnapshot(`
    [
      1745006901525967,
      6594989307679583,
    ]
  `);
});
