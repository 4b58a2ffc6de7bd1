import fc from 'fast-check';
import { invoiceSequence } from '../../test/support/invoice-sequence';
import { parseDocument } from '../ordered-sequences/parse-document';
import type { RollbackStrategy, SequenceDocument, StepProcessing } from '../../src/contract/sequence-document';
import { afterExhausted, retryAt } from './retry-policy';

const NOW = Date.UTC(2026, 2, 1);
const invoice = parseDocument(Buffer.from(invoiceSequence('retry')));

function sequence(strategy: Partial<RollbackStrategy>, processing?: StepProcessing): SequenceDocument {
  return {
    ...invoice,
    events: invoice.events.map((event) => ({ ...event, ...(processing && { processing }) })),
    rollback_strategy: { ...invoice.rollback_strategy, ...strategy },
  };
}
/** Seconds until each retry, as long as there is one. */
function waits(document: SequenceDocument, chance = 0): number[] {
  const seconds: number[] = [];
  for (let attempt = 1; ; attempt++) {
    const at = retryAt(document, 0, attempt, NOW, () => chance);
    if (at === null) return seconds;
    seconds.push((at - NOW) / 1000);
  }
}

test('each wait is longer than the one before, up to the longest', () => {
  expect(waits(sequence({ max_retries: 8 }))).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  const own = { max_retries: 4, initial_interval: 0.5, coefficient: 3, maximum_interval: 10 };
  expect(waits(sequence(own))).toEqual([0.5, 1.5, 4.5, 10]);
});

test('chance takes a share away', () => {
  expect(waits(sequence({ max_retries: 2 }), 1)).toEqual([0.8, 1.6]);
  expect(waits(sequence({ max_retries: 2, jitter: 1 }), 0.5)).toEqual([0.5, 1]);
  expect(waits(sequence({ max_retries: 2, jitter: 0 }), 1)).toEqual([1, 2]);
});

test('there are as many retries as the step says, otherwise the sequence, under any strategy', () => {
  expect(waits(sequence({ max_retries: 5 }, { max_retries: 2 }))).toHaveLength(2);
  expect(waits(sequence({ max_retries: 0 }, { max_retries: 2 }))).toHaveLength(2);
  expect(waits(sequence({ type: 'compensating_events', max_retries: 3 }))).toHaveLength(3);
  expect(waits(sequence({ max_retries: 0 }))).toEqual([]);
});

test('a wait is within its bounds, whatever the numbers', () => {
  fc.assert(
    fc.property(
      fc.record({
        initial_interval: fc.double({ min: 0, max: 604_800, noNaN: true }),
        coefficient: fc.double({ min: 1, max: 100, noNaN: true }),
        maximum_interval: fc.double({ min: 0, max: 604_800, noNaN: true }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (strategy, attempt, chance) => {
        const at = retryAt(sequence({ ...strategy, max_retries: 1000 }), 0, attempt, NOW, () => chance) ?? NaN;
        const longest = Math.min(strategy.maximum_interval, strategy.initial_interval * 100 ** (attempt - 1) || 0);
        expect(Number.isInteger(at)).toBe(true);
        expect(at).toBeGreaterThanOrEqual(NOW);
        // Rounded to the next millisecond.
        expect(at - NOW).toBeLessThanOrEqual(Math.min(longest, strategy.maximum_interval) * 1000 + 1);
      },
    ),
  );
});

test.each([
  [{ type: 'compensating_events' }, 'rollback'],
  [{ type: 'manual' }, 'person'],
  [{ type: 'retry' }, 'end'],
  [{ type: 'retry', on_exhausted: 'fail' }, 'end'],
  [{ type: 'retry', on_exhausted: 'compensating_events' }, 'rollback'],
  [{ type: 'retry', on_exhausted: 'manual' }, 'person'],
] as const)('after %j comes %s', (strategy, then) => {
  expect(afterExhausted(sequence(strategy))).toBe(then);
});
