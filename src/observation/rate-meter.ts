/** Events a second, over a sliding window of whole seconds. */
const SECOND = 1_000;

export class RateMeter {
  readonly #seconds: number;
  readonly #counts = new Map<number, number>();

  /** @param window over how long it is measured, in ms. */
  constructor(window: number) {
    this.#seconds = window / SECOND;
  }

  add(events: number, now = performance.now()): void {
    const second = Math.floor(now / SECOND);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + events);
    for (const old of this.#counts.keys()) if (old < second - this.#seconds) this.#counts.delete(old);
  }

  /** The seconds that are over, so that one that has just begun does not look slow. */
  perSecond(now = performance.now()): number {
    const second = Math.floor(now / SECOND);
    let sum = 0;
    for (const [at, count] of this.#counts) if (at >= second - this.#seconds && at < second) sum += count;
    return sum / this.#seconds;
  }
}
