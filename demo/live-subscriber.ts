/** A subscriber that notes what it is handed and when. */
import type { EventSequence, RecordedEvent } from '../src/client';

export interface Delivery {
  readonly event: RecordedEvent;
  /** By `performance.now()`, in ms. */
  readonly at: number;
}

export class LiveSubscriber {
  readonly deliveries: Delivery[] = [];
  /** Resolves once it is live: what is recorded from then on is delivered as it happens. */
  readonly live: Promise<void>;
  private readonly ending = new AbortController();
  private readonly finished: Promise<void>;
  private wanted: { readonly events: number; readonly resolve: () => void } | undefined;

  constructor(sequence: EventSequence) {
    let tellLive: () => void = () => undefined;
    const live = new Promise<void>((resolve) => (tellLive = resolve));
    const events = sequence.subscribe({
      signal: this.ending.signal,
      onStateChange: (state) => {
        if (state === 'live') tellLive();
      },
    });
    this.finished = this.follow(events);
    // One that ends before it is live never will be.
    this.live = Promise.race([live, this.finished]);
    // Whoever awaits `live`, `received` or `end` is told; until then it is nobody's failure.
    this.finished.catch(() => undefined);
    this.live.catch(() => undefined);
  }

  /** Resolves once so many events have come; rejects when they do not come in time. */
  async received(events: number, withinMs: number): Promise<void> {
    if (this.deliveries.length >= events) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the subscriber got ${this.deliveries.length} of ${events} events in ${withinMs} ms`)),
        withinMs,
      );
      const enough = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.wanted = { events, resolve: enough };
      this.finished.catch(reject);
    });
  }

  async end(): Promise<void> {
    this.ending.abort();
    await this.finished;
  }

  private async follow(events: AsyncIterable<RecordedEvent>): Promise<void> {
    try {
      for await (const event of events) {
        this.deliveries.push({ event, at: performance.now() });
        if (this.deliveries.length >= (this.wanted?.events ?? Number.POSITIVE_INFINITY)) this.wanted?.resolve();
      }
    } catch (error) {
      if (!this.ending.signal.aborted) throw error;
    }
  }
}
