/**
 * What a reducer needs of the user's MongoDB, as the `mongodb` driver has it. Their driver and not
 * ours: this package takes the shape and imports nothing, so any version of it will do.
 */

export type ModelDocument = Record<string, unknown>;

interface WriteConcern {
  readonly w: 'majority';
  readonly j: true;
}

export interface WriteOptions {
  readonly writeConcern: WriteConcern;
}

export interface ModelCollection {
  find(filter: ModelDocument): { toArray(): Promise<ModelDocument[]> };
  findOne(filter: ModelDocument): Promise<ModelDocument | null>;
  bulkWrite(operations: readonly ModelWrite[], options: WriteOptions & { readonly ordered: false }): Promise<unknown>;
  updateOne(
    filter: ModelDocument,
    update: ModelDocument | ModelDocument[],
    options: WriteOptions & { readonly upsert?: boolean },
  ): Promise<{ readonly matchedCount: number }>;
  deleteOne(filter: ModelDocument, options: WriteOptions): Promise<unknown>;
  rename(name: string, options: WriteOptions & { readonly dropTarget: true }): Promise<unknown>;
  drop(): Promise<unknown>;
}

export interface ModelDatabase {
  collection(name: string): ModelCollection;
}

export type ModelWrite =
  | { readonly insertOne: { readonly document: ModelDocument } }
  | {
      readonly replaceOne: {
        readonly filter: ModelDocument;
        readonly replacement: ModelDocument;
        readonly upsert: true;
      };
    };

/** What is acknowledged to Annals must not be rolled back by an election: it would not come again. */
export const DURABLE: WriteOptions = { writeConcern: { w: 'majority', j: true } };

/** MongoDB's code for a clash of unique keys, here always of `_id`. */
const DUPLICATE_KEY = 11_000;

/** MongoDB's code for a collection that isn't there. */
const NAMESPACE_NOT_FOUND = 26;

/** Which operations of a bulk write failed, by index, and whether by a clash; undefined when the error is about none in particular. */
export function writeErrorsOf(error: unknown): ReadonlyMap<number, { clash: boolean; error: Error }> | undefined {
  if (!(error instanceof Error) || !('writeErrors' in error)) return undefined;
  // The driver gives one or many of them.
  const all = [error.writeErrors].flat() as readonly { index: number; code: number; errmsg?: string }[];
  if (all.length === 0) return undefined;
  return new Map(
    all.map(({ index, code, errmsg }) => [
      index,
      { clash: code === DUPLICATE_KEY, error: new Error(errmsg ?? error.message, { cause: error }) },
    ]),
  );
}

export const isMissingCollection = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === NAMESPACE_NOT_FOUND;

/** The database is away for a moment: an election, a restart, a cut connection. */
export const isDatabaseAway = (error: unknown): boolean =>
  error instanceof Error &&
  (/^Mongo(Network|ServerSelection|NotConnected|Topology|PoolCleared|WaitQueue)/.test(error.name) ||
    RETRYABLE.some((label) => hasLabel(error, label)));

const RETRYABLE = ['RetryableWriteError', 'TransientTransactionError'];

interface Labelled {
  hasErrorLabel(label: string): boolean;
}

const hasLabel = (error: Error, label: string): boolean =>
  // The driver's errors have this method.
  'hasErrorLabel' in error && (error as Error & Labelled).hasErrorLabel(label);
