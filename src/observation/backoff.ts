/** When a failed partition is tried again: pure. */
import type { AttemptRecord, FailureRecord } from '../storage/observers';
import { OBSERVATION } from './tuning';

export interface FailedAttempt {
  readonly number: number;
  readonly message: string;
  readonly stack: string;
  /** Trying again will not help. */
  readonly permanent: boolean;
}

/** Pause after the n-th failed attempt (1, 2, …), in ms: 1 s · 2^(n−1), at most ten minutes. */
export const retryPause = (attempts: number): number =>
  Math.min(OBSERVATION.retryFirstMs * 2 ** (attempts - 1), OBSERVATION.retryLongestMs);

/** The partition's record after another failed attempt. An event that is another one than before begins to count anew. */
export function afterFailure(
  partition: string,
  before: FailureRecord | undefined,
  attempt: FailedAttempt,
  now: Date,
): FailureRecord {
  const same = before !== undefined && before.heldFrom === attempt.number;
  const attemptCount = (same ? before.attemptCount : 0) + 1;
  const record: AttemptRecord = {
    at: now,
    number: attempt.number,
    message: attempt.message.slice(0, OBSERVATION.failureTextLength),
    stack: attempt.stack.slice(0, OBSERVATION.failureTextLength),
  };
  const quarantined = attempt.permanent || attemptCount >= OBSERVATION.maxAttempts;
  return {
    partition,
    heldFrom: attempt.number,
    attemptCount,
    attempts: [...(same ? before.attempts : []), record].slice(-OBSERVATION.keptAttempts),
    nextRetry: quarantined ? undefined : new Date(now.getTime() + retryPause(attemptCount)),
  };
}
