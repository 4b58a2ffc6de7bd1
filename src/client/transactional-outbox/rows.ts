/**
 * The outbox's collections in the service's database: rows that wait, and a counter for each event source.
 *
 * The counter is what keeps order. It is raised in the transaction that writes the row, so of two transactions
 * about one source the second cannot commit before the first has ended: the order of a source's numbers is the
 * order of its commits, and a number that is seen has no unseen one before it. Ids or times made by programs
 * could not say that: transactions commit in another order than they begin.
 */
import type { Violation } from '../../contract/messages';
import { LIMITS } from '../../kernel/limits';
import {
  inTransaction,
  READING,
  WRITING,
  type OutboxCollection,
  type OutboxDatabase,
  type OutboxDocument,
  type OutboxSession,
} from './database';
import { documentOf, heldEventOf, rowOf, type HeldOutboxEvent, type OutboxRow, type Place } from './row';

/** Rows that are appended with one call at most: a fraction of what a call takes, so that a refused one costs little. */
const BATCH_ROWS = LIMITS.eventsPerAppend / 4;

/** Bytes of content of the same: what a pump holds in memory. */
const BATCH_BYTES = LIMITS.appendBytes / 4;

/** Rows that the driver fetches at once: with the largest content that there is, some of these messages of 16 MiB. */
const FETCHED_AT_ONCE = 100;

/** A counter is kept for a day after its last use: it costs some bytes, and making it anew an index entry. */
const COUNTER_KEPT_MS = 24 * 3_600_000;

/** Counters that are looked at in one sweep. */
const SWEPT_AT_ONCE = 1_000;

const HELD = { 'held.since': { $exists: true } };

export class OutboxRows {
  readonly #rows: OutboxCollection;
  readonly #counters: OutboxCollection;
  #prepared: Promise<void> | undefined;

  constructor(db: OutboxDatabase, collection: string) {
    this.#rows = db.collection(collection);
    this.#counters = db.collection(`${collection}.sources`);
  }

  /** Makes collections and indexes unless they are there. */
  async prepare(): Promise<void> {
    this.#prepared ??= this.#prepare();
    await this.#prepared;
  }

