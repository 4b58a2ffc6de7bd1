import { AnnalsError } from '../../kernel/annals-error';
import { carriedHere } from '../causation/appending';
import { invalidField } from '../field-checks';
import type { NewEvent } from '../new-event';
import { checkCollection } from '../reduce/options';
import type { EventSequence } from '../sequence';
import type { OutboxDatabase, OutboxSession } from './database';
import { OutboxPump, type PumpOptions } from './pump';
import { eventsToKeep, type HeldOutboxEvent } from './row';
import { OutboxRows } from './rows';

/**
 * For a service that keeps its state in a MongoDB of its own: state and event in one transaction of the
 * service's database, so that there is never one without the other. The event goes on to Annals from there,
 * through every check that an append has, once and in the order of its source.
 */

/** Where the rows wait unless said otherwise, in the service's database. */
const COLLECTION = 'annals.outbox';

export interface TransactionalOutboxOptions {
  /** Where the rows wait; beside it are `….sources` and `….pump`. `annals.outbox` unless given. One for each target. */
  readonly collection?: string | undefined;
  /** Events take correlation, cause, identity and trace by themselves from where they are added. True unless given. */
  readonly propagate?: boolean | undefined;
}

/**
 * @param db a `Db` of the `mongodb` driver: the database of the service's state, on a replica set.
 * @example
 * const outbox = transactionalOutbox(db);
 * await session.withTransaction(async () => {
 *   await orders.insertOne(order, { session });
 *   await outbox.add(session, { type: 'order.placed', eventSourceId: order._id, content: { total: 42 } });
 * });
 * const pump = outbox.pump(annals.outbox);
 */
export const transactionalOutbox = (
  db: OutboxDatabase,
  { collection = COLLECTION, propagate = true }: TransactionalOutboxOptions = {},
): TransactionalOutbox => new TransactionalOutbox(db, checkCollection(collection), propagate);

export class TransactionalOutbox {
  readonly #db: OutboxDatabase;
  readonly #collection: string;
  readonly #rows: OutboxRows;
  readonly #propagate: boolean;
  readonly #pumps = new Set<OutboxPump>();

  /** @internal Use `transactionalOutbox`. */
  constructor(db: OutboxDatabase, collection: string, propagate: boolean) {
    this.#db = db;
    this.#collection = collection;
    this.#rows = new OutboxRows(db, collection);
    this.#propagate = propagate;
  }

  /**
   * Makes collections and indexes unless they are there. The first `add` and every pump do so too; a service that
   * does not use `withTransaction`, which repeats a transaction that met a new collection, does it when it starts.
   */
  async prepare(): Promise<void> {
    await this.#rows.prepare();
  }

  /**
   * Adds events to the session's transaction: they are appended when it commits, and were never there when it does
   * not. Events about one source go in the order of the commits, and those of one call in theirs. Transactions about
   * the same source exclude each other, as any two do that write the same document: `withTransaction` repeats the
   * second.
   *
   * @returns the events' ids, in order
   * @throws {AnnalsError} what an append would throw for these events; INVALID_FIELD without a transaction
   */
  async add<Content extends object = object>(
    session: OutboxSession,
    events: NewEvent<NoInfer<Content>> | readonly NewEvent<NoInfer<Content>>[],
  ): Promise<readonly string[]> {
    // JavaScript callers may leave it out.
    if (!(session as OutboxSession | undefined)?.inTransaction())
      throw invalidField('session', 'is in no transaction: state and event would be written apart');
    // `Array.isArray` does not narrow a readonly array.
    const all = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
    const kept = eventsToKeep(all, this.#propagate ? carriedHere() : undefined);
    await this.#rows.prepare();
    await this.#rows.add(session, kept);
    this.#wake();
    return kept.map(({ eventId }) => eventId);
  }

  /**
   * Appends what waits to the sequence, from now on. Every instance of a service may have one: one of them works,
   * and another takes over when it dies.
   */
  pump(sequence: EventSequence, options: PumpOptions = {}): OutboxPump {
    const house = { db: this.#db, rows: this.#rows, collection: this.#collection };
    const pump = new OutboxPump(house, sequence, options, (ended) => this.#pumps.delete(ended));
    this.#pumps.add(pump);
    return pump;
  }

  /** Events that are committed here and not known to be in Annals. */
  async waiting(): Promise<number> {
    return this.#rows.count();
  }

  /** Events that Annals refuses. Each holds its source: later ones wait behind it. */
  async held(): Promise<HeldOutboxEvent[]> {
    return (await this.#rows.held()).map(({ event }) => event);
  }

  /** Tries a held event again, or all of them. Returns how many. @throws {AnnalsError} EVENT_NOT_FOUND: it is not held */
  async retry(eventId?: string): Promise<number> {
    const count = await this.#rows.letGo(eventId);
    if (count === 0 && eventId !== undefined) throw notHeld(eventId);
    this.#wake();
    return count;
  }

  /**
   * Takes a held event away for good, so that its source goes on behind it. It is returned and kept nowhere: keep
   * what has to be known of it. @throws {AnnalsError} EVENT_NOT_FOUND: it is not held
   */
  async skip(eventId: string): Promise<HeldOutboxEvent> {
    for (const { id, event } of await this.#rows.held(eventId)) {
      if (!(await this.#rows.drop(id))) continue;
      this.#wake();
      return event;
    }
    throw notHeld(eventId);
  }

  #wake(): void {
    for (const pump of this.#pumps) pump.wake();
  }
}

const notHeld = (eventId: string): AnnalsError =>
  new AnnalsError('EVENT_NOT_FOUND', `no event ${JSON.stringify(eventId)} is held here`, { field: 'event_id' });
