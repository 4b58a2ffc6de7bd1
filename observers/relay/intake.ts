/**
 * Reads ahead: while one batch is on its way to the inbox the next one gathers, bounded by events and bytes.
 * Then the source waits, since nothing more is read from it.
 */
import { sizeOf, type SourceEvent } from './source-event';
import { RELAY } from './tuning';

export class Intake {
  #events: SourceEvent[] = [];
  #bytes = 0;
  #ended: { readonly error: unknown } | undefined;
  #wake = (): void => undefined;
  #roomMade = (): void => undefined;

  /** @param batches what is read, until it ends or fails. */
  constructor(batches: AsyncIterable<readonly SourceEvent[]>) {
    void this.#read(batches);
  }

  /** Nothing waits here. */
  get empty(): boolean {
    return this.#events.length === 0;
  }

  /** Ends it with an error, which `take` throws at once: what waits here is read again from the checkpoint. */
  fail(error: unknown): void {
    this.#ended ??= { error };
    this.#events = [];
    this.#wake();
    this.#roomMade();
  }

  /** The next batch, as large as what is there; empty when nothing comes within `patience` ms. Throws what ended the reading. */
  async take(patience: number): Promise<readonly SourceEvent[]> {
    if (this.#events.length === 0 && this.#ended === undefined) await this.#something(patience);
    if (this.#events.length === 0 && this.#ended !== undefined) throw this.#ended.error;
    return this.#cut();
  }

  #cut(): readonly SourceEvent[] {
    let count = 0;
    let bytes = 0;
    for (const event of this.#events) {
      const size = sizeOf(event);
      // A single event that is too large for a batch is a batch.
      if (count === RELAY.batchEvents || (count > 0 && bytes + size > RELAY.batchBytes)) break;
      count++;
      bytes += size;
    }
    this.#bytes -= bytes;
    const batch = this.#events.splice(0, count);
    this.#roomMade();
    return batch;
  }

  async #something(patience: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, patience);
    });
    clearTimeout(timer);
  }

  async #read(batches: AsyncIterable<readonly SourceEvent[]>): Promise<void> {
    try {
      for await (const batch of batches) {
        if (this.#ended !== undefined) return;
        for (const event of batch) {
          this.#events.push(event);
          this.#bytes += sizeOf(event);
        }
        this.#wake();
        while (this.#full()) {
          await new Promise<void>((resolve) => {
            this.#roomMade = resolve;
          });
        }
      }
      this.#ended ??= { error: new Error('the source ended the subscription') };
    } catch (error) {
      this.#ended ??= { error };
    }
    this.#wake();
  }

  #full(): boolean {
    if (this.#ended !== undefined) return false;
    return this.#events.length >= RELAY.aheadEvents || this.#bytes >= RELAY.aheadBytes;
  }
}
