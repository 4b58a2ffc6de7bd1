/** What the server keeps of an observer, in its namespace's database. Every write of its owner names the epoch of its lease. */
import { Long, type ClientSession, type Collection, type Db, type MongoClient } from 'mongodb';
import type { EventFilter } from '../kernel/event-filter';
import type { GenerationWanted } from '../kernel/generation-wanted';
import { WRITE_CONCERN } from './insert-events';

export type PartitionBy =
  { readonly kind: 'source' } | { readonly kind: 'property'; readonly path: string } | { readonly kind: 'whole' };

export interface ObserverDefinition {
  readonly sequence: string;
  readonly filters: readonly EventFilter[];
  readonly partitionBy: PartitionBy;
  readonly content: 'json' | 'bson';
  /** Types whose latest generation is not the one wanted. */
  readonly generations: readonly GenerationWanted[];
  /** Every generation that is stored comes, too. */
  readonly allGenerations: boolean;
}

/** As it is stored: what was kept before there were generations says nothing of them. */
type StoredDefinition = Omit<ObserverDefinition, 'generations' | 'allGenerations'> &
  Partial<Pick<ObserverDefinition, 'generations' | 'allGenerations'>>;

export interface ReplayRecord {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly partition: string | undefined;
  /** Everything below it has been delivered again. */
  readonly position: number;
  readonly done: number;
  readonly total: number;
}

export interface ObserverRecord {
  readonly id: string;
  readonly definition: ObserverDefinition;
  /** Every matching event below it is handled or held. */
  readonly position: number;
  /** Partitions that are ahead of the position: the last number that each has handled. */
  readonly ahead: ReadonlyMap<string, number>;
  /** Numbers below it may have been delivered. */
  readonly deliveredBelow: number;
  readonly paused: boolean;
  readonly quarantined: boolean;
  readonly replay: ReplayRecord | undefined;
  /** Events handled a second, as last measured. */
  readonly rate: number;
}

export interface AttemptRecord {
  readonly at: Date;
  readonly number: number;
  readonly message: string;
  readonly stack: string;
}

export interface FailureRecord {
  readonly partition: string;
  /** The number that the partition stands at. */
  readonly heldFrom: number;
  readonly attemptCount: number;
  /** The latest ones. */
  readonly attempts: readonly AttemptRecord[];
  /** When it is tried again; absent when it is quarantined. */
  readonly nextRetry: Date | undefined;
}

/** A partition stands where the record says, or has caught up and has none any more. */
export type FailureChange = FailureRecord | { readonly partition: string; readonly caughtUp: true };

/** An owner wrote after its lease had passed to another. */
export class LostLease extends Error {
  override readonly name = 'LostLease';
}

interface ObserverDocument {
  readonly _id: string;
  readonly definition: StoredDefinition;
  readonly position: Long | number;
  readonly ahead: { readonly partition: string; readonly number: Long | number }[];
  readonly deliveredBelow: Long | number;
  readonly paused: boolean;
  readonly quarantined: boolean;
  readonly replay: ReplayRecord | null;
  readonly rate: number;
  readonly epoch: number;
  readonly updated: Date;
}

interface FailureDocument extends Omit<FailureRecord, 'partition' | 'nextRetry'> {
  readonly _id: { readonly observer: string; readonly partition: string };
  readonly nextRetry: Date | null;
}

export type ObserverChange = Partial<Omit<ObserverRecord, 'id'>>;

export class ObserverStore {
  readonly #observers: Collection<ObserverDocument>;
  readonly #failures: Collection<FailureDocument>;

  constructor(
    private readonly client: MongoClient,
    db: Db,
  ) {
    this.#observers = db.collection('observers');
    this.#failures = db.collection('observer-failures');
  }

