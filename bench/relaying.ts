/** The relay beside a loop that copies: from one collection to another, with the same durability and the same documents. */
import { setTimeout as pause } from 'node:timers/promises';
import { Long, type Document } from 'mongodb';
import type { AddLinkOptions, Annals } from '../src/client';
import { storedDocuments } from './documents';
import type { FloorCollection } from './floor';
import { atRate } from './in-flight';
import { RATE_PER_SECOND } from './latency';
import type { Side } from './rounds';

export const LINK = 'bench';

/** Milliseconds between two looks at how far the inbox is: a fraction of a percent of a turn, and hardly felt. */
const LOOK_EVERY_MS = 5;

/** Milliseconds without an event more after which something is wrong. */
const STALLED_MS = 20_000;

/**
 * One turn is a link of its own from one outbox to a new inbox, made while no clock runs. It is measured
 * from the word to go on until the last event is in the inbox.
 */
export function relaySide(
  how: string,
  newTarget: () => Promise<Annals>,
  from: AddLinkOptions['source'],
  events: number,
): Side & { close(): Promise<void> } {
  let target: Annals | undefined;
  const close = async (): Promise<void> => {
    await target?.links.remove(LINK);
    await target?.close();
    target = undefined;
  };
  return {
    how,
    prepare: async (share) => {
      await close();
      target = await newTarget();
      await target.links.add(LINK, { source: from, from: events - wantedOf(events, share), paused: true });
    },
    run: async (share) => {
      const wanted = wantedOf(events, share);
      await target?.links.resume(LINK);
      if (target !== undefined) await arrived(target, wanted);
      return { events: wanted, waitsMs: [] };
    },
    close,
  };
}

/** Until the inbox has so many events. */
async function arrived({ inbox, links }: Annals, wanted: number): Promise<void> {
  let [count, since] = [0, performance.now()];
  while (count < wanted) {
    await pause(LOOK_EVERY_MS);
    const now = ((await inbox.tail()) ?? -1) + 1;
    if (now > count) [count, since] = [now, performance.now()];
    if (performance.now() - since < STALLED_MS) continue;
    const { state, lastError } = await links.get(LINK);
    throw new Error(`the link stands at ${count} of ${wanted}: ${state}, ${lastError}`);
  }
}

const wantedOf = (events: number, share: number): number => Math.round(events * share);

/** The floor: reads a batch and inserts it, and then the next. It has no checkpoint, so it could not go on after a crash. */
export function copySide(from: FloorCollection, newInbox: () => Promise<FloorCollection>, events: number): Side {
  let to: FloorCollection | undefined;
  return {
    how: 'a loop that copies',
    prepare: async () => {
      to = await newInbox();
    },
    run: async (share) => {
      const wanted = wantedOf(events, share);
      for await (const batch of from.batches(events - wanted)) await to?.insert(copiesOf(batch));
      return { events: wanted, waitsMs: [] };
    },
  };
}

/** The documents as an inbox has them: numbered anew, with where they come from. */
const copiesOf = (documents: readonly Document[]): Document[] =>
  documents.map(({ _id, ...event }) => ({
    _id: Long.fromNumber(Number(_id)),
    ...event,
    origin: {
      ...{
        store: 'bench-from',
        namespace: 'default',
        sequence: 'outbox',
        sequenceNumber: Long.fromNumber(Number(_id)),
      },
      ...{ recorded: event['recorded'] as Date, link: LINK, hops: 1 },
    },
  }));

/**
 * Raw commits at the rate of the measure, which are the unit; and then as many again beside a loop that copies.
 * @param copied gets the time from the beginning of a commit until its copy was committed, in ms.
 */
export function commitAndCopySide(
  from: FloorCollection,
  to: FloorCollection,
  events: number,
  copied: (ms: number) => void,
): Side {
  return {
    how: 'raw commit of one',
    run: async (share) => {
      const count = wantedOf(events, share);
      const { startedAt: _, waitsMs } = await commits(from, count);
      const copier = new Copier(from, to, from.next);
      const { startedAt } = await commits(from, count, () => copier.wake());
      const copiedAt = await copier.finished(from.next);
      if (share === 1) startedAt.forEach((at, i) => copied((copiedAt[i] ?? Number.NaN) - at));
      return { events: count, waitsMs };
    },
  };
}

async function commits(
  collection: FloorCollection,
  count: number,
  committed: () => void = () => undefined,
): Promise<{ readonly startedAt: number[]; readonly waitsMs: number[] }> {
  const documents = storedDocuments(collection.next, count);
  collection.next += count;
  const startedAt: number[] = [];
  const waitsMs: number[] = [];
  await atRate(count, RATE_PER_SECOND, async (index) => {
    const started = (startedAt[index] = performance.now());
    await collection.insert(documents.slice(index, index + 1));
    waitsMs.push(performance.now() - started);
    committed();
  });
  return { startedAt, waitsMs };
}

/** Copies what is there whenever it is woken. */
class Copier {
  readonly #copiedAt: number[] = [];
  #running: Promise<void> | undefined;
  #again = false;

  constructor(
    private readonly from: FloorCollection,
    private readonly to: FloorCollection,
    private next: number,
  ) {}

  wake(): void {
    this.#again = true;
    this.#running ??= this.#copy().finally(() => (this.#running = undefined));
  }

  /** When each was copied, once all below `end` are. */
  async finished(end: number): Promise<readonly number[]> {
    while (this.next < end) {
      this.wake();
      await this.#running;
    }
    return this.#copiedAt;
  }

  async #copy(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for await (const batch of this.from.batches(this.next)) {
        // A commit that is overtaken by the next one leaves a hole for a moment: what is behind it waits.
        const ready = batch.filter(({ _id }, i) => Number(_id) === this.next + i);
        if (ready.length === 0) break;
        await this.to.insert(copiesOf(ready));
        this.next += ready.length;
        const now = performance.now();
        this.#copiedAt.push(...ready.map(() => now));
        if (ready.length < batch.length) break;
      }
    }
  }
}
