import { afterFailure, retryPause, type FailedAttempt } from './backoff';
import { OBSERVATION } from './tuning';

const now = new Date(1_000_000);
const attempt = (over: Partial<FailedAttempt> = {}): FailedAttempt => ({
  number: 7,
  message: 'broken',
  stack: 'at',
  permanent: false,
  ...over,
});
const pauses = (record: { readonly nextRetry: Date | undefined }) =>
  record.nextRetry === undefined ? undefined : record.nextRetry.getTime() - now.getTime();

test('pauses double from one second to ten minutes', () => {
  expect([1, 2, 3, 4].map(retryPause)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(retryPause(10)).toBe(512_000);
  expect([11, 50, 2_000].map(retryPause)).toEqual([600_000, 600_000, 600_000]);
});

test('the first failure holds the partition and is tried again after a second', () => {
  const record = afterFailure('p', undefined, attempt(), now);
  expect(record).toMatchObject({ partition: 'p', heldFrom: 7, attemptCount: 1, attempts: [{ number: 7, at: now }] });
  expect(pauses(record)).toBe(1_000);
});

test('the same event counts on until it is quarantined; another one counts anew', () => {
  let record = afterFailure('p', undefined, attempt(), now);
  for (let count = 2; count < OBSERVATION.maxAttempts; count++) {
    record = afterFailure('p', record, attempt(), now);
    expect([record.attemptCount, pauses(record)]).toEqual([count, retryPause(count)]);
  }
  const other = afterFailure('p', record, attempt({ number: 9 }), now);
  expect(other).toMatchObject({ heldFrom: 9, attemptCount: 1, attempts: [{ number: 9 }] });
  record = afterFailure('p', record, attempt(), now);
  expect(record).toMatchObject({ attemptCount: OBSERVATION.maxAttempts, nextRetry: undefined });
});

test('an attempt that says that trying again does not help quarantines at once', () => {
  expect(afterFailure('p', undefined, attempt({ permanent: true }), now)).toMatchObject({
    attemptCount: 1,
    nextRetry: undefined,
  });
});

test('only the last attempts are kept, and no more of a text than can be read', () => {
  let record = afterFailure('p', undefined, attempt({ message: 'm'.repeat(100_000), stack: 's'.repeat(100_000) }), now);
  expect(record.attempts[0]?.message).toHaveLength(OBSERVATION.failureTextLength);
  expect(record.attempts[0]?.stack).toHaveLength(OBSERVATION.failureTextLength);
  for (let i = 0; i < 20; i++) record = afterFailure('p', record, attempt({ message: `${i}` }), now);
  expect(record.attempts).toHaveLength(OBSERVATION.keptAttempts);
  expect(record.attempts.at(-1)?.message).toBe('19');
  expect(record.attemptCount).toBe(21);
});
