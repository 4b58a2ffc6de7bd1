/** One page of a read or a catch-up: which range to ask the database for, and the message made of the answer. */
import type { Db } from 'mongodb';
import type { ContentType, EventFilter } from '../contract/messages';
import { readInt64 } from '../storage/event-fields';
import { findEvents, isIndexed, type RawEvents } from '../storage/find-events';
import { FrameWriter } from './event-frame';
import { TUNING } from './tuning';

export interface PageQuery {
  readonly db: Db;
  readonly collection: string;
  readonly filters: readonly EventFilter[];
  readonly contentType: ContentType;
}

export interface Page {
  /** The first number that has not been looked at yet, in the direction read; past the range when it is done. */
  readonly next: number;
  readonly count: number;
  /** The page's events in their wire form, and room for the message's own fields. */
  readonly writer: FrameWriter;
}

/** Where every stored document has its number: behind its size and the key `_id`. */
const NUMBER_OFFSET = 9;

/** Bytes of an event when nothing is known of the log yet. */
const FIRST_GUESS_BYTES = 1_024;

/** Reads pages of about the bytes of one message, learning from each how large the events are. */
export class Pager {
  #eventBytes = FIRST_GUESS_BYTES;

  constructor(private readonly query: PageQuery) {}

  /**
   * The page that starts at `from` and ends at the latest at `to`, both inclusive.
   * @param limit events at most, beyond the page's own bounds.
   */
  async read(from: number, to: number, backwards: boolean, limit = Number.POSITIVE_INFINITY): Promise<Page> {
    const { db, collection, filters, contentType } = this.query;
    const wanted = Math.min(limit, TUNING.frameEvents, Math.max(1, Math.floor(TUNING.frameBytes / this.#eventBytes)));
    const range = this.#window(from, to, backwards);
    const found = await findEvents(db, collection, { ...range, limit: wanted, backwards, filters });
    const next = nextAfter(found, range, backwards, filters.length === 0);
    const size = found.bytes.length;
    if (found.starts.length > 0) this.#eventBytes = Math.ceil(size / found.starts.length);
    const writer = new FrameWriter(contentType, size);
    for (const start of found.starts) writer.event(found.bytes, start);
    return { next, count: found.starts.length, writer };
  }

  /** Without an index to lead the way, a query walks a bounded stretch of the log, so that progress can be told. */
  #window(from: number, to: number, backwards: boolean): { from: number; to: number } {
    const bounded = this.query.filters.length > 0 && !isIndexed(this.query.filters);
    const length = bounded ? TUNING.scanWindow : Number.POSITIVE_INFINITY;
    return backwards ? { from: Math.max(to, from - length), to: from } : { from, to: Math.min(to, from + length) };
  }
}

function nextAfter(
  found: RawEvents,
  range: { from: number; to: number },
  backwards: boolean,
  everyNumber: boolean,
): number {
  const last = found.starts.at(-1);
  if (everyNumber) assertContiguous(found, backwards ? range.to : range.from, backwards);
  if (found.exhausted || last === undefined) return backwards ? range.from - 1 : range.to + 1;
  const number = readInt64(found.bytes, last + NUMBER_OFFSET);
  return backwards ? number - 1 : number + 1;
}

/** The range is known to be committed, so a number that is missing from it is damage, and is never skipped over. */
function assertContiguous(found: RawEvents, first: number, backwards: boolean): void {
  found.starts.forEach((start, i) => {
    const expected = backwards ? first - i : first + i;
    const number = readInt64(found.bytes, start + NUMBER_OFFSET);
    if (number !== expected) throw new Error(`event ${expected} is missing before ${number}`);
  });
}
