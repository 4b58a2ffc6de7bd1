import { newId } from '../../kernel/ids';
import { DURABLE, type ModelCollection, type ModelDatabase } from './database';

/**
 * What is known of a rebuild, in the user's database beside the model: how far it is, who works on it,
 * and what a crash left to be done. It has one owner at a time, by the database's clock.
 */

/** Where the records are: one document for each collection that a reducer has. */
const RECORDS = 'annals.rebuilds';

/** How long an owner may be silent before another takes over, in ms: longer than an election. */
export const OWNED_FOR_MS = 15_000;

/** `building`: the new model is not complete. `swapping`: the observer is, or will be, paused by us. */
export type Phase = 'none' | 'building' | 'swapping';

export interface RebuildState {
  readonly phase: Phase;
  /** The new model's collection. */
  readonly into: string;
  readonly version: string | undefined;
  /** Events below it are in the new model. */
  readonly position: number;
  /** Whether the observer is to be resumed after the swap: not when a person had paused it. */
  readonly resume: boolean;
}

export const NO_REBUILD: RebuildState = { phase: 'none', into: '', version: undefined, position: 0, resume: false };

export class RebuildRecord {
  readonly #records: ModelCollection;
  readonly #me = newId();

  /** @param reducer distinguishes reducers that are given the same collection by mistake. */
  constructor(
    db: ModelDatabase,
    readonly collection: string,
    readonly reducer: string,
  ) {
    this.#records = db.collection(RECORDS);
  }

  /** Takes the record unless somebody else is at work. Gives what was left there. */
  async take(): Promise<RebuildState | undefined> {
    const _id = this.collection;
    await this.#records.updateOne(
      { _id },
      { $setOnInsert: { ...stored(NO_REBUILD), reducer: this.reducer, owner: '', expires: new Date(0) } },
      { ...DURABLE, upsert: true },
    );
    const { matchedCount } = await this.#records.updateOne(
      { _id, $expr: { $lt: ['$expires', '$$NOW'] } },
      [{ $set: { owner: this.#me, reducer: this.reducer, expires: EXPIRY } }],
      DURABLE,
    );
    return matchedCount === 0 ? undefined : this.read();
  }

  async read(): Promise<RebuildState> {
    const found = await this.#records.findOne({ _id: this.collection });
    if (found === null) return NO_REBUILD;
    const { phase, into, version, position, resume } = found;
    return {
      // Written by `stored`, and by nobody else.
      phase: phase as Phase,
      into: String(into),
      version: typeof version === 'string' ? version : undefined,
      position: Number(position),
      resume: resume === true,
    };
  }

  /** Notes a change and keeps the record. False: somebody else has taken it. */
  async keep(change: Partial<RebuildState> = {}): Promise<boolean> {
    const { matchedCount } = await this.#records.updateOne(
      { _id: this.collection, owner: this.#me },
      [{ $set: { ...literals(stored(change)), expires: EXPIRY } }],
      DURABLE,
    );
    return matchedCount === 1;
  }

  /** Lets go of it: done, or left for whoever calls next. */
  async release(state: Partial<RebuildState>): Promise<void> {
    await this.#records.updateOne(
      { _id: this.collection, owner: this.#me },
      { $set: { ...stored(state), owner: '', expires: new Date(0) } },
      DURABLE,
    );
  }
}

const EXPIRY = { $add: ['$$NOW', OWNED_FOR_MS] };

const stored = (state: Partial<RebuildState>) =>
  Object.fromEntries(
    Object.entries(state).map(([name, value]: [string, unknown]) => [name, value === undefined ? null : value]),
  );

/** In a pipeline a text that begins with `$` would be a field's name. */
const literals = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).map(([name, $literal]) => [name, { $literal }]));
