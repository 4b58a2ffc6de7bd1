/**
 * How large a reader's messages are: small at first, larger as long as it takes them quickly. A large
 * message is what makes a catch-up fast, and a small one is all that a reader that stops costs.
 */
import { TUNING } from './tuning';

export class ReaderPace {
  #bytes: number = TUNING.firstFrameBytes;
  #sentAt = 0;

  /** Bytes that the next message aims at. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The reader has taken a message quickly. Until then nothing is fetched ahead for it: it may never read at all. */
  get proven(): boolean {
    return this.#bytes > TUNING.firstFrameBytes;
  }

  /** A message is on its way. */
  sent(): void {
    this.#sentAt = performance.now();
  }

  /** The reader has taken it. */
  taken(): void {
    const quick = performance.now() - this.#sentAt <= TUNING.quickReaderMs;
    this.#bytes = quick ? Math.min(this.#bytes * 2, TUNING.frameBytes) : TUNING.firstFrameBytes;
  }
}
