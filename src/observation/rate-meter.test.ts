import fc from 'fast-check';
import { RateMeter } from './rate-meter';

const SECOND = 1_000;

test('tells events a second over its window, of the seconds that are over', () => {
  const meter = new RateMeter(10 * SECOND);
  for (let second = 0; second < 10; second++) meter.add(50, second * SECOND + 500);
  expect(meter.perSecond(10 * SECOND)).toBe(50);
  // The second that has just begun does not count yet.
  meter.add(1_000, 10 * SECOND);
  expect(meter.perSecond(10 * SECOND + 1)).toBe(50);
});

test('falls to nothing when nothing comes', () => {
  const meter = new RateMeter(10 * SECOND);
  meter.add(100, 0);
  expect(meter.perSecond(5 * SECOND)).toBe(10);
  expect(meter.perSecond(30 * SECOND)).toBe(0);
});

test('counts every event once, whatever their times', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9_999), fc.nat(1_000)), { maxLength: 50, size: 'max' }), (list) => {
      const meter = new RateMeter(10 * SECOND);
      for (const [at, events] of [...list].sort(([a], [b]) => a - b)) meter.add(events, at);
      expect(meter.perSecond(10 * SECOND)).toBeCloseTo(list.reduce((sum, [, events]) => sum + events, 0) / 10);
    }),
  );
});
