/** One page of a read or a catch-up: which range to ask the database for, and the message made of the answer. */
import type { Db } from 'mongodb';
import type { EventFilter } from '../contract/messages';
import { NUMBER_OFFSET } from '../storage/event-document';
import { readInt32, readInt64 } from '../storage/event-fields';
import { findEvents, isIndexed, selectsAll, type RawEvents } from '../storage/find-events';
import { FrameWriter } from './event-frame';
import { isDelivered } from './log-event';
import type { Presentation } from './presentation';
import type { ReaderPace } from './reader-pace';
import { TUNING } from './tuning';

export interface PageQuery {
  readonly db: Db;
  readonly collection: string;
  readonly filters: readonly EventFilter[];
  /** In which form content comes, asked for each page. */
  readonly present: () => Promise<Presentation>;
  /** How large the pages may be. */
  readonly pace: ReaderPace;
}

export interface Page {
  /** The first number that has not been looked at yet, in the direction read; past the range when it is done. */
  readonly next: number;
  /** Events that the reader gets. */
  readonly count: number;
  /** The page's events in their wire form, and room for the message's own fields. */
  readonly writer: FrameWriter;
  /** The message has been taken: its buffer may serve the next page. */
  release(): void;
}

/** Events of a first page: so few that they are no matter when each of them is as large as an event can be. */
const FIRST_EVENTS = 4;

/** How many times as many events as the last page had the next one may have: what is still small may become large. */
const GROWTH = 8;

/** Bytes of a page, unless its first event is larger: twice what is aimed at, so that little is read for nothing. */
const MAX_PAGE_BYTES = 2 * TUNING.frameBytes;

/** Reads pages of about the bytes of one message, learning from each how large the events are. */
export class Pager {
  #events = FIRST_EVENTS;
  /** Writers whose messages have been taken. Making a buffer for each page would be most of the garbage of a catch-up. */
  readonly #free: FrameWriter[] = [];

  constructor(private readonly query: PageQuery) {}

  /**
   * The page that starts at `from` and ends at the latest at `to`, both inclusive.
   * @param limit events at most, beyond the page's own bounds. Announcements that are passed over count
   * for no reader: they are looked at and not delivered.
   */
  async read(from: number, to: number, backwards: boolean, limit = Number.POSITIVE_INFINITY): Promise<Page> {
    const { db, collection, filters, present } = this.query;
    const wanted = Math.min(limit, TUNING.frameEvents, this.#events);
    const range = this.#window(from, to, backwards);
    const found = fitting(await findEvents(db, collection, { ...range, limit: wanted, backwards, filters }));
    const next = nextAfter(found, range, backwards, selectsAll(filters));
    const size = sizeOf(found);
    this.#learn(found.starts.length, size);
    const presentation = await present();
    const writer = this.#free.pop() ?? new FrameWriter(presentation, size);
    writer.reset(presentation);
    let count = 0;
    for (const start of found.starts) {
      if (!isDelivered(filters, found.bytes, start)) continue;
      writer.event(found.bytes, start);
      count++;
    }
    return { next, count, writer, release: () => this.#free.push(writer) };
  }

  #learn(events: number, bytes: number): void {
    if (events === 0) return;
    const fit = Math.max(1, Math.floor((this.query.pace.bytes * events) / bytes));
    this.#events = Math.min(fit, GROWTH * Math.max(events, this.#events));
  }

  /** Without an index to lead the way, a query walks a bounded stretch of the log, so that progress can be told. */
  #window(from: number, to: number, backwards: boolean): { from: number; to: number } {
    const bounded = !selectsAll(this.query.filters) && !isIndexed(this.query.filters);
    const length = bounded ? TUNING.scanWindow : Number.POSITIVE_INFINITY;
    return backwards ? { from: Math.max(to, from - length), to: from } : { from, to: Math.min(to, from + length) };
  }
}

/** Where the last of the events ends. */
function endOf({ bytes, starts }: RawEvents): number {
  const last = starts.at(-1);
  return last === undefined ? 0 : last + readInt32(bytes, last);
}

const sizeOf = (found: RawEvents): number => (found.starts.length === 0 ? 0 : endOf(found) - (found.starts[0] ?? 0));

/** The first of the events that one message holds, and at least one; the others are read again with the next page. */
function fitting(found: RawEvents): RawEvents {
  if (sizeOf(found) <= MAX_PAGE_BYTES) return found;
  const first = found.starts[0] ?? 0;
  const fit = found.starts.findIndex((start) => start + readInt32(found.bytes, start) - first > MAX_PAGE_BYTES);
  return { bytes: found.bytes, starts: found.starts.slice(0, Math.max(1, fit)), exhausted: false };
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
