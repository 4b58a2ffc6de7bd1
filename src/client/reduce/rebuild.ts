import { AnnalsError } from '../../kernel/annals-error';
import { newId } from '../../kernel/ids';
import { Cancellation } from '../cancellation';
import type { Observers } from '../observe/observers';
import type { RecordedEvent } from '../recorded-event';
import { Build, type BuildHouse, type RebuildProgress } from './build';
import { DURABLE, isMissingCollection } from './database';
import { NO_REBUILD, OWNED_FOR_MS, type RebuildState } from './rebuild-record';

/**
 * Builds a read model anew beside the old one, and swaps it in.
 *
 * The new one is filled by reading the log, while the observer goes on keeping the old one. Before the
 * swap it must hold every event that the old one has been told of, or those would be lost with it:
 * 1. it is noted that the observer will be paused (a crash from here on leaves that to be undone);
 * 2. the observer is paused: nothing more is delivered;
 * 3. the log is read to its end: no event that anybody was given lies beyond it;
 * 4. the collection is renamed over the old one, and the observer resumed.
 * What clients still write of what they were given before clashes with the numbers in the new documents,
 * and is found to be in them. The observer's position stays: what it delivers from there on and a
 * document has already, the document knows by its own number.
 */

/** Numbers left with which the new model counts as caught up: read in well under a second, while the observer is paused. */
const CLOSE_ENOUGH = 1_000;

/** How often the record is kept, in ms: several times while it holds. */
const KEEP_MS = OWNED_FOR_MS / 5;

export interface RebuildOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told now and then. */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Whether to pass over an event that its reducer throws at, as a person may have told the observer to. None unless given. */
  readonly skip?: ((event: RecordedEvent, error: unknown) => boolean) | undefined;
}

export interface RebuildResult {
  /** Events read. */
  readonly events: number;
  /** It went on with what an earlier, interrupted one had built. */
  readonly continued: boolean;
}

/** @internal */
export interface RebuildHouse extends BuildHouse {
  readonly version: string | undefined;
  readonly id: string;
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
    let swapped = false;
    try {
      await this.#resumeIfPaused();
      const state = await this.#begin(left);
      const build = new Build(this.house, state, cancellation.signal, onProgress, skip);
      while ((await build.readToEnd()) > CLOSE_ENOUGH);
      await this.#swap(build);
      swapped = true;
      return { events: build.events, continued: state.into === left.into };
    } finally {
      clearInterval(keeping);
      cancellation.release();
      if (swapped) await record.release(NO_REBUILD);
      else await this.#abandon();
    }
  }

  /** Undoes what a crash in the middle of a swap left: an observer that nobody would resume. */
  async heal(): Promise<void> {
    const { record } = this.house;
    if ((await record.read()).phase !== 'swapping') return;
    // Somebody is about to finish it, or has healed it.
    if ((await record.take()) === undefined) return;
    await this.#abandon();
  }

  /** Goes on with what is there if it was made by the same reducers, and starts over otherwise. */
  async #begin(left: RebuildState): Promise<RebuildState> {
    const { db, record, version } = this.house;
    const same = left.phase !== 'none' && version !== undefined && left.version === version;
    // After a crash behind the swap it is there no more: it is the model.
    if (same && (await db.collection(left.into).findOne({})) !== null) return left;
    // A name of its own, so that one who was taken for dead and still writes spoils nothing.
    const into = `${record.collection}.rebuild-${newId()}`;
    const fresh: RebuildState = { phase: 'building', into, version, position: 0, resume: false };
    await this.#keepOrThrow(fresh);
    if (left.into !== '') await db.collection(left.into).drop().catch(ignoreMissing);
    return fresh;
  }

  async #swap(build: Build): Promise<void> {
    const { db, record, observers, id } = this.house;
    const { state } = await observers.get(id);
    // Resuming ends a quarantine too, which is a person's to decide.
    await this.#keepOrThrow({ phase: 'swapping', resume: state !== 'paused' && state !== 'quarantined' });
    await observers.pause(id);
    await build.readToEnd();
    await this.#keepOrThrow({});
    const made = db.collection(build.into);
    // A model without any document has no collection.
    if ((await made.findOne({})) === null) await db.collection(record.collection).drop().catch(ignoreMissing);
    else await made.rename(record.collection, { ...DURABLE, dropTarget: true });
    await this.#resumeIfPaused();
  }

  async #resumeIfPaused(): Promise<void> {
    const { record, observers, id } = this.house;
    const { phase, resume } = await record.read();
    if (phase !== 'swapping') return;
    if (resume) await observers.resume(id);
    await record.keep({ phase: 'building' });
  }

  /** Leaves it for the next one. What cannot be undone now stays on record, so that the next one does it. */
  async #abandon(): Promise<void> {
    await this.#resumeIfPaused().catch(() => undefined);
    await this.house.record.release({}).catch(() => undefined);
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

const takenOver = (): AnnalsError =>
  new AnnalsError('REBUILD_UNDER_WAY', 'This rebuild was silent for too long, and another has taken it over');

const ignoreMissing = (error: unknown): void => {
  if (!isMissingCollection(error)) throw error;
};
