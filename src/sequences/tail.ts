/**
 * The end of one event sequence as this server knows it: the number of the newest committed event,
 * the ring of the newest ones, and those who wait for more. It only ever moves on, by this server's
 * own commits and by asking the database what others have committed.
 */
import type { Db } from 'mongodb';
import { documentAt, findEvents, findLast } from '../storage/find-events';
import { EventRing } from './event-ring';
import { fromDocument, type LogEvent } from './log-event';
import { TUNING } from './tuning';

/** Events that a refresh takes into the ring; when more are missing it starts anew at the end, and subscribers read the database. */
const REFRESH_EVENTS = 2_000;

export class Tail {
  readonly ring = new EventRing(TUNING.ringBytes);
  readonly #listeners = new Set<() => void>();
  /** The number that the next event gets; 0 while there is none. */
  #next = 0;
  #loaded = false;
  #refreshing: Promise<void> | undefined;

  constructor(
    private readonly db: Db,
    private readonly collection: string,
  ) {}

  /** The number that follows the newest committed event that is known here. */
  get next(): number {
    return this.#next;
  }

  /** Whether anybody follows. */
  get followed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Knows the tail from the database, once. */
  async load(): Promise<void> {
    if (!this.#loaded) await this.refresh();
  }

  /** Takes in this server's own commits: contiguous events. Those that a refresh has brought already are passed over. */
  publish(events: readonly LogEvent[]): void {
    let moved = false;
    for (const event of events) {
      if (event.number < this.#next) continue;
      // A commit of ours always follows what we knew; anything else would be a hole, and a hole is waited for.
      if (event.number > this.#next) break;
      this.ring.push(event);
      this.#next = event.number + 1;
      moved = true;
    }
    if (moved) this.#tell();
  }

  /** Asks the database for what is beyond the known tail. Calls at the same time share one question that starts after them. */
  async refresh(): Promise<void> {
    // A question that is already on its way may have been asked too early to see what the caller knows of.
    if (this.#refreshing !== undefined) await this.#refreshing.catch(() => undefined);
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  /** Calls `listener` after each move. Returns the way to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #ask(): Promise<void> {
    const last = await findLast(this.db, this.collection, [], this.#next);
    const known = this.#loaded;
    this.#loaded = true;
    if (last === undefined) return;
    const newest = fromDocument(last);
    if (newest.number < this.#next) return;
    if (!known || newest.number - this.#next >= REFRESH_EVENTS) {
      this.ring.clear();
      this.#next = newest.number;
      this.publish([newest]);
      return;
    }
    for (;;) {
      const missing = await findEvents(this.db, this.collection, {
        from: this.#next,
        to: newest.number,
        limit: REFRESH_EVENTS,
      });
      this.publish(missing.starts.map((start) => fromDocument(Buffer.from(documentAt(missing.bytes, start)))));
      if (missing.exhausted || missing.starts.length === 0 || this.#next > newest.number) return;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
