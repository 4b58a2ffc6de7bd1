import { AnnalsError } from '../../kernel/annals-error';
import { newId } from '../../kernel/ids';
import { Cancellation, reasonOf } from '../cancellation';
import type { Filter } from '../filter';
import type { Observers } from '../observe/observers';
import type { RecordedEvent } from '../recorded-event';
import { pause } from '../retry';
import type { EventSequence } from '../sequence';
import { DURABLE, isMissingCollection, type ModelDatabase } from './database';
import type { Folding } from './fold';
import { ReadModel } from './read-model';
import { NO_REBUILD, OWNED_FOR_MS, type RebuildRecord, type RebuildState } from './rebuild-record';

/**
 * Builds a read model anew beside the old one, and swaps it in.
 *
 * The new one is filled by reading the log, while the observer goes on keeping the old one. Before the
 * swap it must hold every event that the old one has been told of, or those would be lost with it:
 * 1. it is noted that the observer will be paused (a crash from here on leaves that to be undone);
 * 2. the observer is paused, and what is on its way to its clients is waited for;
 * 3. the log is read to its end: nothing that anybody has handled lies beyond that;
 * 4. the collection is renamed over the old one, and the observer resumed.
 * The observer's position stays: what it delivers again the documents know by their own numbers.
 */

/** Events left with which the new model counts as caught up: read in well under a second, while the observer is paused. */
const CLOSE_ENOUGH = 1_000;

/** Events folded between two writes: what a bulk write takes without holding up anybody. */
const CHUNK_EVENTS = 5_000;

/** How often the record is kept, in ms: several times while it holds. */
const KEEP_MS = OWNED_FOR_MS / 5;

/** How often a paused observer is asked whether its clients are done, in ms. */
const QUIET_LOOK_MS = 50;

export interface RebuildOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told now and then. */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Whether to pass over an event that its reducer throws at, as a person may have told the observer to. None unless given. */
  readonly skip?: ((event: RecordedEvent, error: unknown) => boolean) | undefined;
}

export interface RebuildProgress {
  /** Numbers below it are in the new model. */
  readonly position: number;
  /** The last number of the sequence. */
  readonly tail: number;
}

export interface RebuildResult {
  /** Events read. */
  readonly events: number;
  /** It went on with what an earlier, interrupted one had built. */
  readonly continued: boolean;
}

/** @internal */
export interface RebuildHouse {
  readonly db: ModelDatabase;
  readonly record: RebuildRecord;
  readonly folding: Folding;
  readonly version: string | undefined;
  readonly filter: Filter;
  readonly id: string;
  readonly sequence: EventSequence;
  readonly observers: Observers;
}

export class Rebuild {
  constructor(private readonly house: RebuildHouse) {}

  async run({ signal, onProgress = () => undefined, skip = () => false }: RebuildOptions): Promise<RebuildResult> {
    const { record } = this.house;
    const left = await record.take();
    if (left === undefined) throw new AnnalsError('REBUILD_UNDER_WAY');
    const cancellation = new Cancellation(signal);
    const keeping = setInterval(() => void this.#keep(cancellation), KEEP_MS);
    let state = left;
    try {
      state = await this.#begin(left);
      const continued = state.into === left.into;
      const build = new Build(this.house, state, cancellation.signal, onProgress, skip);
      await build.catchUp();
      await this.#swap(build, cancellation.signal);
      state = NO_REBUILD;
      return { events: build.events, continued };
    } finally {
      clearInterval(keeping);
      cancellation.release();
      if (state !== NO_REBUILD) await this.#resumeIfPaused();
      await record.release(state === NO_REBUILD ? NO_REBUILD : { phase: 'building' });
    }
  }

  /** Undoes what a crash in the middle of a swap left: an observer that nobody would resume. */
  async healAbandoned(): Promise<void> {
    const { record } = this.house;
    try {
      if ((await record.read()).phase !== 'swapping') return;
      // Somebody else is about to finish it.
      if ((await record.take()) === undefined) return;
      await this.#resumeIfPaused();
      await record.release({ phase: 'building' });
    } catch {
      // The next to begin, or the next rebuild, heals it as well; and `observers list` shows that it is paused.
    }
  }

  /** Goes on with what is there if it was made by the same reducers, and starts over otherwise. */
  async #begin(left: RebuildState): Promise<RebuildState> {
    const { db, record, version } = this.house;
    if (left.phase !== 'none' && version !== undefined && left.version === version) return left;
    // A name of its own, so that one who was taken for dead and still writes spoils nothing.
    const fresh: RebuildState = {
      phase: 'building',
      into: `${record.collection}.rebuild-${newId()}`,
      version,
      position: 0,
      resume: left.resume,
    };
    await this.#keepOrThrow(fresh);
    if (left.into !== '') await db.collection(left.into).drop().catch(ignoreMissing);
    return fresh;
  }

  async #swap(build: Build, signal: AbortSignal): Promise<void> {
    const { db, record, observers, id } = this.house;
    const { state } = await observers.get(id);
    await this.#keepOrThrow({ phase: 'swapping', resume: state !== 'paused' });
    await observers.pause(id);
    while ((await observers.get(id)).clients.some(({ inFlight }) => inFlight > 0)) await pause(QUIET_LOOK_MS, signal);
    await build.readToEnd();
    await this.#keepOrThrow({});
    // A model without any document has no collection yet.
    if (build.isEmpty) await db.collection(record.collection).drop().catch(ignoreMissing);
    else await db.collection(build.into).rename(record.collection, { ...DURABLE, dropTarget: true });
    await this.#resumeIfPaused();
  }

  async #resumeIfPaused(): Promise<void> {
    const { record, observers, id } = this.house;
    const { phase, resume } = await record.read();
    if (phase === 'swapping' && resume) await observers.resume(id);
  }

  async #keepOrThrow(change: Partial<RebuildState>): Promise<void> {
    if (!(await this.house.record.keep(change))) throw takenOver();
  }

  async #keep(cancellation: Cancellation): Promise<void> {
    // The database may be away for a moment; whether the record is still ours the next step finds out.
    const kept = await this.house.record.keep().catch(() => true);
    if (!kept) cancellation.cancel(takenOver());
  }
}

/** The new model and how far it is. */
class Build {
  readonly into: string;
  events = 0;
  readonly #model: ReadModel;
  #position: number;

  constructor(
    private readonly house: RebuildHouse,
    { into, position }: RebuildState,
    private readonly signal: AbortSignal,
    private readonly onProgress: (progress: RebuildProgress) => void,
    private readonly skip: (event: RecordedEvent, error: unknown) => boolean,
  ) {
    this.into = into;
    this.#position = position;
    this.#model = new ReadModel(house.db.collection(into), house.folding);
  }

  /** No event has been read, by this process or an earlier one. */
  get isEmpty(): boolean {
    return this.#position === 0 || (this.events === 0 && !this.#continued);
  }

  async catchUp(): Promise<void> {
    while ((await this.readToEnd()) > CLOSE_ENOUGH);
  }

  /** Reads to the end as it is when this is called. Returns how many numbers that was. */
  async readToEnd(): Promise<number> {
    return 0;
  }
}
