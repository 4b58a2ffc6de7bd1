/**
 * The newest committed events of a sequence, without a gap, within a budget of bytes. Subscribers
 * near the tail are served from it and expectations are checked against it, so neither asks the
 * database. Each event is turned into its wire form once, however many subscribers take it, as long
 * as the types of the store stay the same.
 */
import type { LogEvent } from './log-event';

/** What an event costs beside its bytes: the objects that hold it. An estimate, in bytes. */
const EVENT_OVERHEAD_BYTES = 400;

/** Events dropped at the front before the array is moved together: moving costs their number, so it is done rarely. */
const COMPACT_AFTER = 1_024;

interface Kept {
  readonly event: LogEvent;
  frame: Buffer | undefined;
  /** The revision of the types that the wire form is by. */
  revision: number;
}

export class EventRing {
  #kept: (Kept | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** By the number of an event, where the last announcement about it is kept. */
  readonly #announced = new Map<number, number>();

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
    this.#kept.push({ event, frame: undefined, revision: 0 });
    this.#bytes += event.document.length + EVENT_OVERHEAD_BYTES;
    if (event.announces !== undefined) this.#announced.set(event.announces.sequenceNumber, event.number);
    this.#evict();
  }

  get(number: number): LogEvent | undefined {
    return this.#at(number)?.event;
  }

  /**
   * The event's wire form, made by `encode` the first time it is asked for, and anew when the types of the
   * store are others: which generation is the latest is part of it. @param revision that of the types.
   */
  frame(number: number, revision: number, encode: (event: LogEvent) => Buffer): Buffer | undefined {
    const kept = this.#at(number);
    if (kept === undefined) return undefined;
    if (kept.frame === undefined || kept.revision !== revision) {
      const frame = encode(kept.event);
      this.#bytes += frame.length - (kept.frame?.length ?? 0);
      kept.frame = frame;
      kept.revision = revision;
    }
    return kept.frame;
  }

  /**
   * Drops an event and the announcements about it, as far as they are kept, with everything before them:
   * what is stored of them has changed.
   */
  forget(number: number): void {
    const last = this.#announced.get(number) ?? number;
    if (this.#at(last) === undefined) return;
    while ((this.first ?? Infinity) <= last) this.#drop();
    this.#compact();
  }

  clear(): void {
    this.#kept = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#announced.clear();
  }

  #at(number: number): Kept | undefined {
    const first = this.first;
    return first === undefined || number < first ? undefined : this.#kept[this.#head + number - first];
  }

  #evict(): void {
    while (this.#bytes > this.maxBytes && this.#head < this.#kept.length - 1) this.#drop();
    this.#compact();
  }

  #drop(): void {
    const oldest = this.#kept[this.#head];
    this.#kept[this.#head++] = undefined;
    if (oldest === undefined) return;
    const { number, announces, document } = oldest.event;
    this.#bytes -= document.length + EVENT_OVERHEAD_BYTES + (oldest.frame?.length ?? 0);
    if (announces !== undefined && this.#announced.get(announces.sequenceNumber) === number) {
      this.#announced.delete(announces.sequenceNumber);
    }
  }

  #compact(): void {
    if (this.#head < COMPACT_AFTER) return;
    this.#kept = this.#kept.slice(this.#head);
    this.#head = 0;
  }
}
