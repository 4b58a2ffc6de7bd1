/** A log of ordered sequences that the raw driver writes, before the server has looked at it. */
import type { Document } from 'mongodb';
import { ORDERED_SEQUENCES_LOG } from '../src/kernel/names';
import type { FloorCollection } from './floor';
import type { Context } from './measure';
import { numbered } from './saga-documents';
import { onSagas, sagaDatabase } from './saga-place';

/** Documents of one insert, and sequences whose documents are in memory at a time. */
const FILL_AT_ONCE = 1_000;

/**
 * @param documentsOf what the log says of the sequences from a number on, up to another, in order
 * @returns the log, whose `next` says how many entries it has
 */
export async function filledLog(
  context: Context,
  namespace: string,
  sequences: number,
  documentsOf: (from: number, to: number) => readonly Document[],
): Promise<FloorCollection> {
  // So that its namespace is there.
  await onSagas(context, namespace, () => Promise.resolve());
  const log = await context.floor.collection(ORDERED_SEQUENCES_LOG, sagaDatabase(namespace));
  for (let from = 0; from < sequences; from += FILL_AT_ONCE) {
    const documents = documentsOf(from, Math.min(from + FILL_AT_ONCE, sequences));
    for (let i = 0; i < documents.length; i += FILL_AT_ONCE) {
      const some = numbered(documents.slice(i, i + FILL_AT_ONCE), log.next);
      await log.insert(some);
      log.next += some.length;
    }
  }
  return log;
}
