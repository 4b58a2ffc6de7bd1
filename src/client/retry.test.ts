import fc from 'fast-check';
import { Backoff, backoffMs, pause } from './retry';

test('the delay doubles from 50 ms to 2 s, and half of it is chance', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
      const full = Math.min(2000, 50 * 2 ** (failures - 1));
      const delay = backoffMs(failures, () => chance);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }),
  );
});

test('success begins it anew', () => {
  const backoff = new Backoff();
  for (let i = 0; i < 20; i++) backoff.next();
  expect(backoff.next()).toBeGreaterThanOrEqual(1000);
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(50);
});

test('a pause ends at once when it is called off', async () => {
  const stop = new AbortController();
  const paused = pause(1_000_000, stop.signal);
  stop.abort();
  await expect(paused).rejects.toMatchObject({ code: 'CANCELLED' });
});
