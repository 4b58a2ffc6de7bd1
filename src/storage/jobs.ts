/**
 * Long work, one document a job, in the `annals` database. What its owner writes names the epoch of its
 * lease, so that a server that has lost the job without knowing it changes nothing.
 */
import type { Collection, Document, MongoClient } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';
import { CATALOGUE_DATABASE } from './names';

export type JobState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type JobEndState = Exclude<JobState, 'waiting' | 'running'>;

export interface JobFinding {
  readonly message: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumbers: readonly number[];
}

export interface JobRecord {
  readonly id: string;
  readonly kind: string;
  readonly store: string;
  /** Empty: all. */
  readonly namespace: string;
  /** What it works on: a type or a constraint. */
  readonly subject: string;
  readonly state: JobState;
  /** Somebody wants it ended. */
  readonly cancelling: boolean;
  /** Events looked at, and about how many there are. */
  readonly done: number;
  readonly total: number;
  readonly created: Date;
  readonly started: Date | undefined;
  readonly ended: Date | undefined;
  /** How it ended, or what troubles it. */
  readonly message: string;
  readonly findings: readonly JobFinding[];
  /** Where whoever takes it over goes on; undefined: at the start. Plain data of its kind. */
  readonly checkpoint: unknown;
}

/** What a job is made with. */
export type NewJob = Pick<JobRecord, 'kind' | 'store' | 'namespace' | 'subject'>;

/** What its owner writes. */
export type JobChange = Partial<Pick<JobRecord, 'done' | 'total' | 'message' | 'findings' | 'checkpoint'>>;

/** An owner wrote after its lease had passed to another, or after the job had ended. */
export class LostJob extends Error {
  override readonly name = 'LostJob';
}

interface JobDocument extends Omit<JobRecord, 'id' | 'started' | 'ended'> {
  readonly _id: string;
  readonly started: Date | null;
  readonly ended: Date | null;
  readonly epoch: number;
}

const OPEN: Document = { $in: ['waiting', 'running'] };

export class JobStore {
  readonly #jobs: Collection<JobDocument>;
  #indexed: Promise<unknown> | undefined;

  constructor(client: MongoClient) {
    this.#jobs = client.db(CATALOGUE_DATABASE).collection('jobs');
  }

  async create(id: string, job: NewJob): Promise<JobRecord> {
    // Open jobs: every server looks for them once a second.
    this.#indexed ??= this.#jobs.createIndex({ state: 1 });
    await this.#indexed;
    const record: JobDocument = {
      _id: id,
      ...job,
      state: 'waiting',
      cancelling: false,
      done: 0,
      total: 0,
      created: new Date(),
      started: null,
      ended: null,
      message: '',
      findings: [],
      checkpoint: null,
      epoch: 0,
    };
    await this.#jobs.insertOne(record, { writeConcern: WRITE_CONCERN });
    return recordOf(record);
  }

  /** The jobs of a store, the newest first. */
  async list(store: string): Promise<JobRecord[]> {
    const found = this.#jobs.find({ store }, { readConcern: READ_CONCERN }).sort({ created: -1, _id: -1 });
    return (await found.toArray()).map(recordOf);
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const found = await this.#jobs.findOne({ _id: id }, { readConcern: READ_CONCERN });
    return found === null ? undefined : recordOf(found);
  }

  /** Jobs that wait or run, the oldest first. */
  async open(): Promise<JobRecord[]> {
    return (await this.#jobs.find({ state: OPEN }).sort({ created: 1, _id: 1 }).toArray()).map(recordOf);
  }

  /** The new owner puts its epoch on the job: from here on an older owner's writes find nothing. Undefined: it has ended. */
  async take(id: string, epoch: number): Promise<JobRecord | undefined> {
    const taken = await this.#jobs.findOneAndUpdate(
      { _id: id, state: OPEN, epoch: { $lte: epoch } },
      [{ $set: { epoch, state: 'running', started: { $ifNull: ['$started', new Date()] } } }],
      { returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    return taken === null ? undefined : recordOf(taken);
  }

  /** Returns whether somebody wants it ended. @throws LostJob */
  async update(id: string, epoch: number, change: JobChange): Promise<boolean> {
    return (await this.#write(id, epoch, change)).cancelling;
  }

  /** @throws LostJob */
  async end(id: string, epoch: number, state: JobEndState, change: JobChange): Promise<void> {
    await this.#write(id, epoch, { ...change, state, ended: new Date(), checkpoint: null });
  }

  /** Asks for its end, which its owner sees with its next write. Undefined: there is no such job. One that has ended stays as it is. */
  async cancel(id: string): Promise<JobRecord | undefined> {
    await this.#jobs.updateOne(
      { _id: id, state: OPEN },
      { $set: { cancelling: true } },
      { writeConcern: WRITE_CONCERN },
    );
    return this.find(id);
  }

  /** Removes those that ended before a time. Returns their ids. */
  async removeEnded(before: Date): Promise<string[]> {
    const ended = { ended: { $ne: null, $lt: before } };
    const ids = (await this.#jobs.find(ended, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id);
    if (ids.length > 0) await this.#jobs.deleteMany({ _id: { $in: ids }, ...ended });
    return ids;
  }

  async #write(id: string, epoch: number, fields: Partial<JobDocument>): Promise<JobDocument> {
    const written = await this.#jobs.findOneAndUpdate(
      { _id: id, epoch, state: 'running' },
      { $set: fields },
      { returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    if (written === null) throw new LostJob(`job ${id} is no longer run with epoch ${epoch}`);
    return written;
  }
}

function recordOf({ _id, epoch: _, started, ended, checkpoint, ...same }: JobDocument): JobRecord {
  return {
    id: _id,
    ...same,
    started: started ?? undefined,
    ended: ended ?? undefined,
    checkpoint: checkpoint ?? undefined,
  };
}
