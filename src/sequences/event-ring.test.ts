import fc from 'fast-check';
import { EventRing } from './event-ring';
import type { LogEvent } from './log-event';

const eventOf = (number: number, bytes: number, about?: number): LogEvent => ({
  number,
  type: 't',
  eventSourceId: 's',
  tags: [],
  correlationId: 'c',
  ...(about === undefined ? {} : { announces: { kind: 'compensation', sequenceNumber: about } }),
  document: Buffer.alloc(bytes, number % 256),
});

/** Bytes of the ring in these tests: some dozens of small events. */
const BUDGET = 20_000;
/** Bytes that the ring counts for an event beside its document at most. */
const OVERHEAD = 1_000;

type Step =
  | { readonly kind: 'push'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'jump'; readonly by: number }
  | { readonly kind: 'frames'; readonly revision: number }
  | { readonly kind: 'forget'; readonly back: number }
  | { readonly kind: 'clear' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        count: fc.integer({ min: 1, max: 400 }),
        bytes: fc.oneof(fc.nat(300), fc.nat(30_000)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump' as const), by: fc.integer({ min: 2, max: 50 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('frames' as const), revision: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const), back: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
  ),
  { maxLength: 20 },
);

/** What it must hold after any step: a contiguous run up to the last event, and no wrong one. */
function check(ring: EventRing, pushed: readonly LogEvent[]): void {
  const last = pushed.at(-1);
  const { first } = ring;
  if (last === undefined) {
    expect([first, ring.bytes]).toEqual([undefined, 0]);
    return;
  }
  expect(first).toBeGreaterThanOrEqual(pushed[0]?.number ?? 0);
  for (const event of pushed) {
    const kept = ring.get(event.number);
    if (event.number < (first ?? 0)) expect(kept).toBeUndefined();
    else expect(kept).toBe(event);
  }
  expect(ring.get(last.number)).toBe(last);
  expect(ring.get(last.number + 1)).toBeUndefined();
  expect(ring.get(-1)).toBeUndefined();
}

it('the ring holds the newest events without a gap and never gives a wrong one, whatever happens to it', () => {
  fc.assert(
    fc.property(steps, (sequence: Step[]) => {
      const ring = new EventRing(BUDGET);
      // The model: what was pushed since the ring was last empty.
      let pushed: LogEvent[] = [];
      let next = 0;
      for (const step of sequence) {
        if (step.kind === 'clear') {
          ring.clear();
          pushed = [];
        } else if (step.kind === 'jump') {
          next += step.by;
        } else if (step.kind === 'frames') {
          const frame = Buffer.alloc(10, step.revision);
          for (const event of pushed) {
            const made = ring.frame(event.number, step.revision, () => frame);
            if (ring.get(event.number) !== undefined) expect(made).toEqual(frame);
          }
        } else if (step.kind === 'forget') {
          const number = next - 1 - step.back;
          if (ring.get(number) !== undefined) pushed = pushed.filter((event) => event.number > number);
          ring.forget(number);
        } else {
          for (let i = 0; i < step.count; i++) {
            const event = eventOf(next++, step.bytes);
            const last = pushed.at(-1);
            pushed = last === undefined || last.number + 1 === event.number ? [...pushed, event] : [event];
            ring.push(event);
          }
          // Within its budget, or down to the newest event alone.
          const newest = pushed.at(-1)?.document.length ?? 0;
          expect(ring.bytes).toBeLessThanOrEqual(Math.max(BUDGET, newest + OVERHEAD));
        }
        check(ring, pushed);
      }
    }),
    { numRuns: 30 },
  );
});

it('an event is turned into its wire form once, however many take it', () => {
  const ring = new EventRing(BUDGET);
  ring.push(eventOf(7, 10));
  let encoded = 0;
  const encode = (event: LogEvent): Buffer => {
    encoded++;
    return Buffer.from([event.number]);
  };
  expect([ring.frame(7, 1, encode), ring.frame(7, 1, encode)]).toEqual([Buffer.from([7]), Buffer.from([7])]);
  expect(ring.frame(8, 1, encode)).toBeUndefined();
  expect(encoded).toBe(1);
});

it('other types make another wire form, which takes the place of the one before', () => {
  const ring = new EventRing(BUDGET);
  ring.push(eventOf(7, 10));
  ring.frame(7, 1, () => Buffer.alloc(100));
  const before = ring.bytes;
  expect(ring.frame(7, 2, () => Buffer.alloc(60, 2))).toEqual(Buffer.alloc(60, 2));
  expect(ring.frame(7, 2, () => Buffer.alloc(1))).toEqual(Buffer.alloc(60, 2));
  expect(ring.bytes).toBe(before - 40);
});

it('an event whose document has changed is forgotten, with what is before it and every announcement about it', () => {
  const ring = new EventRing(BUDGET);
  for (const number of [3, 4, 5]) ring.push(eventOf(number, 10));
  ring.push(eventOf(6, 10, 4));
  for (const number of [7, 8]) ring.push(eventOf(number, 10));
  ring.forget(3);
  expect(ring.first).toBe(4);
  ring.forget(4);
  expect(ring.first).toBe(7);
  // What is not kept needs no forgetting.
  ring.forget(2);
  ring.forget(20);
  expect(ring.first).toBe(7);
  ring.forget(8);
  expect([ring.first, ring.bytes]).toEqual([undefined, 0]);
  ring.push(eventOf(9, 10));
  expect(ring.first).toBe(9);
});

it('an announcement is forgotten although the event that it is about is kept no more', () => {
  const ring = new EventRing(BUDGET);
  ring.push(eventOf(10, 10, 2));
  ring.push(eventOf(11, 10));
  ring.forget(2);
  expect(ring.first).toBe(11);
  // It is gone, and with it what was known of it.
  ring.forget(2);
  expect(ring.first).toBe(11);
});

it('wire forms count, and go with their events', () => {
  const ring = new EventRing(BUDGET);
  ring.push(eventOf(0, 100));
  const before = ring.bytes;
  ring.frame(0, 1, () => Buffer.alloc(50));
  expect(ring.bytes).toBe(before + 50);
  ring.clear();
  expect(ring.bytes).toBe(0);
  ring.push(eventOf(9, 100));
  expect(ring.bytes).toBe(before);
});

it('the newest event is kept even when it is larger than the budget', () => {
  const ring = new EventRing(BUDGET);
  ring.push(eventOf(0, 10));
  ring.push(eventOf(1, 10 * BUDGET));
  expect([ring.first, ring.get(1)?.number]).toEqual([1, 1]);
});
