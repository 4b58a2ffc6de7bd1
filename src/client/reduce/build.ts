import type { GenerationOptions } from '../content-wanted';
import type { Filter } from '../filter';
import type { RecordedEvent } from '../recorded-event';
import type { EventSequence } from '../sequence';
import type { ModelDatabase } from './database';
import type { Folding } from './fold';
import { ReadModel } from './read-model';
import type { RebuildRecord, RebuildState } from './rebuild-record';

/** A read model that is being filled from the log, and how far it is. */

/** Events folded between two writes: what a bulk write takes without holding up anybody. */
const CHUNK_EVENTS = 5_000;

export interface RebuildProgress {
  /** Numbers below it are in the new model. */
  readonly position: number;
  /** The last number of the sequence. */
  readonly tail: number;
}

/** @internal */
export interface BuildHouse {
  readonly db: ModelDatabase;
  readonly record: RebuildRecord;
  readonly folding: Folding;
  /** What the observer gets, in the form in which it gets it. */
  readonly filter: Filter & GenerationOptions;
  readonly sequence: EventSequence;
}

export class Build {
  readonly into: string;
  /** Read by this process. */
  events = 0;
  readonly #model: ReadModel;
  #position: number;

  /** @param skip whether to pass over an event that its reducer throws at. */
  constructor(
    private readonly house: BuildHouse,
    { into, position }: RebuildState,
    private readonly signal: AbortSignal,
    private readonly onProgress: (progress: RebuildProgress) => void,
    private readonly skip: (event: RecordedEvent, error: unknown) => boolean,
  ) {
    this.into = into;
    this.#position = position;
    this.#model = new ReadModel(house.db.collection(into), house.folding);
  }

  /** Reads to the end as it is when this is called. Returns how many numbers that was. */
  async readToEnd(): Promise<number> {
    const { sequence, filter } = this.house;
    const tail = await sequence.tail({}, { signal: this.signal });
    const from = this.#position;
    if (tail === undefined || tail < from) return 0;
    let chunk: RecordedEvent[] = [];
    for await (const batch of sequence.read({ ...filter, from, to: tail, signal: this.signal }).batches()) {
      chunk = chunk.concat(batch);
      if (chunk.length < CHUNK_EVENTS) continue;
      await this.#write(chunk, (chunk.at(-1)?.sequenceNumber ?? from) + 1, tail);
      chunk = [];
    }
    await this.#write(chunk, tail + 1, tail);
    return tail + 1 - from;
  }

  /** The events first and the position then: a crash in between repeats some, which the documents know they have. */
  async #write(events: readonly RecordedEvent[], position: number, tail: number): Promise<void> {
    let left = bySource(events);
    while (left.size > 0) {
      const again = new Map<string, RecordedEvent[]>();
      for (const [source, { failure }] of await this.#model.write(left, this.signal)) {
        if (failure === undefined) continue;
        const { event, error } = failure;
        if (event === undefined) throw error;
        if (!this.skip(event, error)) throw brokenAt(event, error);
        const beyond = (left.get(source) ?? []).filter(({ sequenceNumber }) => sequenceNumber > event.sequenceNumber);
        if (beyond.length > 0) again.set(source, beyond);
      }
      left = again;
    }
    this.events += events.length;
    this.#position = position;
    await this.house.record.keep({ position });
    this.onProgress({ position, tail });
  }
}

function bySource(events: readonly RecordedEvent[]): Map<string, RecordedEvent[]> {
  const sources = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const own = sources.get(event.eventSourceId);
    if (own === undefined) sources.set(event.eventSourceId, [event]);
    else own.push(event);
  }
  return sources;
}

function brokenAt({ type, sequenceNumber, eventSourceId }: RecordedEvent, cause: unknown): Error {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new Error(`the reducer for ${type} failed at event ${sequenceNumber} of ${eventSourceId}: ${what}`, { cause });
}
