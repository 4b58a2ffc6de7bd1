import { reasonOf } from './cancellation';

/** How long to wait before the next attempt. */

/** Milliseconds before the second attempt: a server that restarts in place is back about then. */
const FIRST_DELAY_MS = 50;

/** Milliseconds between attempts at most: a server that comes back is found again within about this time. */
const LONGEST_DELAY_MS = 2_000;

/** The delay before attempt `failures` + 1: doubles, and half of it is chance so that clients don't come back together. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
  return full / 2 + (full / 2) * random();
}

/** Counts failures in a row. */
export class Backoff {
  private failures = 0;

  /** Milliseconds to wait after one failure more. */
  next(): number {
    return backoffMs(++this.failures);
  }

  /** Something worked. */
  reset(): void {
    this.failures = 0;
  }
}

/** Waits; throws the signal's reason as an AnnalsError when it is aborted before. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw reasonOf(signal);
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
