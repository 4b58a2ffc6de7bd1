/**
 * What the server keeps of a link, in the target namespace's database: the link with its checkpoint, the
 * partitions that are held, and what was skipped. Every write of its owner names the epoch of its lease,
 * and the checkpoint moves in the transaction of the append that it is the checkpoint of.
 */
import { Binary, Long, type ClientSession, type Collection, type Db, type MongoClient } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';
import { WRITE_CONCERN } from './insert-events';
import { LostLease } from './observers';
import {
  documentOf,
  holdDocument,
  holdOf,
  recordOf,
  type HoldDocument,
  type LinkDocument,
  type SkipDocument,
} from './link-documents';
import type { HoldRecord, LinkRecord, LinkStatus, SkipRecord, SourceAnchor } from './link-records';

/** Where the link goes to with one step: all of it, or nothing. */
export interface LinkStep {
  /** The step is made from this position and no other; a second attempt of the same step finds nothing. */
  readonly from: number;
  readonly position: number;
  readonly anchor: SourceAnchor | undefined;
  /** Events that the step puts into the inbox, or finds there. */
  readonly relayed: number;
  readonly newHolds: readonly HoldRecord[];
  /** By partition, how many events more it holds. */
  readonly heldMore: ReadonlyMap<string, number>;
  readonly skips: readonly SkipRecord[];
}

/** Where held partitions go to with one step of a redrive: on to other numbers, or out of the list. */
export interface RedriveStep {
  readonly moves: readonly HoldMove[];
  readonly relayed: number;
  readonly skips: readonly SkipRecord[];
}

export interface HoldMove {
  /** The hold as it was: it is moved from its `from` and no other. */
  readonly before: HoldRecord;
  /** Absent: the partition is no longer held. */
  readonly after: HoldRecord | undefined;
}

export class LinkStore {
  readonly #links: Collection<LinkDocument>;
  readonly #holds: Collection<HoldDocument>;
  readonly #skips: Collection<SkipDocument>;
  readonly #sources: Collection<{ readonly _id: string; readonly deployment: string }>;

  constructor(
    private readonly client: MongoClient,
    db: Db,
  ) {
    this.#links = db.collection('links');
    this.#holds = db.collection('link-holds');
    this.#skips = db.collection('link-skips');
    this.#sources = db.collection('link-sources');
  }

  async list(): Promise<LinkRecord[]> {
    return (await this.#links.find().sort({ _id: 1 }).toArray()).map(recordOf);
  }

  async find(id: string): Promise<LinkRecord | undefined> {
    const found = await this.#links.findOne({ _id: id });
    return found === null ? undefined : recordOf(found);
  }

  /** Makes a link unless it is there. */
  async create(record: LinkRecord, maskKey: Buffer): Promise<LinkRecord> {
    // A transaction cannot make collections everywhere, nor should a relay's step wait for one.
    await this.#holds.createIndex({ '_id.link': 1 });
    // Skips of a range of source numbers, for a proof.
    await this.#skips.createIndex({ '_id.link': 1, '_id.number': 1 });
    const { _id, ...fields } = documentOf(record, maskKey);
    const made = await this.#links.findOneAndUpdate(
      { _id },
      { $setOnInsert: fields },
      { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    return made === null ? record : recordOf(made);
  }

  /** The link's secret, by which masked values are hashed. No call tells it. */
  async maskKey(id: string): Promise<Buffer> {
    const found = await this.#links.findOne({ _id: id }, { projection: { maskKey: 1 } });
    return Buffer.from((found?.maskKey ?? new Binary()).buffer);
  }

  async remove(id: string, epoch: number): Promise<void> {
    await this.#fenced(id, epoch, async (session) => {
      await this.#holds.deleteMany({ '_id.link': id }, { session });
      await this.#skips.deleteMany({ '_id.link': id }, { session });
      await this.#links.deleteOne({ _id: id, epoch }, { session });
    });
  }

