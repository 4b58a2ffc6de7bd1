/** Opens the rows of ordered sequences, or drops all that is made from their log so that it can be made again. */
import type { Db } from 'mongodb';
import { beginDrop, endDrop, readCheckpoint, type Checkpoint } from './checkpoint';
import { dropRows, ensureCollections } from './collections';

/**
 * The rows are made into the same collections again. While that goes on lookups tell what there is already: a rebuild is
 * asked for when the rows are not to be trusted, so keeping them to answer from would serve nobody.
 */
export async function resetRows(db: Db): Promise<void> {
  const generation = await beginDrop(db);
  await dropRows(db);
  await endDrop(db, generation);
}

/** Makes what is missing, and ends a drop that was interrupted. */
export async function openRows(db: Db): Promise<Checkpoint> {
  await ensureCollections(db);
  const checkpoint = await readCheckpoint(db);
  if (!checkpoint.dropping) return checkpoint;
  await resetRows(db);
  return readCheckpoint(db);
}
