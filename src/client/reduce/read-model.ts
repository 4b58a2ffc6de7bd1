import type { RecordedEvent } from '../recorded-event';
import { pause } from '../retry';
import {
  DURABLE,
  isDatabaseAway,
  writeErrorsOf,
  type ModelCollection,
  type ModelDocument,
  type ModelWrite,
} from './database';
import { BOOKKEEPING, fold, offsetOf, type Folding, type FoldFailure } from './fold';

/**
 * Writes events into a read model, each exactly once: a document is replaced only if it is still the
 * one that the events were folded onto, which the number of its last event tells. Whoever else has
 * written it meanwhile (a client that was taken for dead, say) makes the write clash, and the events are
 * folded again onto what is there. No transaction, since one document is all that an event touches.
 */

/** Milliseconds to go on trying while the database is away: less than the server waits for an acknowledgement (30 s). */
const PATIENCE_MS = 20_000;

/** Milliseconds between two tries: an election takes some seconds. */
const RETRY_EVERY_MS = 200;

/** Rounds that may clash before it counts as a failure: two writers clash once or twice, a unique index of the program's own for ever. */
const MAX_CLASHES = 8;

/** What became of one source's events. */
export interface Written {
  /** Events through this number are in the model; undefined when none of those that were given is. */
  readonly through: number | undefined;
  readonly failure: { readonly error: unknown; readonly event: RecordedEvent | undefined } | undefined;
}

type BySource = ReadonlyMap<string, readonly RecordedEvent[]>;

interface Planned {
  readonly source: string;
  readonly write: ModelWrite;
  readonly written: Written;
}

export class ReadModel {
  constructor(
    private readonly collection: ModelCollection,
    private readonly folding: Folding,
  ) {}

  /** Folds the events of each source, in order. Settles with an outcome for every source. */
  async write(events: BySource, signal: AbortSignal): Promise<Map<string, Written>> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#writeAll(events);
      } catch (error) {
        const patient = isDatabaseAway(error) && performance.now() < deadline && !signal.aborted;
        if (!patient) return this.#oneByOne(events, error, signal);
        await pause(RETRY_EVERY_MS, signal).catch(() => undefined);
      }
    }
  }

  /** What the driver refuses as a whole (a document that is too large, say) must fail its own source alone. */
  async #oneByOne(events: BySource, error: unknown, signal: AbortSignal): Promise<Map<string, Written>> {
    const all = new Map<string, Written>();
    for (const [source, own] of events) {
      const alone = events.size > 1 && !isDatabaseAway(error) && !signal.aborted;
      const written = alone ? await this.write(new Map([[source, own]]), signal) : undefined;
      all.set(source, written?.get(source) ?? { through: undefined, failure: { error, event: undefined } });
    }
    return all;
  }

  async #writeAll(events: BySource): Promise<Map<string, Written>> {
    const outcomes = new Map<string, Written>();
    let left = new Map(events);
    let clashes = 0;
    /** Failures of reducers, whose events are not tried again: what came before them is folded afresh. */
    const failures = new Map<string, FoldFailure>();
    while (left.size > 0) {
      const again = new Map<string, readonly RecordedEvent[]>();
      const planned: Planned[] = [];
      const documents = await this.#documents([...left.keys()]);
      for (const [source, own] of left) {
        const document = documents.get(source);
        const { document: next, through, failure } = fold(this.folding, source, document, own);
        if (failure !== undefined) {
          failures.set(source, failure);
          again.set(
            source,
            own.filter(({ sequenceNumber }) => sequenceNumber < failure.event.sequenceNumber),
          );
          continue;
        }
        const written = { through, failure: failures.get(source) };
        if (next === undefined) outcomes.set(source, written);
        else planned.push({ source, write: replacement(source, document, next), written });
      }
      const written = await this.#bulk(planned);
      if (written.some(({ clash }) => clash)) clashes++;
      for (const { source, clash, outcome } of written) {
        if (clash && clashes < MAX_CLASHES) again.set(source, left.get(source) ?? []);
        else outcomes.set(source, outcome);
      }
      left = again;
    }
    return outcomes;
  }

  async #documents(sources: readonly string[]): Promise<Map<string, ModelDocument>> {
    const found = await this.collection.find({ _id: { $in: sources } }).toArray();
    return new Map(found.map((document) => [String(document['_id']), document]));
  }

  async #bulk(planned: readonly Planned[]): Promise<{ source: string; clash: boolean; outcome: Written }[]> {
    if (planned.length === 0) return [];
    let failed: ReturnType<typeof writeErrorsOf>;
    try {
      await this.collection.bulkWrite(
        planned.map(({ write }) => write),
        { ...DURABLE, ordered: false },
      );
    } catch (error) {
      failed = writeErrorsOf(error);
      if (failed === undefined) throw error;
    }
    return planned.map(({ source, written }, index) => {
      const failure = failed?.get(index);
      if (failure === undefined) return { source, clash: false, outcome: written };
      const { clash, error } = failure;
      return { source, clash, outcome: { through: undefined, failure: { error, event: undefined } } };
    });
  }
}

/**
 * Replaces the document that was read and no other. As an upsert, it clashes on `_id` when there is
 * another; without, a bulk write would only count how many did not match, and not say which.
 */
function replacement(source: string, before: ModelDocument | undefined, next: ModelDocument): ModelWrite {
  if (before === undefined) return { insertOne: { document: next } };
  const offset = offsetOf(before);
  const filter = { _id: source, [`${BOOKKEEPING}.offset`]: offset === -1 ? null : offset };
  return { replaceOne: { filter, replacement: next, upsert: true } };
}
