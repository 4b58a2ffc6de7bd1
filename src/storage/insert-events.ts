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

/** What is written in the same transaction as the events. It rejects with AlongFailed when it is known what of it failed. */
export type Along = (session: ClientSession) => Promise<void>;

/** Something that goes along with the events was not written, so they are not either. */
export class AlongFailed extends Error {
  /** @param at the place among the documents of the append that it belongs to. */
  constructor(
    readonly at: number,
    override readonly cause: unknown,
  ) {
    super(`what goes along with document ${at} was not written`);
  }
}

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
 * When what goes along fails the session is ended, see below.
 */
export async function insertEventsAtomically(
  db: Db,
  collection: string,
  documents: readonly Buffer[],
  session: ClientSession,
  along?: Along,
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
    return uncommitted(outcomeOfError(error));
  }
  const failed = along === undefined ? undefined : await failureAlong(along, session);
  if (failed !== undefined) return failed;
  try {
    await session.commitTransaction();
    return { kind: 'committed' };
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** Uncommitted, so nothing was recorded, and nothing can be: nobody will commit it. */
const uncommitted = (outcome: InsertOutcome): InsertOutcome =>
  outcome.kind === 'unknown' ? { ...outcome, sent: false } : outcome;

/** Writes what goes along. Undefined: it is written, and waits for the commit. */
async function failureAlong(along: Along, session: ClientSession): Promise<InsertOutcome | undefined> {
  try {
    await givenUpInTime(async (signal) => Promise.race([along(session), givenUp(signal)]));
    return undefined;
  } catch (error) {
    await abortQuietly(session);
    // What was given up may still be writing. On this session it would write into the next transaction, or
    // outside of any; on one that has ended it cannot write at all. Attempts before this one have been
    // overtaken by it, since the database has answered its insert.
    await session.endSession();
    return outcomeAlong(error);
  }
}

function outcomeAlong(error: unknown): InsertOutcome {
  const { at, cause } = error instanceof AlongFailed ? error : { at: 0, cause: error };
  if (!(cause instanceof Error)) throw cause;
  // Another transaction has written the same beside us: whoever checks again sees it.
  if (cause instanceof MongoServerError && cause.code === DUPLICATE_KEY) return { kind: 'clash', at: 0, key: 'number' };
  // What the database would not do now it would not do the next time either, and nobody behind it would get a turn.
  return mayPass(cause) ? uncommitted(outcomeOfError(cause)) : { kind: 'refused', at, error: cause };
}

/** The database was away, or others were in the way: the next attempt may go through. */
const mayPass = (error: Error): boolean =>
  error instanceof MongoServerError
    ? error.code === WRITE_CONFLICT || error.hasErrorLabel('TransientTransactionError')
    : error instanceof MongoError;

/** An abort that fails leaves a transaction that the next one on the session, or its time limit, ends. */
const abortQuietly = (session: ClientSession): Promise<void> => session.abortTransaction().catch(() => undefined);

async function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

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
