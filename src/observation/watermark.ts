/**
 * What has been handled below which number. Events are taken in in ascending order and handled in
 * any; the position is the first number that is not handled. Each event costs one small object, and
 * everything below the position is forgotten.
 */

/** An event that is on its way through an observer. */
export interface Tracked {
  readonly number: number;
  /** Handled, or held by a failure of its partition that is on record. */
  done: boolean;
}

/** Done events at the front before the array is moved together: moving costs their number, so it is done rarely. */
const COMPACT_AFTER = 4_096;

export class Watermark<Event extends Tracked> {
  #events: (Event | undefined)[] = [];
  #head = 0;
  #next: number;

  /** @param from the first number that has not been looked at. */
  constructor(from: number) {
    this.#next = from;
  }

  /** Everything below it is handled, held, or did not match. */
  get position(): number {
    return this.#events[this.#head]?.number ?? this.#next;
  }

  /** The first number that has not been looked at. */
  get next(): number {
    return this.#next;
  }

  /** Events taken in that lie at or beyond the position. */
  get size(): number {
    return this.#events.length - this.#head;
  }

  /** Takes in an event beyond all before it. */
  add(event: Event): void {
    this.#events.push(event);
    this.#next = event.number + 1;
  }

  /** Everything below `number` has been looked at. */
  lookedAt(number: number): void {
    this.#next = Math.max(this.#next, number);
  }

  /** Moves the position over what is done. Returns whether it moved. */
  advance(): boolean {
    const before = this.#head;
    while (this.#events[this.#head]?.done === true) this.#events[this.#head++] = undefined;
    if (this.#head === before) return false;
    if (this.#head === this.#events.length || this.#head >= COMPACT_AFTER) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }

  /** The events at or beyond the position, in order. */
  *open(): Iterable<Event> {
    for (let i = this.#head; i < this.#events.length; i++) {
      const event = this.#events[i];
      if (event !== undefined) yield event;
    }
  }
}
