import fc from 'fast-check';
import { Watermark, type Tracked } from './watermark';

/** Events in ascending order with gaps, each handled at some time, in any order. */
const runs = fc.record({
  gaps: fc.array(fc.nat(3), { maxLength: 60, size: 'max' }),
  order: fc.infiniteStream(fc.nat(1_000)),
  advanceEvery: fc.integer({ min: 1, max: 5 }),
});

test('the position is the first number that is not done, whatever the order in which they are done', () => {
  fc.assert(
    fc.property(runs, ({ gaps, order, advanceEvery }) => {
      const watermark = new Watermark<Tracked>(0);
      const open: Tracked[] = [];
      let number = -1;
      for (const gap of gaps) {
        number += 1 + gap;
        const event = { number, done: false };
        watermark.add(event);
        open.push(event);
        expect(watermark.next).toBe(number + 1);
      }
      for (let i = 0; open.length > 0; i++) {
        const [event] = open.splice((order.next().value ?? 0) % open.length, 1);
        if (event !== undefined) event.done = true;
        if (i % advanceEvery !== 0) continue;
        const before = watermark.position;
        const moved = watermark.advance();
        expect(watermark.position).toBe(open.length === 0 ? watermark.next : Math.min(...open.map((e) => e.number)));
        expect(watermark.position !== before).toBe(moved);
        expect([...watermark.open()].filter((e) => !e.done).map((e) => e.number)).toEqual(
          open.map((e) => e.number).sort((a, b) => a - b),
        );
      }
      watermark.advance();
      expect([watermark.position, watermark.size]).toEqual([watermark.next, 0]);
    }),
  );
});

test('numbers that were looked at and do not match move the position when nothing is open', () => {
  const watermark = new Watermark<Tracked>(5);
  expect(watermark.position).toBe(5);
  watermark.lookedAt(100);
  expect(watermark.position).toBe(100);
  watermark.lookedAt(50);
  expect(watermark.next).toBe(100);
  watermark.add({ number: 120, done: false });
  watermark.lookedAt(200);
  expect([watermark.position, watermark.next]).toEqual([120, 200]);
});

test('what lies below the position is forgotten, also when many thousands were handled behind one that is open', () => {
  const watermark = new Watermark<Tracked>(0);
  const events = Array.from({ length: 20_000 }, (_, number) => ({ number, done: number !== 15_000 }));
  for (const event of events) watermark.add(event);
  watermark.advance();
  expect([watermark.position, watermark.size]).toEqual([15_000, 5_000]);
  const last = events[15_000];
  if (last === undefined) throw new Error('there are 20 000');
  last.done = true;
  watermark.advance();
  expect([watermark.position, watermark.size, [...watermark.open()]]).toEqual([20_000, 0, []]);
});
