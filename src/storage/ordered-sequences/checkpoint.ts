/**
 * The number of the log of ordered sequences below which everything is in the rows. It moves in the transaction that
 * writes the rows, so that whatever is killed, what is read again from it changes nothing twice.
 */
import { Long, type ClientSession, type Collection, type Db } from 'mongodb';
import { WRITE_CONCERN } from '../insert-events';
import { CHECKPOINT, PROJECTIONS } from './collections';
import type { StoredNumber } from './row-types';

interface CheckpointDocument {
  readonly _id: string;
  readonly position: StoredNumber;
  /** How often the rows were dropped: who opened them before a drop must not write to what is made after it. */
  readonly generation: number;
  /** They are being dropped: nothing in them counts until they are. */
  readonly dropping: boolean;
}

export interface Checkpoint {
  /** The first number that is not in the rows. */
  readonly position: number;
  readonly generation: number;
  readonly dropping: boolean;
}

/** The rows were dropped since they were opened, to be made again by somebody else. */
export class RowsDropped extends Error {
  override readonly name = 'RowsDropped';
}

const collection = (db: Db): Collection<CheckpointDocument> => db.collection(PROJECTIONS);

const BEGINNING = Long.fromNumber(0);

/** Made when there is none. */
export async function readCheckpoint(db: Db): Promise<Checkpoint> {
  const found = await collection(db).findOneAndUpdate(
    { _id: CHECKPOINT },
    { $setOnInsert: { position: BEGINNING, generation: 0, dropping: false } },
    { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
  );
  const { position, generation, dropping } = found ?? { position: 0, generation: 0, dropping: false };
  return { position: Number(position), generation, dropping };
}

/**
 * Moves it on the session's transaction; it never moves back. All who write rows write this one document, so that those
 * of two servers, one of which has lost its lease, come one after the other.
 * @returns where it was
 * @throws RowsDropped
 */
export async function moveCheckpoint(
  db: Db,
  generation: number,
  position: number,
  session: ClientSession,
): Promise<number> {
  const before = await collection(db).findOneAndUpdate(
    { _id: CHECKPOINT, generation, dropping: false },
    { $max: { position: Long.fromNumber(position) } },
    { returnDocument: 'before', session },
  );
  if (before === null) throw new RowsDropped('the rows of ordered sequences were dropped');
  return Number(before.position);
}

/** From here on, whatever is killed, the drop is ended by whoever opens the rows next. @returns the generation to come */
export async function beginDrop(db: Db): Promise<number> {
  const begun = await collection(db).findOneAndUpdate(
    { _id: CHECKPOINT },
    { $set: { position: BEGINNING, dropping: true }, $inc: { generation: 1 } },
    { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
  );
  return begun?.generation ?? 1;
}

export async function endDrop(db: Db, generation: number): Promise<void> {
  // Unless somebody has begun another one meanwhile, who then ends it.
  await collection(db).updateOne(
    { _id: CHECKPOINT, generation },
    { $set: { dropping: false } },
    { writeConcern: WRITE_CONCERN },
  );
}
