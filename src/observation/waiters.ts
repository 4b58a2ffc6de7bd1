/** Those who wait until an observer has come past a number. */
export class Waiters {
  readonly #waiting = new Set<{ readonly number: number; readonly settle: () => void }>();

  /** Settles once `reached` is told a position beyond the number, at the end, or when the signal aborts. */
  async wait(number: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const waiter = { number, settle: resolve };
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

  end(): void {
    this.reached(Number.POSITIVE_INFINITY);
  }
}
