/** What is claimed under constraints: one row a value, its key unique, in the database of the namespace. */
import { Long, MongoServerError, type ClientSession, type Collection, type Db, type Document } from 'mongodb';
import { givenUpInTime } from './deployment';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';

/** A value that is held. */
export interface ClaimRow {
  /** `<ledger>/<hash of the value>`. */
  readonly key: string;
  /** Of the constraint's claims since it came into force. */
  readonly ledger: string;
  /** The number of the event that holds it. */
  readonly event: number;
  readonly source: string;
}

/** What is released under one ledger: whatever these sources and these events hold. */
export interface Release {
  readonly ledger: string;
  readonly sources: readonly string[];
  readonly events: readonly number[];
}

const DUPLICATE_KEY = 11000;

export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY;

const UNORDERED = { ordered: false, writeConcern: WRITE_CONCERN } as const;

interface ClaimDocument {
  readonly _id: string;
  /** The ledger. */
  readonly constraint: string;
  readonly event: Long | number;
  readonly source: string;
}

export const CLAIMS_COLLECTION = 'constraint-claims';

/** Keys in one query, and rows in one write: some hundred KiB. */
const ROWS_AT_ONCE = 5_000;

export class ClaimStore {
  readonly #claims: Collection<ClaimDocument>;

  constructor(private readonly db: Db) {
    this.#claims = db.collection(CLAIMS_COLLECTION);
  }

  /** Makes the collection and its indexes unless they are there: within a transaction they could not be made. */
  async prepare(): Promise<void> {
    await this.#claims.createIndexes([
      // What a compensated or redacted event holds.
      { name: 'event', key: { constraint: 1, event: 1 } },
      // What an event source holds; the rows of a ledger are counted and removed by it too.
      { name: 'source', key: { constraint: 1, source: 1 } },
    ]);
  }

  /** The rows with these keys, by key. */
  async find(keys: readonly string[]): Promise<Map<string, ClaimRow>> {
    const rows = await Promise.all(
      chunks(keys).map(async (some) =>
        givenUpInTime(async (signal) =>
          this.#claims
            .find({ _id: { $in: [...some] } }, { signal, readConcern: READ_CONCERN, batchSize: some.length + 1 })
            .toArray(),
        ),
      ),
    );
    return new Map(rows.flat().map((document) => [document._id, rowOf(document)]));
  }

  async count(ledger: string): Promise<number> {
    return this.#claims.countDocuments({ constraint: ledger });
  }

  /** Removes what is released, then adds rows, on the session's transaction. */
  async change(releases: readonly Release[], rows: readonly ClaimRow[], session: ClientSession): Promise<void> {
    const deletes = releases.flatMap(deletesOf);
    if (deletes.length > 0) {
      settled(await this.db.command({ delete: CLAIMS_COLLECTION, deletes, ordered: true }, { session }));
    }
    if (rows.length > 0) {
      const documents = rows.map(documentOf);
      settled(await this.db.command({ insert: CLAIMS_COLLECTION, documents, ordered: true }, { session }));
    }
  }

  /** The same outside a transaction, for a ledger that nobody goes by yet. Returns those whose keys are taken. */
  async collect(releases: readonly Release[], rows: readonly ClaimRow[]): Promise<ClaimRow[]> {
    const deletes = releases.flatMap(deletesOf);
    if (deletes.length > 0) {
      settled(await this.db.command({ delete: CLAIMS_COLLECTION, deletes, ...UNORDERED }));
    }
    const taken: ClaimRow[] = [];
    for (const some of chunks(rows)) {
      const documents = some.map(documentOf);
      const reply = await this.db.command({ insert: CLAIMS_COLLECTION, documents, ...UNORDERED });
      const [clashes, others] = apart(errorsOf(reply), ({ code }) => code === DUPLICATE_KEY);
      settled({ ...reply, writeErrors: others });
      for (const { index } of clashes) taken.push(some[index] as ClaimRow);
    }
    return taken;
  }

  /** Removes every row of a ledger, some at a time, since a command has a time limit. */
  async clear(ledger: string): Promise<void> {
    for (;;) {
      const found = await this.#claims
        .find({ constraint: ledger }, { projection: { _id: 1 }, limit: ROWS_AT_ONCE })
        .toArray();
      if (found.length === 0) return;
      await this.#claims.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
    }
  }
}

function deletesOf({ ledger, sources, events }: Release): Document[] {
  const limit = 0; // all that match
  return [
    ...(sources.length === 0 ? [] : [{ q: { constraint: ledger, source: { $in: sources } }, limit }]),
    ...(events.length === 0
      ? []
      : [{ q: { constraint: ledger, event: { $in: events.map((event) => Long.fromNumber(event)) } }, limit }]),
  ];
}

const documentOf = ({ key, ledger, event, source }: ClaimRow): ClaimDocument => ({
  _id: key,
  constraint: ledger,
  event: Long.fromNumber(event),
  source,
});

const rowOf = ({ _id, constraint, event, source }: ClaimDocument): ClaimRow => ({
  key: _id,
  ledger: constraint,
  event: Number(event),
  source,
});

function chunks<T>(all: readonly T[]): (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let at = 0; at < all.length; at += ROWS_AT_ONCE) parts.push(all.slice(at, at + ROWS_AT_ONCE));
  return parts;
}

interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg?: string;
}

/** The documented form of the answer to a write. */
const errorsOf = (reply: Document): readonly WriteError[] => (reply['writeErrors'] as WriteError[] | undefined) ?? [];

/** A write command answers even when it has failed in part; here that is an error like any other. */
function settled(reply: Document): void {
  const fault = errorsOf(reply)[0] ?? (reply['writeConcernError'] as WriteError | undefined);
  if (fault !== undefined)
    throw new MongoServerError({ message: fault.errmsg ?? 'the write failed', code: fault.code });
}

function apart<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
