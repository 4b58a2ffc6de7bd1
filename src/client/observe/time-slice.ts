/**
 * Keeps handlers that never wait from holding the event loop: heartbeats, acknowledgements and the
 * rest of the program get a turn at least this often.
 */

/** Milliseconds of handling in one turn of the event loop: short beside a heartbeat, long beside a turn's cost. */
const SLICE_MS = 10;

export interface Slice {
  /** Whether this turn's share is used up: go on in the next, by setImmediate. */
  readonly over: boolean;
}

export class TimeSlice implements Slice {
  #ends: number | undefined;

  get over(): boolean {
    const now = performance.now();
    if (this.#ends === undefined) {
      this.#ends = now + SLICE_MS;
      // Runs before whatever asks for the next turn from now on.
      setImmediate(() => {
        this.#ends = undefined;
      });
    }
    return now >= this.#ends;
  }
}
