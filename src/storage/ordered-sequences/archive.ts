/**
 * Moves settled sequences to the collections of their month: copied, verified byte for byte, then removed. Whatever is
 * killed between two steps, each is found: until it is removed it is active, and the same steps are made again. A lookup
 * that sees both copies takes one.
 */
import { Long, type ClientSession, type Db, type MongoClient } from 'mongodb';
import { READ_CONCERN } from '../find-events';
import { WRITE_CONCERN } from '../insert-events';
import { ACTIVE, archivePlace, ensurePlace, monthOf, SEQUENCE_EVENTS, SEQUENCES, type Place } from './collections';
import type { SequenceEventRow, SequenceRow } from './row-types';

/** Between any two of them a crash must do no harm; tests stop there. */
export const ARCHIVE_STEPS = ['made', 'events copied', 'sequences copied', 'verified', 'removed'] as const;
export type ArchiveStep = (typeof ARCHIVE_STEPS)[number];

/** Sequences that are moved at once: their removal is one short transaction. */
export const ARCHIVED_AT_ONCE = 500;

/** A copy is not what it was copied from: nothing was removed. */
export class ArchiveDiffers extends Error {
  override readonly name = 'ArchiveDiffers';
}

type Settled = Pick<SequenceRow, '_id' | 'sequence_id' | 'created_at' | 'updated_at' | 'completed_at'> & {
  readonly handling: { readonly last: Long | number };
};

/**
 * Moves some of those that are settled.
 * @param position the checkpoint: what the log says beyond it may have to be read again, so it stays active
 * @param after is told each step that is done, for each month
 * @returns how many were moved; 0: there are no more
 * @throws ArchiveDiffers
 */
export async function archiveSettled(
  client: MongoClient,
  db: Db,
  position: number,
  after: (step: ArchiveStep) => Promise<void> | void = () => undefined,
): Promise<number> {
  const settled = await db
    .collection<SequenceRow>(SEQUENCES)
    .find<Settled>(
      { 'handling.phase': 'settled', 'handling.last': { $lt: Long.fromNumber(position) } },
      {
        projection: { sequence_id: 1, created_at: 1, updated_at: 1, completed_at: 1, 'handling.last': 1 },
        readConcern: READ_CONCERN,
      },
    )
    .sort({ _id: -1 })
    .limit(ARCHIVED_AT_ONCE)
    .toArray();
  for (const month of new Set(settled.map(monthOf))) {
    const rows = settled.filter((row) => monthOf(row) === month);
    await archiveMonth(client, db, archivePlace(month), rows, after);
  }
  return settled.length;
}

async function archiveMonth(
  client: MongoClient,
  db: Db,
  to: Place,
  rows: readonly Settled[],
  after: (step: ArchiveStep) => Promise<void> | void,
): Promise<void> {
  await ensurePlace(db, to);
  await after('made');
  const bySequence = { sequence_id: { $in: rows.map(({ sequence_id }) => sequence_id) } };
  // The events' first: whoever finds a sequence in the archive finds its events there.
  await copy(db, SEQUENCE_EVENTS, to.events, bySequence);
  await after('events copied');
  await copy(db, SEQUENCES, to.sequences, bySequence);
  await after('sequences copied');
  await verify(db, SEQUENCES, to.sequences, bySequence);
  await verify(db, SEQUENCE_EVENTS, to.events, bySequence);
  await after('verified');
  await remove(client, db, to, rows);
  await after('removed');
}

/** Within the database; a copy that was made before is replaced. */
async function copy(db: Db, from: string, into: string, match: object): Promise<void> {
  const merge = { $merge: { into, whenMatched: 'replace', whenNotMatched: 'insert' } };
  await db
    .collection(from)
    .aggregate([{ $match: match }, merge], { writeConcern: WRITE_CONCERN })
    .toArray();
}

/** Every document has the same bytes in both, and there are as many. */
async function verify(db: Db, from: string, into: string, match: object): Promise<void> {
  const read = (collection: string) =>
    db.collection(collection).find(match, { raw: true, readConcern: READ_CONCERN }).sort({ _id: 1 });
  const copies = read(into);
  try {
    for await (const original of read(from)) {
      const one: unknown = await copies.next();
      // A raw document is a Buffer, whatever its type says.
      if (!Buffer.isBuffer(one) || !one.equals(original as unknown as Buffer)) {
        throw new ArchiveDiffers(`a document of ${from} is not the same in ${into}`);
      }
    }
    if ((await copies.next()) !== null) throw new ArchiveDiffers(`${into} has documents that ${from} has not`);
  } finally {
    await copies.close();
  }
}

/** Those that are as they were copied. One that somebody has acted on meanwhile stays, and its copy goes. */
async function remove(client: MongoClient, db: Db, to: Place, rows: readonly Settled[]): Promise<void> {
  const copied = new Map(rows.map(({ _id, handling }) => [Number(_id), Number(handling.last)]));
  const wanted = { _id: { $in: rows.map(({ _id }) => _id) } };
  const projection = { sequence_id: 1, 'handling.last': 1 };
  const removal = async (session: ClientSession) => {
    const there = await db
      .collection<SequenceRow>(ACTIVE.sequences)
      .find<Settled>(wanted, { session, projection })
      .toArray();
    const same = there.filter(({ _id, handling }) => copied.get(Number(_id)) === Number(handling.last));
    await removeFrom(db, ACTIVE, same, session);
    await removeFrom(
      db,
      to,
      there.filter((row) => !same.includes(row)),
      session,
    );
  };
  await client.withSession(async (session) =>
    session.withTransaction(async () => removal(session), { writeConcern: WRITE_CONCERN }),
  );
}

/** With all their events, on the session's transaction. */
export async function removeFrom(
  db: Db,
  { sequences, events }: Place,
  rows: readonly Pick<SequenceRow, 'sequence_id'>[],
  session: ClientSession,
): Promise<void> {
  if (rows.length === 0) return;
  const theirs = { sequence_id: { $in: rows.map(({ sequence_id }) => sequence_id) } };
  await db.collection<SequenceEventRow>(events).deleteMany(theirs, { session });
  await db.collection<SequenceRow>(sequences).deleteMany(theirs, { session });
}
