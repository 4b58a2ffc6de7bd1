import { AnnalsError } from '../kernel/annals-error';

/**
 * Why something stops: the caller's AbortSignal, a timeout, the client being closed, whichever comes
 * first. Of its own and not AbortSignal.any, because that leaves a trace on a signal that lives as
 * long as the client for every call there ever was.
 */
export class Cancellation {
  private readonly controller = new AbortController();
  private readonly undo: (() => void)[] = [];

  /** Follows each of the signals; call `release` once nothing depends on it any more. */
  constructor(...signals: (AbortSignal | undefined)[]) {
    for (const signal of signals) if (signal !== undefined) this.follow(signal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  cancel(reason: AnnalsError): void {
    this.controller.abort(reason);
  }

  /** Cancels after so many milliseconds; returns how to call that off. */
  cancelAfter(ms: number, reason: () => AnnalsError): () => void {
    if (ms === Infinity) return () => undefined;
    const timer = setTimeout(() => this.cancel(reason()), Math.min(ms, MAX_TIMER_MS));
    const stop = () => clearTimeout(timer);
    this.undo.push(stop);
    return stop;
  }

  release(): void {
    for (const undo of this.undo.splice(0)) undo();
  }

  private follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.cancel(reasonOf(signal));
      return;
    }
    const pass = () => this.cancel(reasonOf(signal));
    signal.addEventListener('abort', pass, { once: true });
    this.undo.push(() => signal.removeEventListener('abort', pass));
  }
}

/** Milliseconds. Node's timers fire at once beyond 32 bits (24.8 days). */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Why a signal was aborted, as an AnnalsError: our own reason, or CANCELLED with the caller's as its cause. */
export function reasonOf(signal: AbortSignal): AnnalsError {
  const reason: unknown = signal.reason;
  return reason instanceof AnnalsError ? reason : new AnnalsError('CANCELLED', undefined, { cause: reason });
}

/** Waits for the promise, but no longer than the signal allows. The promise's own failure is never unhandled. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  if (signal.aborted) throw reasonOf(signal);
  let stop: () => void = () => undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        stop = () => reject(reasonOf(signal));
        signal.addEventListener('abort', stop, { once: true });
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
