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

  /**
   * @param onConstraint awaited before the tail moves over a place at which a constraint came into force
   * at another server, or may have: so nobody appends behind it who has not heard of it. It must not ask
   * the tail for anything.
   */
  constructor(
    private readonly db: Db,
    private readonly collection: string,
    private readonly onConstraint: () => Promise<void> = async () => Promise.resolve(),
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
      const { announces } = event;
      // What is stored of the event that it is about has changed, and the ring has it as it was.
      if (announces !== undefined && announces.kind !== 'constraint') this.ring.forget(announces.sequenceNumber);
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
    const newest = last === undefined ? undefined : fromDocument(last);
    if (!this.#loaded || (newest !== undefined && newest.number - this.#next >= REFRESH_EVENTS)) {
      // A constraint may be anywhere in what is not looked at.
      await this.onConstraint();
      this.#loaded = true;
      // Our own commits may have come further meanwhile.
      if (newest !== undefined && newest.number >= this.#next) this.#startAt(newest);
      return;
    }
    if (newest !== undefined && newest.number >= this.#next) await this.#readTo(newest.number);
  }

  /** Starts anew at the end. */
  #startAt(newest: LogEvent): void {
    this.ring.clear();
    this.#next = newest.number;
    this.publish([newest]);
  }

  async #readTo(newest: number): Promise<void> {
    const { db, collection } = this;
    for (;;) {
      const missing = await findEvents(db, collection, { from: this.#next, to: newest, limit: REFRESH_EVENTS });
      const events = missing.starts.map((start) => fromDocument(Buffer.from(documentAt(missing.bytes, start))));
      if (events.some(({ announces }) => announces?.kind === 'constraint')) await this.onConstraint();
      this.publish(events);
      if (missing.exhausted || missing.starts.length === 0 || this.#next > newest) return;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
