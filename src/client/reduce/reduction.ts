import { addressKey } from '../../kernel/names';
import type { DeliveryContext } from '../observe/delivery-context';
import { Observation, type StopOptions } from '../observe/observation';
import type { Observers } from '../observe/observers';
import type { Registered } from '../observe/registration';
import type { RecordedEvent } from '../recorded-event';
import type { EventSequence } from '../sequence';
import type { Session } from '../session';
import { Gathering } from './gathering';
import { checkCollection, foldingOf, type ReduceOptions } from './options';
import { ReadModel, type Written } from './read-model';
import { Rebuild, type RebuildOptions, type RebuildResult } from './rebuild';
import { RebuildRecord } from './rebuild-record';

/** A reducer at work: an observer whose handler folds events into a read model. */

/** Partitions at once: they wait for the same write, and the larger that is, the less it costs for each. */
const CONCURRENCY = 1_000;

interface Gathered {
  readonly source: string;
  readonly events: readonly RecordedEvent[];
  readonly signal: AbortSignal;
}

/** @internal What `annals` brings along. */
export interface ReductionHouse {
  readonly session: Session;
  readonly store: string;
  readonly namespace: string;
  readonly sequence: EventSequence;
  readonly observers: Observers;
}

export class Reduction {
  /** What the reducer is at the server. */
  readonly observation: Observation;
  readonly #rebuild: Rebuild;

  /** @internal Use `annals.reduce`. */
  constructor(house: ReductionHouse, id: string, options: ReduceOptions<object, object>) {
    const { session, store, namespace } = house;
    const folding = foldingOf(options);
    const collection = checkCollection(options.collection);
    const { db, on, initial: _, version, eventSourceIds, tags, announcements, ...settings } = options;
    const model = new ReadModel(db.collection(collection), folding);
    const gathering = new Gathering(async (items: readonly Gathered[]) => writeTogether(model, items));
    const types = Object.keys(on);
    this.observation = new Observation(
      session,
      { store, namespace, observer: id },
      {
        concurrency: CONCURRENCY,
        ...settings,
        filters: [{ types, eventSourceIds, tags, announcements }],
        as: 'bson',
        batch: async (events: readonly RecordedEvent[], context: DeliveryContext) => {
          const { partition: source, signal } = context;
          settle(await gathering.add({ source, events, signal }), context);
        },
      },
    );
    const record = new RebuildRecord(db, collection, `${addressKey(house.sequence.address)}/${id}`);
    const { generations, allGenerations } = settings;
    const filter = { types, eventSourceIds, tags, announcements, generations, allGenerations };
    this.#rebuild = new Rebuild({ ...house, db, record, folding, version, filter, id });
    // If it fails, `observers list` shows the pause, and whoever begins next heals it as well.
    this.#rebuild.heal().catch(() => undefined);
  }

  /** What the server answered to the first registration. Rejects when the observation ended before. */
  get registered(): Promise<Registered> {
    return this.observation.registered;
  }

  /** Resolves when it has ended as it was asked to; rejects with what ended it otherwise. */
  get done(): Promise<void> {
    return this.observation.done;
  }

  /**
   * Builds the read model anew, from the first event on, and puts it in the place of the old one, which
   * is served and kept up to date meanwhile. For the moment of the change the observer is paused. A
   * build that was interrupted leaves the old model as it was: call this again, here or in another
   * process. One at a time for a collection.
   *
   * @throws {AnnalsError} REBUILD_UNDER_WAY; CANCELLED
   * @throws what a reducer threw, for the first event that it failed at
   */
  async rebuild(options: RebuildOptions = {}): Promise<RebuildResult> {
    await this.registered;
    return this.#rebuild.run(options);
  }

  /** Finishes what is being written, acknowledges it, and ends. */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.observation.stop(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function writeTogether(model: ReadModel, items: readonly Gathered[]): Promise<Written[]> {
  const bySource = new Map<string, readonly RecordedEvent[]>();
  const patience = new AbortController();
  for (const { source, events } of items) bySource.set(source, events);
  // Nobody waits for it any more once all of them were taken back.
  const giveUp = (): void => {
    if (items.every(({ signal }) => signal.aborted)) patience.abort();
  };
  for (const { signal } of items) signal.addEventListener('abort', giveUp, { once: true });
  const written = await model.write(bySource, patience.signal);
  for (const { signal } of items) signal.removeEventListener('abort', giveUp);
  // Every source has an outcome.
  return items.map(({ source }) => written.get(source) as Written);
}

function settle({ through, failure }: Written, context: DeliveryContext): void {
  if (through !== undefined) context.handledThrough(through);
  if (failure !== undefined) throw failure.error;
}
