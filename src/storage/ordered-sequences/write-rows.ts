/**
 * Writes many changed sequences at once: their rows, the statistics and the checkpoint in one transaction, so that
 * each is counted once, and one that is as new in the database already, as after a replay, changes nothing.
 */
import type { AnyBulkWriteOperation, ClientSession, Db, MongoClient } from 'mongodb';
import { WRITE_CONCERN } from '../insert-events';
import { moveCheckpoint } from './checkpoint';
import { removeFrom } from './archive';
import { ACTIVE, archivePlace, archivePlaces, monthOf, SEQUENCE_EVENTS, SEQUENCES, type Place } from './collections';
import type { SequenceEventRow, SequenceRow } from './row-types';
import { Changes, COUNTED_FIELDS, type Counted } from './statistics';
import { changeViews } from './views';

export interface ChangedRows {
  readonly sequence: SequenceRow;
  /** Those that may differ from what is there; of a new sequence all. */
  readonly events: readonly SequenceEventRow[];
}

/** What is looked at of a row before it is replaced. */
type CountedRow = Counted & Pick<SequenceRow, '_id' | 'sequence_id' | 'updated_at'>;

const LOOKED_AT = { ...COUNTED_FIELDS, sequence_id: 1, updated_at: 1, 'handling.phase': 1 } as const;

export interface RowsToWrite {
  /** Each sequence once. */
  readonly changed: readonly ChangedRows[];
  /** Everything of the log below it is in the rows, with these. */
  readonly position: number;
  /** Of the rows, when they were opened. */
  readonly generation: number;
}

/** @throws RowsDropped */
export async function writeRows(client: MongoClient, db: Db, rows: RowsToWrite): Promise<void> {
  await client.withSession(async (session) =>
    session.withTransaction(async () => write(db, rows, session), { writeConcern: WRITE_CONCERN }),
  );
}

async function write(db: Db, { changed, position, generation }: RowsToWrite, session: ClientSession): Promise<void> {
  const checked = await moveCheckpoint(db, generation, position, session);
  if (changed.length === 0) return;
  const there = await counted(db, ACTIVE, changed, session);
  // What is archived lies below the checkpoint whole, so what was created beyond it cannot be.
  const missing = changed.filter(({ sequence: { _id } }) => !there.has(Number(_id)) && Number(_id) < checked);
  if (missing.length > 0) await bringBack(db, missing, there, session);

  const newer = changed.filter(({ sequence: { _id, handling } }) => {
    const before = there.get(Number(_id));
    return before === undefined || Number(before.handling.last) < Number(handling.last);
  });
  if (newer.length === 0) return;
  await writeSequences(db, newer, there, session);
  await dropCopies(db, newer, there, session);
  const changes = new Changes();
  for (const { sequence } of newer) changes.replace(there.get(Number(sequence._id)), sequence);
  await changeViews(db, changes, session);
}

async function writeSequences(
  db: Db,
  newer: readonly ChangedRows[],
  there: ReadonlyMap<number, CountedRow>,
  session: ClientSession,
): Promise<void> {
  const sequences = newer.map(({ sequence }) =>
    there.has(Number(sequence._id))
      ? { replaceOne: { filter: { _id: sequence._id }, replacement: sequence } }
      : { insertOne: { document: sequence } },
  );
  await db.collection<SequenceRow>(SEQUENCES).bulkWrite(sequences, { session, ordered: false });
  const events = newer.flatMap(({ sequence, events: rows }): AnyBulkWriteOperation<SequenceEventRow>[] =>
    there.has(Number(sequence._id))
      ? rows.map((row) => ({ replaceOne: { filter: { _id: row._id }, replacement: row, upsert: true } }))
      : rows.map((row) => ({ insertOne: { document: row } })),
  );
  if (events.length === 0) return;
  await db.collection<SequenceEventRow>(SEQUENCE_EVENTS).bulkWrite(events, { session, ordered: false });
}

/** Of one that was on its way to the archive when somebody acted on it there may be a copy of what it was. */
async function dropCopies(
  db: Db,
  newer: readonly ChangedRows[],
  there: ReadonlyMap<number, CountedRow>,
  session: ClientSession,
): Promise<void> {
  for (const { sequence } of newer) {
    const before = there.get(Number(sequence._id));
    if (before?.handling.phase !== 'settled') continue;
    await removeFrom(db, archivePlace(monthOf(before)), [before], session);
  }
}

async function counted(
  db: Db,
  { sequences }: Place,
  changed: readonly ChangedRows[],
  session: ClientSession,
): Promise<Map<number, CountedRow>> {
  const found = await db
    .collection<CountedRow>(sequences)
    .find({ _id: { $in: changed.map(({ sequence }) => sequence._id) } }, { session, projection: LOOKED_AT })
    .toArray();
  return new Map(found.map((row) => [Number(row._id), row]));
}

/**
 * Somebody acts on a sequence that was settled: it is active again, where it will be written now. One that is archived
 * and not newer stays where it is.
 */
async function bringBack(
  db: Db,
  missing: readonly ChangedRows[],
  there: Map<number, CountedRow>,
  session: ClientSession,
): Promise<void> {
  // Outside of the transaction, which cannot list: a month that is made meanwhile has none of these, since who archives is who writes.
  for (const place of await archivePlaces(db)) {
    for (const [id, row] of await counted(db, place, missing, session)) {
      there.set(id, row);
      const changed = missing.find(({ sequence }) => Number(sequence._id) === id);
      if (changed === undefined || Number(row.handling.last) >= Number(changed.sequence.handling.last)) continue;
      await move(db, place, changed.sequence, session);
    }
  }
}

async function move(db: Db, from: Place, { _id, sequence_id }: SequenceRow, session: ClientSession): Promise<void> {
  // Numbers as they are, so that the row is the same when it is back.
  const as = { session, promoteLongs: false };
  const row = await db.collection<SequenceRow>(from.sequences).findOne({ _id }, as);
  if (row === null) return;
  await db.collection<SequenceRow>(SEQUENCES).insertOne(row, { session });
  const rows = await db.collection<SequenceEventRow>(from.events).find({ sequence_id }, as).toArray();
  if (rows.length > 0) await db.collection<SequenceEventRow>(SEQUENCE_EVENTS).insertMany(rows, { session });
  await removeFrom(db, from, [row], session);
}
