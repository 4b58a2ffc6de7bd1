/** What a call's end says about the log: the difference between "no" and "I don't know" is all that matters here. */
import { AppendRefusedError, type AppendResult } from '../../src/client';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { ErrorCode } from '../../src/kernel/error-registry';
import type { Outcome } from '../history/history';

/** Codes that promise that nothing of the call was recorded, now or later. Any other failure leaves it open. */
const NOTHING_RECORDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'OVERLOADED',
  'DISK_FULL',
  'DATABASE_UNAVAILABLE',
  'SHUTTING_DOWN',
]);

/** Failures that may happen to a correct call under fire. Any other one is the product's fault, or the harness's. */
const TO_BE_EXPECTED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...NOTHING_RECORDED,
  'OUTCOME_UNKNOWN',
  'SERVER_UNREACHABLE',
]);

export async function outcomeOf(append: Promise<AppendResult>): Promise<Outcome> {
  try {
    const { firstSequenceNumber: first, lastSequenceNumber: last, duplicate } = await append;
    return { is: 'appended', first, last, duplicate };
  } catch (error) {
    if (error instanceof AppendRefusedError) return { is: 'refused', codes: error.violations.map((v) => v.code) };
    if (!(error instanceof AnnalsError) || !TO_BE_EXPECTED.has(error.code)) throw error;
    return { is: NOTHING_RECORDED.has(error.code) ? 'failed' : 'unknown', code: error.code };
  }
}
