/**
 * When a step that failed is tried again, and what follows when it no longer is. Attempts are counted for each step
 * alone. A part of each wait is left to chance, so that what failed together does not come back together.
 */
import type { RollbackStrategy, SequenceDocument } from '../../src/contract/sequence-document';

const MS_PER_SECOND = 1000;

/** What holds where the document says nothing. */
export const RETRY_DEFAULTS = {
  /** Seconds before the first retry: most hiccups are over by then. */
  initial_interval: 1,
  /** What each further wait is multiplied by. */
  coefficient: 2,
  /** Seconds between two attempts at most: a person who has mended something sees it go on within a minute. */
  maximum_interval: 60,
  /** The share of a wait that chance may take away. */
  jitter: 0.2,
} as const;

/** How often this step is tried again at most: its own number, otherwise the sequence's. */
export const maxRetries = (document: SequenceDocument, step: number): number =>
  document.events[step]?.processing?.max_retries ?? document.rollback_strategy.max_retries;

/**
 * When a step is tried again whose attempt `attempt` (1 for the first) has just failed, in ms since 1970; null when its
 * retries are used up. `random` gives 0 to 1.
 */
export function retryAt(
  document: SequenceDocument,
  step: number,
  attempt: number,
  now: number,
  random: () => number,
): number | null {
  if (attempt > maxRetries(document, step)) return null;
  return now + waitMs(document.rollback_strategy, attempt, random());
}

/** Ms before retry `retry` (1 for the first). Never over the longest, whatever the numbers grow to. */
function waitMs(strategy: RollbackStrategy, retry: number, chance: number): number {
  const {
    initial_interval: initial = RETRY_DEFAULTS.initial_interval,
    coefficient = RETRY_DEFAULTS.coefficient,
    maximum_interval: longest = RETRY_DEFAULTS.maximum_interval,
    jitter = RETRY_DEFAULTS.jitter,
  } = strategy;
  // No wait at all stays none: nothing times infinity is not a number.
  const grown = initial === 0 ? 0 : initial * coefficient ** (retry - 1);
  return Math.round(Math.min(longest, grown) * (1 - jitter * chance) * MS_PER_SECOND);
}

/** What follows when a required step has failed for good. */
export function afterExhausted(document: SequenceDocument): 'rollback' | 'person' | 'end' {
  const { type, on_exhausted: onExhausted = 'fail' } = document.rollback_strategy;
  const wanted = type === 'retry' ? onExhausted : type;
  if (wanted === 'compensating_events') return 'rollback';
  return wanted === 'manual' ? 'person' : 'end';
}
