/**
 * The newest committed events of a sequence, without a gap, within a budget of bytes. Subscribers
 * near the tail are served from it and expectations are checked against it, so neither asks the
 * database. Each event is turned into its wire form once, however many subscribers take it.
 */
import type { LogEvent } from './log-event';

/** What an event costs beside its bytes: the objects that hold it. An estimate, in bytes. */
const EVENT_OVERHEAD_BYTES = 400;

/** Events dropped at the front before the array is moved together: moving costs their number, so it is done rarely. */
const COMPACT_AFTER = 1_024;

interface Kept {
  readonly event: LogEvent;
  frame: Buffer | undefined;
}

export class EventRing {
  #kept: (Kept | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  /** @param maxBytes the budget; the newest event is kept even when it is larger. */
  constructor(private readonly maxBytes: number) {}

  /** The lowest number kept; undefined when nothing is. */
  get first(): number | undefined {
    return this.#kept[this.#head]?.event.number;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the event that follows the last one. Anything else starts the ring anew from it. */
  push(event: LogEvent): void {
    const last = this.#kept.at(-1);
    if (last !== undefined && event.number !== last.event.number + 1) this.clear();
    this.#kept.push({ event, frame: undefined });
    this.#bytes += event.document.length + EVENT_OVERHEAD_BYTES;
    this.#evict();
  }

  get(number: number): LogEvent | undefined {
    return this.#at(number)?.event;
  }

  /** The event's wire form, made by `encode` the first time it is asked for. */
  frame(number: number, encode: (event: LogEvent) => Buffer): Buffer | undefined {
    const kept = this.#at(number);
    if (kept === undefined) return undefined;
    if (kept.frame === undefined) {
      kept.frame = encode(kept.event);
      this.#bytes += kept.frame.length;
    }
    return kept.frame;
  }

  clear(): void {
    this.#kept = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #at(number: number): Kept | undefined {
    const first = this.first;
    return first === undefined || number < first ? undefined : this.#kept[this.#head + number - first];
  }

  #evict(): void {
    while (this.#bytes > this.maxBytes && this.#head < this.#kept.length - 1) {
      const oldest = this.#kept[this.#head];
      if (oldest !== undefined) {
        this.#bytes -= oldest.event.document.length + EVENT_OVERHEAD_BYTES + (oldest.frame?.length ?? 0);
      }
      this.#kept[this.#head++] = undefined;
    }
    if (this.#head < COMPACT_AFTER) return;
    this.#kept = this.#kept.slice(this.#head);
    this.#head = 0;
  }
}
