/** Reads a range of an event sequence once, as messages in their wire form. */
import type { Db } from 'mongodb';
import type { EventFilter } from '../contract/messages';
import { documentAt, findByEventIds, findEvents, findLast } from '../storage/find-events';
import { fromDocument } from './log-event';
import { Pager, type Page } from './page';
import { presenting, type ContentWanted, type TypesAtHand } from './presentation';
import { ReaderPace } from './reader-pace';

/** Where a sequence's events are. */
export interface SequencePlace {
  readonly db: Db;
  readonly collection: string;
}

export interface ReadOptions {
  /** Inclusive; absent: the beginning in the direction read. */
  readonly from: number | undefined;
  /** Inclusive; absent: the end in the direction read. */
  readonly to: number | undefined;
  readonly backwards: boolean;
  /** Events at most; 0: all. */
  readonly limit: number;
  readonly filters: readonly EventFilter[];
  readonly content: ContentWanted;
}

/** Field number of ReadResponse.position. */
const POSITION_FIELD = 2;

/**
 * ReadResponse messages, each a page; what is recorded after the read began is not part of it. A
 * message's bytes last until the next one is asked for.
 */
export async function* readRange(sequence: SequencePlace & TypesAtHand, options: ReadOptions): AsyncGenerator<Buffer> {
  const tail = await lastNumber(sequence, []);
  if (tail === undefined) return;
  const { db, collection } = sequence;
  const { backwards, filters, content } = options;
  const from = backwards ? Math.min(options.from ?? tail, tail) : (options.from ?? 0);
  const to = backwards ? (options.to ?? 0) : Math.min(options.to ?? tail, tail);
  const open = (position: number) => (backwards ? position >= to : position <= to);
  const pace = new ReaderPace();
  const pager = new Pager({ db, collection, filters, present: presenting(content, sequence), pace });

  let left = options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit;
  let next = from;
  let fetched: Promise<Page> | undefined;
  const more = (): boolean => open(next) && left > 0;
  const fetch = async (): Promise<Page> => pager.read(next, to, backwards, left);
  while (more()) {
    const page = await (fetched ?? fetch());
    left -= page.count;
    next = page.next;
    // The next page is fetched while this one is on its way to the reader.
    fetched = pace.proven && more() ? fetch() : undefined;
    fetched?.catch(() => undefined);
    page.writer.field(POSITION_FIELD, backwards ? next + 1 : next - 1);
    pace.sent();
    yield page.writer.take();
    pace.taken();
    page.release();
  }
}

/** The document of one event, by its number or its id. */
export async function readOne({ db, collection }: SequencePlace, key: number | string): Promise<Buffer | undefined> {
  if (typeof key === 'string') return (await findByEventIds(db, collection, [key]))[0];
  const found = await findEvents(db, collection, { from: key, to: key, limit: 1 });
  const start = found.starts[0];
  return start === undefined ? undefined : documentAt(found.bytes, start);
}

/** The number of the last event that matches, or of the log's end without any filter; undefined when there is none. */
export async function lastNumber(
  { db, collection }: SequencePlace,
  filters: readonly EventFilter[],
): Promise<number | undefined> {
  const last = await findLast(db, collection, filters);
  return last === undefined ? undefined : fromDocument(last).number;
}