  /** The new owner puts its epoch on the record: from here on an older owner's writes find nothing to change. */
  async fence(id: string, epoch: number): Promise<boolean> {
    const fenced = await this.#links.updateOne(
      { _id: id, epoch: { $lte: epoch } },
      { $set: { epoch } },
      { writeConcern: WRITE_CONCERN },
    );
    return fenced.matchedCount === 1;
  }

  /** What people see of it and what they asked of it. @throws LostLease */
  async update(id: string, epoch: number, change: Partial<LinkStatus>): Promise<void> {
    const { sourceTail, ...rest } = change;
    const set = { ...rest, ...('sourceTail' in change ? { sourceTail: longOrNull(sourceTail) } : {}) };
    const updated = await this.#links.updateOne({ _id: id, epoch }, { $set: set }, { writeConcern: WRITE_CONCERN });
    if (updated.matchedCount === 0) throw lostLease(id, epoch);
  }

  /** A person puts the link somewhere else, or takes another deployment for its source. @throws LostLease */
  async reset(
    id: string,
    epoch: number,
    to: { readonly position?: number; readonly sourceDeployment?: string },
  ): Promise<void> {
    const { position, sourceDeployment } = to;
    const set = {
      ...(position === undefined ? {} : { position: Long.fromNumber(position), anchor: null }),
      ...(sourceDeployment === undefined ? {} : { sourceDeployment }),
    };
    const updated = await this.#links.updateOne({ _id: id, epoch }, { $set: set }, { writeConcern: WRITE_CONCERN });
    if (updated.matchedCount === 0) throw lostLease(id, epoch);
  }

  /** Makes the step on the session's transaction. False: the link is owned by somebody else, or stands elsewhere. */
  async step(id: string, epoch: number, step: LinkStep, session: ClientSession): Promise<boolean> {
    const moved = await this.#links.updateOne(
      { _id: id, epoch, position: Long.fromNumber(step.from) },
      {
        $set: {
          position: Long.fromNumber(step.position),
          ...(step.anchor === undefined
            ? {}
            : { anchor: { ...step.anchor, number: Long.fromNumber(step.anchor.number) } }),
        },
        $inc: { 'counters.relayed': step.relayed, 'counters.skipped': step.skips.length },
      },
      { session },
    );
    if (moved.matchedCount === 0) return false;
    const holds = [
      ...step.newHolds.map((hold) => ({ insertOne: { document: holdDocument(id, hold) } })),
      ...[...step.heldMore].map(([partition, more]) => ({
        updateOne: { filter: { _id: { link: id, partition } }, update: { $inc: { events: more } } },
      })),
    ];
    if (holds.length > 0) await this.#holds.bulkWrite(holds, { session });
    await this.#keepSkips(id, step.skips, session);
    return true;
  }

  /** Holds the link on the session's transaction without a step. False: it is owned by somebody else. */
  async hold(id: string, epoch: number, session: ClientSession): Promise<boolean> {
    const held = await this.#links.updateOne({ _id: id, epoch }, { $currentDate: { lastPart: true } }, { session });
    return held.matchedCount === 1;
  }

  /**
   * Moves held partitions on the session's transaction. False: the link is owned by somebody else.
   * @throws AnnalsError LEASE_LOST when one of them stands elsewhere; then the transaction must not be committed
   */
  async redriven(id: string, epoch: number, step: RedriveStep, session: ClientSession): Promise<boolean> {
    const counted = await this.#links.updateOne(
      { _id: id, epoch },
      { $inc: { 'counters.relayed': step.relayed, 'counters.skipped': step.skips.length } },
      { session },
    );
    if (counted.matchedCount === 0) return false;
    const writes = step.moves.map(({ before, after }) => {
      const filter = { _id: { link: id, partition: before.partition }, from: Long.fromNumber(before.from) };
      if (after === undefined) return { deleteOne: { filter } };
      const { _id: _, ...replacement } = holdDocument(id, after);
      return { replaceOne: { filter, replacement } };
    });
    if (writes.length > 0) {
      const { deletedCount, matchedCount } = await this.#holds.bulkWrite(writes, { session });
      if (deletedCount + matchedCount < writes.length) throw new AnnalsError('LEASE_LOST');
    }
    await this.#keepSkips(id, step.skips, session);
    return true;
  }

  /** A step that appends nothing, in a transaction of its own. */
  async alone(write: (session: ClientSession) => Promise<boolean>): Promise<boolean> {
    return this.client.withSession(async (session) =>
      session.withTransaction(async () => write(session), { writeConcern: WRITE_CONCERN }),
    );
  }

  async holds(id: string): Promise<HoldRecord[]> {
    return (await this.#holds.find({ '_id.link': id }).sort({ from: 1 }).toArray()).map(holdOf);
  }

  /** What is held: partitions, and the events that wait in them. */
  async heldCounts(id: string): Promise<{ partitions: number; events: number }> {
    const [sums] = await this.#holds
      .aggregate<{ partitions: number; events: number }>([
        { $match: { '_id.link': id } },
        { $group: { _id: null, partitions: { $sum: 1 }, events: { $sum: '$events' } } },
      ])
      .toArray();
    return { partitions: sums?.partitions ?? 0, events: sums?.events ?? 0 };
  }

  /** What was skipped of the source numbers `from` to `to`, inclusive. */
  async skips(id: string, from: number, to: number): Promise<SkipRecord[]> {
    const range = { $gte: Long.fromNumber(from), $lte: Long.fromNumber(to) };
    const found = await this.#skips.find({ '_id.link': id, '_id.number': range }).sort({ '_id.number': 1 }).toArray();
    return found.map(({ _id, ...rest }) => ({ number: Number(_id.number), ...rest }));
  }

  /** Counts what was found in the inbox already: told to people, and nothing hangs on it. */
  async countDuplicates(id: string, epoch: number, duplicates: number): Promise<void> {
    await this.#links.updateOne({ _id: id, epoch }, { $inc: { 'counters.duplicates': duplicates } });
  }

  /**
   * An origin names its source by store, namespace and sequence. So for each such name there can be one
   * deployment for ever: says which, and that it is `deployment` when none was known before.
   */
  async sourceDeployment(source: string, deployment: string): Promise<string> {
    const known = await this.#sources.findOneAndUpdate(
      { _id: source },
      { $setOnInsert: { deployment } },
      { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    return known?.deployment ?? deployment;
  }

  /** The deployment that a name stands for, when one is known. */
  async knownDeployment(source: string): Promise<string | undefined> {
    return (await this.#sources.findOne({ _id: source }))?.deployment;
  }

  /** A person says that the source has moved. */
  async acceptDeployment(source: string, deployment: string): Promise<void> {
    await this.#sources.updateOne({ _id: source }, { $set: { deployment } }, { writeConcern: WRITE_CONCERN });
  }

  async #keepSkips(id: string, skips: readonly SkipRecord[], session: ClientSession): Promise<void> {
    if (skips.length === 0) return;
    const writes = skips.map(({ number, ...rest }) => {
      const _id = { link: id, number: Long.fromNumber(number) };
      return { replaceOne: { filter: { _id }, replacement: rest, upsert: true } };
    });
    await this.#skips.bulkWrite(writes, { session });
  }

  async #fenced(id: string, epoch: number, write: (session: ClientSession) => Promise<void>): Promise<void> {
    await this.alone(async (session) => {
      const touched = await this.#links.updateOne({ _id: id, epoch }, { $set: { epoch } }, { session });
      if (touched.matchedCount === 0) throw lostLease(id, epoch);
      await write(session);
      return true;
    });
  }
}

const longOrNull = (number: number | undefined): Long | null => (number === undefined ? null : Long.fromNumber(number));

const lostLease = (id: string, epoch: number): LostLease =>
  new LostLease(`link ${id} is no longer owned with epoch ${epoch}`);