  async list(): Promise<ObserverRecord[]> {
    return (await this.#observers.find().sort({ _id: 1 }).toArray()).map(recordOf);
  }

  async find(id: string): Promise<ObserverRecord | undefined> {
    const found = await this.#observers.findOne({ _id: id });
    return found === null ? undefined : recordOf(found);
  }

  /** Makes an observer unless it is there. */
  async create(id: string, definition: ObserverDefinition, position: number): Promise<ObserverRecord> {
    const record: ObserverRecord = {
      id,
      definition,
      position,
      ahead: new Map(),
      deliveredBelow: position,
      paused: false,
      quarantined: false,
      replay: undefined,
      rate: 0,
    };
    const { _id: _, ...fields } = documentOf(record);
    // The failures of one observer: at each start of its engine, and for lists.
    await this.#failures.createIndex({ '_id.observer': 1 });
    const found = await this.#observers.findOneAndUpdate(
      { _id: id },
      { $setOnInsert: { ...fields, epoch: 0, updated: new Date() } },
      { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    return found === null ? record : recordOf(found);
  }

  /** The new owner puts its epoch on the record: from here on an older owner's writes find nothing to change. */
  async fence(id: string, epoch: number): Promise<void> {
    const fenced = await this.#observers.updateOne(
      { _id: id, epoch: { $lte: epoch } },
      { $set: { epoch } },
      { writeConcern: WRITE_CONCERN },
    );
    if (fenced.matchedCount === 0) throw new LostLease(`observer ${id} has an owner with a later epoch than ${epoch}`);
  }

  /** @throws LostLease */
  async update(id: string, epoch: number, change: ObserverChange): Promise<void> {
    await this.#update(id, epoch, change);
  }

  async failures(id: string): Promise<FailureRecord[]> {
    const found = await this.#failures.find({ '_id.observer': id }).sort({ '_id.partition': 1 }).toArray();
    return found.map(({ _id, nextRetry, ...rest }) => ({
      ...rest,
      partition: _id.partition,
      nextRetry: nextRetry ?? undefined,
    }));
  }

  /** Which observers' partitions stand at these numbers of whatever sequence they observe. Failed partitions are few, so all are looked at. */
  async failuresAt(
    numbers: readonly number[],
  ): Promise<{ readonly observer: string; readonly failure: FailureRecord }[]> {
    const found = await this.#failures.find({ heldFrom: { $in: [...numbers] } }).toArray();
    return found.map(({ _id, nextRetry, ...rest }) => ({
      observer: _id.observer,
      failure: { ...rest, partition: _id.partition, nextRetry: nextRetry ?? undefined },
    }));
  }

  async failureCount(id: string): Promise<number> {
    return this.#failures.countDocuments({ '_id.observer': id });
  }

  /**
   * Puts what has become of failed partitions on record, in order, in one transaction with the check that
   * the lease is still held. @throws LostLease
   */
  async changeFailures(id: string, epoch: number, changes: readonly FailureChange[]): Promise<void> {
    const writes = changes.map((change) => {
      const _id = { observer: id, partition: change.partition };
      if ('caughtUp' in change) return { deleteOne: { filter: { _id } } };
      const { partition: _, nextRetry, ...fields } = change;
      return {
        replaceOne: { filter: { _id }, replacement: { ...fields, nextRetry: nextRetry ?? null }, upsert: true },
      };
    });
    await this.#fenced(id, epoch, async (session) => {
      await this.#failures.bulkWrite(writes, { session });
    });
  }

  async #fenced(id: string, epoch: number, write: (session: ClientSession) => Promise<void>): Promise<void> {
    const session = this.client.startSession();
    try {
      await session.withTransaction(
        async () => {
          await this.#update(id, epoch, {}, session);
          await write(session);
        },
        { writeConcern: WRITE_CONCERN },
      );
    } finally {
      await session.endSession();
    }
  }

  async #update(id: string, epoch: number, change: ObserverChange, session?: ClientSession): Promise<void> {
    const updated = await this.#observers.updateOne(
      { _id: id, epoch },
      { $set: { ...fieldsOf(change), updated: new Date() } },
      session === undefined ? { writeConcern: WRITE_CONCERN } : { session },
    );
    if (updated.matchedCount === 0) throw new LostLease(`observer ${id} is no longer owned with epoch ${epoch}`);
  }
}

function fieldsOf(change: ObserverChange): Partial<ObserverDocument> {
  const { ahead, position, deliveredBelow, replay, ...same } = change;
  return {
    ...same,
    ...(position === undefined ? {} : { position: Long.fromNumber(position) }),
    ...(deliveredBelow === undefined ? {} : { deliveredBelow: Long.fromNumber(deliveredBelow) }),
    ...(ahead === undefined
      ? {}
      : { ahead: [...ahead].map(([partition, number]) => ({ partition, number: Long.fromNumber(number) })) }),
    ...('replay' in change ? { replay: replay ?? null } : {}),
  };
}

function documentOf(record: ObserverRecord): Omit<ObserverDocument, 'epoch' | 'updated'> {
  const { id, ...change } = record;
  // Every field of the record is in the change, so every field of the document is made.
  return { _id: id, ...(fieldsOf(change) as Omit<ObserverDocument, '_id' | 'epoch' | 'updated'>) };
}

function recordOf(document: ObserverDocument): ObserverRecord {
  const { _id, definition, position, ahead, deliveredBelow, paused, quarantined, replay, rate } = document;
  return {
    id: _id,
    definition: definitionOf(definition),
    position: Number(position),
    ahead: new Map(ahead.map(({ partition, number }) => [partition, Number(number)])),
    deliveredBelow: Number(deliveredBelow),
    paused,
    quarantined,
    replay: replay === null ? undefined : { ...replay, partition: replay.partition ?? undefined },
    rate,
  };
}

function definitionOf({
  generations = [],
  allGenerations = false,
  ...definition
}: StoredDefinition): ObserverDefinition {
  // The database has null where there is nothing.
  const filters = definition.filters.map((filter) => ({ ...filter, correlationId: filter.correlationId ?? undefined }));
  return { ...definition, filters, generations, allGenerations };
}
