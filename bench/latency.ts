/**
 * From the call of `append` to the event in the hands of a subscriber or of an observer's handler, at a
 * rate that leaves everybody idle for most of the time, beside a raw commit at the same rate. One
 * process calls and is handed the event, so one clock measures it.
 */
import type { Annals, EventSequence } from '../src/client';
import { newId } from '../src/kernel/ids';
import { newEvent, storedDocuments } from './documents';
import type { FloorCollection } from './floor';
import { atRate } from './in-flight';
import { OBSERVER_PREFIX } from './observing';
import type { Side } from './rounds';

/** Appends a second: a busy business, an idle database. */
export const RATE_PER_SECOND = 200;

/** Events that did not reach who waits for them so long after the last append, in ms, are an error. */
const DELIVERY_MS = 10_000;

/** Notes when each event arrives. */
export class Arrivals {
  readonly #at = new Map<string, number>();
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined;
  readonly #ending = new AbortController();
  #stop: () => Promise<void> = () => Promise.resolve();
  #finished: Promise<void> = Promise.resolve();

  /** Follows what is new; resolves once nothing appended later can be missed. */
  async follow(sequence: EventSequence): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const batches = sequence
        .subscribe({
          onlyNew: true,
          signal: this.#ending.signal,
          onStateChange: (state) => (state === 'live' ? resolve() : undefined),
        })
        .batches();
      this.#finished = this.#note(batches);
      this.#finished.catch(reject);
    });
  }

  /** The same through an observer: an event has arrived when its handler is called. */
  async observe(annals: Annals, sequence: string, id: string): Promise<void> {
    const observation = annals.observe(`${OBSERVER_PREFIX}${id}`, {
      sequence,
      handle: (event) => this.#arrivedNow([event]),
    });
    this.#stop = () => observation.stop();
    await observation.registered;
  }

  /** When each of these events arrived, by `performance.now()`, once all have. */
  async of(eventIds: readonly string[]): Promise<number[]> {
    await this.#arrived(eventIds.length);
    const times = eventIds.map((id) => this.#at.get(id) ?? Number.NaN);
    this.#at.clear();
    return times;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#stop();
    await this.#finished;
  }

  #arrivedNow(batch: readonly { readonly eventId: string }[]): void {
    const now = performance.now();
    for (const { eventId } of batch) this.#at.set(eventId, now);
    if (this.#wanted !== undefined && this.#at.size >= this.#wanted.count) this.#wanted.resolve();
  }

  async #arrived(count: number): Promise<void> {
    if (this.#at.size >= count) return;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.#at.size} of ${count} events arrived`)), DELIVERY_MS);
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

  async #note(batches: AsyncIterable<readonly { readonly eventId: string }[]>): Promise<void> {
    try {
      for await (const batch of batches) this.#arrivedNow(batch);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }
}

/**
 * @param how where the event arrives.
 * @param acknowledged gets what each append waited for its answer, in ms.
 */
export function deliverySide(
  how: string,
  sequence: EventSequence,
  arrivals: Arrivals,
  events: number,
  acknowledged: (ms: number) => void,
): Side {
  return {
    how,
    run: async (share) => {
      const count = Math.round(events * share);
      const ids = Array.from({ length: count }, newId);
      const sentAt: number[] = [];
      await atRate(count, RATE_PER_SECOND, async (index) => {
        const event = newEvent(index);
        const sent = (sentAt[index] = performance.now());
        await sequence.append({ ...event, eventId: ids[index] });
        if (share === 1) acknowledged(performance.now() - sent);
      });
      const arrivedAt = await arrivals.of(ids);
      return { events: count, waitsMs: arrivedAt.map((at, i) => at - (sentAt[i] ?? Number.NaN)) };
    },
  };
}

export function commitSide(collection: FloorCollection, events: number): Side {
  return {
    how: 'raw commit of one',
    run: async (share) => {
      const count = Math.round(events * share);
      const documents = storedDocuments(collection.next, count);
      collection.next += count;
      const waitsMs: number[] = [];
      await atRate(count, RATE_PER_SECOND, async (index) => {
        const started = performance.now();
        await collection.insert(documents.slice(index, index + 1));
        waitsMs.push(performance.now() - started);
      });
      return { events: count, waitsMs };
    },
  };
}
