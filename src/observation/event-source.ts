/** Reads the events of an observer in chunks, from memory near the tail and from the database behind it. */
import type { EventFilter } from '../contract/messages';
import { encodeEntry, FrameWriter } from '../sequences/event-frame';
import { isDelivered, matchesAny } from '../sequences/log-event';
import { isCommon, presenting, revisionOf, type ContentWanted, type Presentation } from '../sequences/presentation';
import type { FollowedSequence } from '../sequences/subscription';
import { TUNING } from '../sequences/tuning';
import { NUMBER_OFFSET } from '../storage/event-document';
import { readInt64 } from '../storage/event-fields';
import { findEvents, isIndexed, selectsAll } from '../storage/find-events';
import type { PartitionOf } from './partition-key';

export interface SourceEvent {
  readonly number: number;
  readonly partition: string;
  readonly frame: Buffer;
}

export interface Chunk {
  readonly events: readonly SourceEvent[];
  /** The first number that has not been looked at. */
  readonly next: number;
}

export interface EventSourceOptions {
  readonly sequence: FollowedSequence;
  readonly filters: readonly EventFilter[];
  readonly content: ContentWanted;
  readonly partitionOf: PartitionOf;
}

/** Events of one chunk: large enough that a query's cost is shared, small enough to begin delivering soon. */
const CHUNK_EVENTS = 1_000;

/** Bytes of one chunk from memory. */
const CHUNK_BYTES = 1024 * 1024;

export class EventSource {
  readonly #present: () => Promise<Presentation>;

  constructor(private readonly options: EventSourceOptions) {
    this.#present = presenting(options.content, options.sequence);
  }

  /** Looks on from `from`, at most to `to`, inclusive, which must be committed. */
  async read(from: number, to: number): Promise<Chunk> {
    const presentation = await this.#present();
    const kept = this.options.sequence.tail.ring.first;
    return kept !== undefined && kept <= from
      ? this.#fromRing(from, to, presentation)
      : this.#fromDatabase(from, to, presentation);
  }

  #fromRing(from: number, to: number, presentation: Presentation): Chunk {
    const { sequence, filters, partitionOf } = this.options;
    const { ring } = sequence.tail;
    const revision = revisionOf(presentation);
    const common = isCommon(presentation);
    const events: SourceEvent[] = [];
    let bytes = 0;
    let number = from;
    for (; number <= to && events.length < CHUNK_EVENTS && bytes < CHUNK_BYTES; number++) {
      const event = ring.get(number);
      if (event === undefined) break;
      if (!matchesAny(filters, event)) continue;
      const encode = (): Buffer => encodeEntry(event.document, 0, presentation);
      const frame = (common ? ring.frame(number, revision, encode) : undefined) ?? encode();
      bytes += frame.length;
      events.push({ number, partition: partitionOf(event.document, 0, presentation), frame });
    }
    return { events, next: number };
  }

  async #fromDatabase(from: number, to: number, presentation: Presentation): Promise<Chunk> {
    const { sequence, filters, partitionOf } = this.options;
    const bounded = !selectsAll(filters) && !isIndexed(filters);
    const end = bounded ? Math.min(to, from + TUNING.scanWindow) : to;
    const { db, collection } = sequence;
    const found = await findEvents(db, collection, { from, to: end, limit: CHUNK_EVENTS, filters });
    const writer = new FrameWriter(presentation, found.bytes.length);
    const delivered = found.starts.filter((start) => isDelivered(filters, found.bytes, start));
    const places = delivered.map((start) => {
      const begin = writer.length;
      writer.event(found.bytes, start);
      return { start, begin, stop: writer.length };
    });
    const frames = writer.take();
    const events = places.map(({ start, begin, stop }) => ({
      number: readInt64(found.bytes, start + NUMBER_OFFSET),
      partition: partitionOf(found.bytes, start, presentation),
      frame: frames.subarray(begin, stop),
    }));
    const last = found.starts.at(-1);
    if (found.exhausted || last === undefined) return { events, next: end + 1 };
    return { events, next: readInt64(found.bytes, last + NUMBER_OFFSET) + 1 };
  }
}
