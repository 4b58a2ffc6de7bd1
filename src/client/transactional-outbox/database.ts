/**
 * What a transactional outbox needs of a service's MongoDB, as the `mongodb` driver has it. Their driver and
 * not ours, as for reducers: a transaction belongs to the client that began it.
 */

export type OutboxDocument = Record<string, unknown>;

/** A `ClientSession` of the driver. */
export interface OutboxSession {
  inTransaction(): boolean;
}

/** Handed to the driver as they are; what is `unknown` here it knows better. */
interface Settings {
  readonly session?: unknown;
  readonly writeConcern?: unknown;
  readonly readConcern?: unknown;
  readonly readPreference?: unknown;
  readonly raw?: boolean | undefined;
  readonly promoteValues?: boolean | undefined;
}

export interface OutboxCollection {
  find(
    filter: OutboxDocument,
    options?: Settings & {
      readonly sort?: unknown;
      readonly projection?: unknown;
      readonly limit?: number | undefined;
      readonly batchSize?: number | undefined;
    },
  ): AsyncIterable<OutboxDocument>;
  insertMany(documents: OutboxDocument[], options?: Settings): Promise<unknown>;
  findOneAndUpdate(
    filter: OutboxDocument,
    update: OutboxDocument[],
    options: Settings & { readonly upsert?: boolean; readonly returnDocument?: 'before' | 'after' },
  ): Promise<OutboxDocument | null>;
  updateOne(
    filter: OutboxDocument,
    update: OutboxDocument | OutboxDocument[],
    options?: Settings & { readonly upsert?: boolean },
  ): Promise<{ readonly matchedCount: number }>;
  updateMany(
    filter: OutboxDocument,
    update: OutboxDocument,
    options?: Settings,
  ): Promise<{ readonly matchedCount: number }>;
  deleteMany(filter: OutboxDocument, options?: Settings): Promise<{ readonly deletedCount: number }>;
  countDocuments(filter: OutboxDocument, options?: Settings): Promise<number>;
  createIndex(key: Record<string, 1>, options?: { readonly sparse?: boolean }): Promise<unknown>;
}

export interface OutboxDatabase {
  collection(name: string): OutboxCollection;
}

/** Whatever the service's client is set to, answers come as values. */
const AS_VALUES = { raw: false, promoteValues: true } as const;

/** In the transaction of the service, whose concerns hold. */
export const inTransaction = (session: OutboxSession) => ({ ...AS_VALUES, session });

/** Outside of it. A row that came back after an election would be appended again, for nothing. */
export const WRITING = { ...AS_VALUES, writeConcern: { w: 'majority', j: true } } as const;

/**
 * What an election can take back must not reach the log: an event of a state that never was. And an old
 * secondary would give rows out again that are long gone.
 */
export const READING = { ...AS_VALUES, readConcern: { level: 'majority' }, readPreference: 'primary' } as const;