  async #prepare(): Promise<void> {
    try {
      // In what order rows go, and of which source they are without a look at the row.
      await this.#rows.createIndex({ at: 1, n: 1, source: 1 });
      // The few that are held.
      await this.#rows.createIndex({ 'held.since': 1 }, { sparse: true });
      // Makes the collection: a transaction that has to make it meets others that do.
      await this.#counters.createIndex({ _id: 1 });
    } catch (error) {
      this.#prepared = undefined;
      throw error;
    }
  }

  /** On the session's transaction. */
  async add(session: OutboxSession, events: readonly OutboxRow['event'][]): Promise<void> {
    const bySource = new Map<string, OutboxRow['event'][]>();
    for (const event of events) {
      const own = bySource.get(event.eventSourceId);
      if (own === undefined) bySource.set(event.eventSourceId, [event]);
      else own.push(event);
    }
    const documents: OutboxDocument[] = [];
    for (const [source, own] of bySource) {
      const { n: last, at } = await this.#count(session, source, own.length);
      own.forEach((event, i) => documents.push(documentOf(event, { n: last - own.length + i + 1, at })));
    }
    await this.#rows.insertMany(documents, inTransaction(session));
  }

  async #count(session: OutboxSession, source: string, more: number): Promise<Place> {
    const found = await this.#counters.findOneAndUpdate(
      { _id: source },
      [{ $set: { last: { $add: [{ $ifNull: ['$last', 0] }, more] }, at: { $max: ['$at', '$$NOW'] } } }],
      { ...inTransaction(session), upsert: true, returnDocument: 'after' },
    );
    // Before its version 6 the driver gave the document within the command's answer.
    const counter = found !== null && 'value' in found ? (found['value'] as OutboxDocument) : found;
    return { n: Number(counter?.['last']), at: counter?.['at'] };
  }

  /** The next rows, of each source in order, without the sources that are held. */
  async next(): Promise<OutboxRow[]> {
    const held = new Set<unknown>();
    for await (const { source } of this.#rows.find(HELD, { ...READING, projection: { source: 1 } })) held.add(source);
    const filter = held.size === 0 ? {} : { source: { $nin: [...held] } };
    const rows: OutboxRow[] = [];
    let bytes = 0;
    // A row that is inserted while this walks the index is behind its predecessor there too, so none is seen without it.
    const found = this.#rows.find(filter, {
      ...READING,
      sort: { at: 1, n: 1 },
      limit: BATCH_ROWS,
      batchSize: FETCHED_AT_ONCE,
    });
    for await (const document of found) {
      const row = rowOf(document);
      bytes += row.event.content.length;
      if (rows.length > 0 && bytes > BATCH_BYTES) break;
      rows.push(row);
    }
    return rows;
  }

  /** What is recorded. */
  async remove(rows: readonly OutboxRow[]): Promise<void> {
    if (rows.length > 0) await this.#rows.deleteMany({ _id: { $in: rows.map(({ id }) => id) } }, WRITING);
  }

  /** Says on the row what stands against it. False: it is gone, so somebody else has recorded it meanwhile. */
  async hold({ id }: OutboxRow, violations: readonly Violation[]): Promise<boolean> {
    const { matchedCount } = await this.#rows.updateOne(
      { _id: id },
      { $set: { held: { violations: violations.map(stored), since: new Date() } }, $inc: { attempts: 1 } },
      WRITING,
    );
    return matchedCount === 1;
  }

  async held(eventId?: string): Promise<{ readonly id: unknown; readonly event: HeldOutboxEvent }[]> {
    const all: { readonly id: unknown; readonly event: HeldOutboxEvent }[] = [];
    const filter = eventId === undefined ? HELD : { ...HELD, eventId };
    const found = this.#rows.find(filter, { ...READING, sort: { 'held.since': 1 } });
    for await (const document of found) all.push({ id: document['_id'], event: heldEventOf(document) });
    return all;
  }

  /** Lets held rows be tried again. Returns how many. */
  async letGo(eventId?: string): Promise<number> {
    const filter = eventId === undefined ? HELD : { ...HELD, eventId };
    return (await this.#rows.updateMany(filter, { $unset: { held: '' } }, WRITING)).matchedCount;
  }

  /** Takes a held row away for good. */
  async drop(id: unknown): Promise<boolean> {
    return (await this.#rows.deleteMany({ ...HELD, _id: id }, WRITING)).deletedCount === 1;
  }

  async count(): Promise<number> {
    return this.#rows.countDocuments({}, READING);
  }

  /**
   * Forgets counters of sources that nothing was said of for long. Their numbers begin at 1 again, which
   * matters to nobody when no row is left; a counter that is used meanwhile is not the one that was seen.
   */
  async sweep(): Promise<void> {
    const isOld = { $expr: { $lt: ['$at', { $subtract: ['$$NOW', COUNTER_KEPT_MS] }] } };
    const old = new Map<unknown, OutboxDocument>();
    for await (const counter of this.#counters.find(isOld, { ...READING, limit: SWEPT_AT_ONCE })) {
      old.set(counter['_id'], counter);
    }
    const stillUsed = { source: { $in: [...old.keys()] } };
    for await (const { source } of this.#rows.find(stillUsed, { ...READING, projection: { source: 1 } })) {
      old.delete(source);
    }
    for (const { _id, last, at } of old.values()) await this.#counters.deleteMany({ _id, last, at }, WRITING);
  }
}

const stored = ({ sequenceNumber, metadata, ...violation }: Violation) => ({
  ...violation,
  ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
  ...(metadata === undefined ? {} : { metadata }),
});
