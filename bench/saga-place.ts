/** Where ordered sequences are measured: a namespace of their own, and what its log says as it is recorded. */
import { connect, type Annals } from '../src/client';
import { ORDERED_SEQUENCES_LOG } from '../src/kernel/names';
import { namespaceDatabase } from '../src/storage/names';
import { keepInFlight } from './in-flight';
import type { Context } from './measure';
import { sagaOf, STEP_TYPES, stepEvents } from './saga-documents';
import { SAGAS } from './saga-names';

/** Calls unanswered at a time while sequences are begun: what one commit takes well. */
export const BEGIN_IN_FLIGHT = 64;

/** Entries that were not recorded so long after the last call, in ms, are an error. */
const RECORDED_MS = 60_000;

export async function sagaClient(address: string, namespace: string): Promise<Annals> {
  const annals = connect(`annals://${address}/${SAGAS}?namespace=${namespace}`);
  await annals.stores.ensure(SAGAS, { namespaces: [namespace] });
  return annals;
}

export async function onSagas<T>(
  { server }: Pick<Context, 'server'>,
  namespace: string,
  work: (annals: Annals) => Promise<T>,
): Promise<T> {
  const annals = await sagaClient(server.address, namespace);
  try {
    return await work(annals);
  } finally {
    await annals.close();
  }
}

export const sagaDatabase = (namespace: string): string => namespaceDatabase(SAGAS, namespace);

/** From here on steps of the benchmark's types wait for a processor. */
export async function knowProcessors(annals: Annals): Promise<void> {
  const processing = annals.orderedSequences.process(handlers(() => undefined));
  await processing.registered;
  await processing.stop();
}

/** One that does this with each step. */
export const handlers = (handle: (step: object) => unknown): Record<string, (step: object) => unknown> =>
  Object.fromEntries(STEP_TYPES.map((type) => [type, handle]));

/** How long each call took, in ms. */
export const begin = async (annals: Annals, ids: readonly string[]): Promise<number[]> =>
  keepInFlight(ids.length, BEGIN_IN_FLIGHT, (i) => annals.orderedSequences.create(sagaOf(ids[i] ?? '')));

/** Appends the events of all their steps. */
export const appendAll = async (annals: Annals, ids: readonly string[]): Promise<number[]> =>
  keepInFlight(ids.length, BEGIN_IN_FLIGHT, (i) => annals.eventLog.append(stepEvents(ids[i] ?? '')));

/** Notes when entries of a type are on the log, as who subscribes to it hears of them. */
export class Recorded {
  readonly #at = new Map<string, number>();
  readonly #ending = new AbortController();
  #finished: Promise<void> = Promise.resolve();
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined;

  /** Resolves once no entry that is recorded later can be missed. */
  static async of(annals: Annals, type: 'StepArrived' | 'StepProcessed' | 'SequenceCompleted'): Promise<Recorded> {
    const recorded = new Recorded();
    await new Promise<void>((resolve, reject) => {
      const batches = annals
        .sequence(ORDERED_SEQUENCES_LOG)
        .subscribe({
          onlyNew: true,
          types: [type],
          signal: recorded.#ending.signal,
          onStateChange: (state) => (state === 'live' ? resolve() : undefined),
        })
        .batches();
      recorded.#finished = recorded.#note(batches);
      recorded.#finished.catch(reject);
    });
    return recorded;
  }

  /** When each was recorded, by `performance.now()`, by the sequence's id or, of a step, `<id>/<place>`; once so many were. */
  async all(count: number): Promise<ReadonlyMap<string, number>> {
    await Promise.race([this.#enough(count), this.#finished]);
    const times = new Map(this.#at);
    this.#at.clear();
    return times;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#finished;
  }

  async #enough(count: number): Promise<void> {
    if (this.#at.size >= count) return;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.#at.size} of ${count} entries came`)), RECORDED_MS);
      this.#wanted = {
        count,
        resolve: () => {
          clearTimeout(late);
          resolve();
        },
      };
    });
    this.#wanted = undefined;
  }

  async #note(
    batches: AsyncIterable<readonly { readonly eventSourceId: string; readonly content: unknown }[]>,
  ): Promise<void> {
    try {
      for await (const batch of batches) {
        const now = performance.now();
        for (const event of batch) {
          // The contract says what the content is: of what is about a step, its place.
          const { step } = event.content as { readonly step?: number };
          this.#at.set(step === undefined ? event.eventSourceId : stepKey(event.eventSourceId, step), now);
        }
        if (this.#wanted !== undefined && this.#at.size >= this.#wanted.count) this.#wanted.resolve();
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }
}

export const stepKey = (id: string, step: number): string => `${id}/${step}`;
