/** Those who wait until an observer has come past a number. */
import { AnnalsError } from '../kernel/annals-error';

export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Settles once `reached` is told a position beyond the number, or when the signal aborts. @throws AnnalsError LEASE_LOST at the end */
  async wait(number: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const waiter = { number, settle: resolve, fail: reject };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', () => {
        this.#waiting.delete(waiter);
        resolve();
      });
    });
  }

  reached(position: number): void {
    for (const waiter of this.#waiting) {
      if (waiter.number >= position) continue;
      this.#waiting.delete(waiter);
      waiter.settle();
    }
  }

  /** Nobody here will know: whoever waits asks the next owner. */
  end(): void {
    for (const { fail } of this.#waiting) fail(new AnnalsError('LEASE_LOST'));
    this.#waiting.clear();
  }
}

interface Waiter {
  readonly number: number;
  readonly settle: () => void;
  readonly fail: (reason: AnnalsError) => void;
}
