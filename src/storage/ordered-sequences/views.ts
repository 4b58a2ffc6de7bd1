/** The materialised views in the database: brought up to date in the transaction that writes rows, and read. */
import type { ClientSession, Collection, Db, Document } from 'mongodb';
import { READ_CONCERN } from '../find-events';
import { COUNTS, DURATIONS, FAILURES } from './collections';
import {
  addCounts,
  addDurations,
  addFailures,
  countRow,
  durationRow,
  failureRow,
  keyOf,
  type Changes,
  type CountRow,
  type DurationRow,
  type FailureRow,
} from './statistics';

/** Documents of one view that one answer tells. */
const TOLD = 10_000;

interface View<Row extends Document> {
  readonly collection: Collection<Row>;
  readonly add: (before: Row, change: Row) => Row;
  readonly stored: (row: Row) => Row;
  /** Nothing is left to be told. */
  readonly empty: (row: Row) => boolean;
}

const counts = (db: Db): View<CountRow> => ({
  collection: db.collection(COUNTS),
  add: addCounts,
  stored: countRow,
  empty: ({ count }) => Number(count) === 0,
});

const durations = (db: Db): View<DurationRow> => ({
  collection: db.collection(DURATIONS),
  add: addDurations,
  stored: durationRow,
  empty: () => false,
});

const failures = (db: Db): View<FailureRow> => ({
  collection: db.collection(FAILURES),
  add: addFailures,
  stored: failureRow,
  empty: (row) => Number(row.failures) === 0,
});

/** Makes the changes on the session's transaction. Nobody else makes any meanwhile: all write the checkpoint first. */
export async function changeViews(db: Db, changes: Changes, session: ClientSession): Promise<void> {
  await change(counts(db), changes.counts, ({ count }) => Number(count) !== 0, session);
  await change(durations(db), changes.durations, () => true, session);
  await change(
    failures(db),
    changes.failures,
    (row) => Number(row.failures) !== 0 || Number(row.retries) !== 0,
    session,
  );
}

async function change<Row extends Document & { readonly _id: object }>(
  { collection, add, stored, empty }: View<Row>,
  changes: ReadonlyMap<string, Row>,
  matters: (row: Row) => boolean,
  session: ClientSession,
): Promise<void> {
  const made = [...changes.values()].filter(matters);
  if (made.length === 0) return;
  // The driver's filter types do not follow a generic row; the id is the row's own.
  const byId = (row: Row) => ({ _id: row._id }) as never;
  const found = await collection.find({ _id: { $in: made.map(({ _id }) => _id) } } as never, { session }).toArray();
  const before = new Map(found.map((row) => [keyOf(row), row]));
  const writes = made.map((row) => {
    const there = before.get(keyOf(row));
    const after = there === undefined ? row : add(there as unknown as Row, row);
    if (empty(after)) return { deleteOne: { filter: byId(row) } };
    return { replaceOne: { filter: byId(row), replacement: stored(after) as never, upsert: true } };
  });
  await collection.bulkWrite(writes, { session, ordered: false });
}

export interface Statistics {
  readonly counts: readonly CountRow[];
  readonly durations: readonly DurationRow[];
  readonly failures: readonly FailureRow[];
}

/** @param name of ordered sequences; undefined: all. In the order of name, version and the rest, 10,000 of each at most. */
export async function readStatistics(db: Db, name: string | undefined): Promise<Statistics> {
  const read = async <Row extends Document>({ collection }: View<Row>) =>
    collection
      .find((name === undefined ? {} : { '_id.name': name }) as never, { readConcern: READ_CONCERN })
      .sort({ _id: 1 })
      .limit(TOLD)
      // What is read is what was written: nothing is projected away.
      .toArray() as unknown as Promise<Row[]>;
  const [counted, took, failed] = await Promise.all([read(counts(db)), read(durations(db)), read(failures(db))]);
  return { counts: counted, durations: took, failures: failed };
}
