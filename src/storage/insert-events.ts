/**
 * Inserts a group of events with numbers, and says exactly what became of them.
 *
 * One ordered `insert` command: `insertMany` would hide which index was hit. The documents go to the
 * wire as the bytes they are, in an OP_MSG document sequence. The driver keeps that class to itself,
 * so insert-events.test.ts holds it to what is used here. The command is never retried by the driver.
 */
import type { ClientSession, Db, Document } from 'mongodb';
import { MongoError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { makeDocumentSequence } from 'mongodb/lib/cmap/commands';
import { givenUpInTime } from './deployment';
import { EVENT_ID_KEY } from './event-collections';

/** What an acknowledgement stands on: a majority has the write in its journal. */
export const WRITE_CONCERN = { w: 'majority', j: true } as const;

export type InsertOutcome =
  /** All are recorded for good. */
  | { readonly kind: 'committed' }
  /** Documents before `at` are recorded for good; the one at `at` met a document with the same key, and nothing after it was tried. */
  | { readonly kind: 'clash'; readonly at: number; readonly key: 'number' | 'event-id' }
  /** Another transaction holds one of the keys at this moment; nothing was recorded. */
  | { readonly kind: 'contended' }
  /** Documents before `at` are recorded for good; the one at `at` was refused, and nothing after it was tried. */
  | { readonly kind: 'refused'; readonly at: number; readonly error: Error }
  /** The database did not say. `sent`: some of it may be recorded, now or later. */
  | { readonly kind: 'unknown'; readonly sent: boolean; readonly error: Error };

const DUPLICATE_KEY = 11000;
const WRITE_CONFLICT = 112;

/**
 * Errors of the command as a whole after which nothing was written and never will be: the database
 * understood the command and would not do it. Any other leaves the outcome open.
 */
const DEFINITE_REFUSALS: ReadonlySet<number> = new Set([
  2, // BadValue
  9, // FailedToParse
  13, // Unauthorized
  18, // AuthenticationFailed
  20, // IllegalOperation: a transaction on a standalone, which --unsafe lets in
  22, // InvalidBSON
  72, // InvalidOptions
  73, // InvalidNamespace
  10334, // BSONObjectTooLarge
]);

interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg?: string;
  readonly keyPattern?: Document;
}

/** Inserts in order, each event for itself: what comes before an error stays. */
export async function insertEvents(db: Db, collection: string, documents: readonly Buffer[]): Promise<InsertOutcome> {
  try {
    const command = { ...insertCommand(collection, documents), writeConcern: WRITE_CONCERN };
    return outcomeOf(await givenUpInTime((signal) => db.command(command, { signal })));
  } catch (error) {
    return outcomeOfError(error);
  }
}

/**
 * Inserts all or nothing, in one transaction on `session`. Sent again on the same session, an
 * attempt that is still on its way is overtaken: the database refuses its older transaction number.
 */
export async function insertEventsAtomically(
  db: Db,
  collection: string,
  documents: readonly Buffer[],
  session: ClientSession,
): Promise<InsertOutcome> {
  session.startTransaction({ writeConcern: WRITE_CONCERN });
  try {
    const command = insertCommand(collection, documents);
    const outcome = outcomeOf(await givenUpInTime((signal) => db.command(command, { session, signal })));
    if (outcome.kind !== 'committed') {
      await abortQuietly(session);
      return outcome;
    }
  } catch (error) {
    await abortQuietly(session);
    const outcome = outcomeOfError(error);
    // Uncommitted, so nothing was recorded, and nothing can be: nobody will commit it.
    return outcome.kind === 'unknown' ? { ...outcome, sent: false } : outcome;
  }
  try {
    await session.commitTransaction();
    return { kind: 'committed' };
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** An abort that fails leaves a transaction that the next one on the session, or its time limit, ends. */
const abortQuietly = (session: ClientSession): Promise<void> => session.abortTransaction().catch(() => undefined);

function insertCommand(collection: string, documents: readonly Buffer[]): Document {
  // The driver reads only the buffers; the objects beside them serve its bulk results, which are not used.
  const empty = documents.map(() => ({}));
  return { insert: collection, ordered: true, documents: makeDocumentSequence('documents', empty, documents) };
}

/** What the answer to an insert command says. */
export function outcomeOf(reply: Document): InsertOutcome {
  // Without the majority's word even what was written may be rolled back.
  const concern = reply['writeConcernError'] as { errmsg?: string } | undefined;
  if (concern !== undefined) {
    return { kind: 'unknown', sent: true, error: new MongoError(concern.errmsg ?? 'write concern failed') };
  }
  const first = (reply['writeErrors'] as WriteError[] | undefined)?.[0];
  if (first === undefined) return { kind: 'committed' };
  if (first.code === WRITE_CONFLICT) return { kind: 'contended' };
  if (first.code !== DUPLICATE_KEY) {
    return { kind: 'refused', at: first.index, error: new MongoError(first.errmsg ?? `code ${first.code}`) };
  }
  const onEventId = first.keyPattern !== undefined && EVENT_ID_KEY in first.keyPattern;
  return { kind: 'clash', at: first.index, key: onEventId ? 'event-id' : 'number' };
}

function outcomeOfError(error: unknown): InsertOutcome {
  if (!(error instanceof Error)) throw error;
  if (error instanceof MongoServerSelectionError) return { kind: 'unknown', sent: false, error };
  if (error instanceof MongoServerError && error.code !== undefined) {
    if (error.code === WRITE_CONFLICT) return { kind: 'contended' };
    if (DEFINITE_REFUSALS.has(Number(error.code))) return { kind: 'refused', at: 0, error };
  }
  return { kind: 'unknown', sent: true, error };
}
