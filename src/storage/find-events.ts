/**
 * Reads events by position, as the bytes they are. Every read is one `find` with one reply: no cursor
 * stays open at the database while a slow reader makes up its mind, and a reader costs no memory here.
 * Only what a majority holds is read, so nothing that was delivered can be rolled back.
 */
import type { Db, Document, Filter, Hint } from 'mongodb';
import { BSON, Long } from 'mongodb';
import type { EventFilter } from '../kernel/event-filter';
import { givenUpInTime } from './deployment';
import { HAS_TAGS, SOURCE_INDEX, TAGS_INDEX } from './event-collections';
import { eachElement, keyEnd, readInt32, readInt64 } from './event-fields';

export const READ_CONCERN = { level: 'majority' } as const;

/** How long the database may look for events before it gives up, in ms: a filter without an index walks the log. */
const FIND_TIME_MS = 30_000;

/** Stored events one after the other in one buffer, which they keep alive together. */
export interface RawEvents {
  readonly bytes: Buffer;
  /** Where each event's document starts in `bytes`. */
  readonly starts: readonly number[];
  /** Nothing in the range is left. False also when the reply was full before the limit was reached. */
  readonly exhausted: boolean;
}

export interface Range {
  /** The lowest number, inclusive. */
  readonly from: number;
  /** The highest number, inclusive. Absent: no bound. */
  readonly to?: number | undefined;
  /** Events wanted at most. */
  readonly limit: number;
  readonly backwards?: boolean;
  readonly filters?: readonly EventFilter[];
  /** Announcements that no filter asks for are left out by the database. Otherwise it is for the caller to pass over them, which is cheaper for many events: they are few. */
  readonly delivered?: boolean;
  /** The fields that are wanted, beside the number. Absent: all. */
  readonly projection?: Readonly<Record<string, 1>>;
}

/** The events of a range, in the direction asked for. A collection that is not there is an empty one. */
export async function findEvents(db: Db, collection: string, range: Range): Promise<RawEvents> {
  const filters = range.filters ?? [];
  const bounds: Document = { $gte: Long.fromNumber(range.from) };
  if (range.to !== undefined) bounds['$lte'] = Long.fromNumber(range.to);
  const reply = await db.command(
    {
      find: collection,
      filter: { _id: bounds, ...(range.delivered === true ? deliveredQuery(filters) : filterQuery(filters)) },
      sort: { _id: range.backwards === true ? -1 : 1 },
      limit: range.limit,
      // All in one reply; the database still ends it at 16 MiB.
      batchSize: range.limit,
      maxTimeMS: FIND_TIME_MS,
      readConcern: READ_CONCERN,
      ...(range.projection === undefined ? {} : { projection: range.projection }),
      ...hintFor(filters),
    },
    { raw: true },
  );
  // With `raw` every nested document of the reply is a slice of its bytes.
  const { cursor } = reply as { cursor: Buffer };
  const page = readPage(cursor, range.limit);
  if (page.cursorId !== undefined) {
    await db.command({ killCursors: collection, cursors: [page.cursorId] });
  }
  return page;
}

function readPage(cursor: Buffer, limit: number): RawEvents & { cursorId: Long | undefined } {
  const starts: number[] = [];
  let cursorId: Long | undefined;
  eachElement(cursor, 0, (_type, key, _stop, value) => {
    if (cursor[key] === 0x69) {
      // `id`
      if (readInt64(cursor, value) !== 0) cursorId = new Long(readInt32(cursor, value), readInt32(cursor, value + 4));
    } else if (cursor[key] === 0x66) {
      // `firstBatch`: an array of documents, each behind a type byte and its index as a key
      const end = value + readInt32(cursor, value) - 1;
      for (let at = value + 4; at < end;) {
        const start = keyEnd(cursor, at + 1) + 1;
        starts.push(start);
        at = start + readInt32(cursor, start);
      }
    }
  });
  return { bytes: cursor, starts, exhausted: cursorId === undefined && starts.length < limit, cursorId };
}

/**
 * The last event that matches: its document, or undefined. Announcements match a filter that asks for
 * them; without any filter it is the end of the log, whatever stands there.
 */
export async function findLast(
  db: Db,
  collection: string,
  filters: readonly EventFilter[] = [],
  from = 0,
): Promise<Buffer | undefined> {
  const delivered = filters.length > 0;
  const found = await findEvents(db, collection, { from, limit: 1, backwards: true, filters, delivered });
  const start = found.starts[0];
  return start === undefined ? undefined : documentAt(found.bytes, start);
}

/** The events with these ids that are recorded, in no order. */
export async function findByEventIds(db: Db, collection: string, eventIds: readonly string[]): Promise<Buffer[]> {
  // Many ids make a large command.
  return givenUpInTime((signal) =>
    db
      .collection(collection)
      .find<Buffer>(
        // The driver types a filter by the collection's schema; events are read raw here.
        { eventId: { $in: eventIds } } as Filter<Document>,
        { signal, raw: true, readConcern: READ_CONCERN, batchSize: eventIds.length + 1 },
      )
      .toArray(),
  );
}

/** The document that starts at `start`, as a slice. */
export const documentAt = (bytes: Buffer, start: number): Buffer =>
  bytes.subarray(start, start + readInt32(bytes, start));

/** Decodes a stored event whole. For what is done rarely. */
export const decodeDocument = (document: Buffer): Document => BSON.deserialize(document);

/** The MongoDB query that selects what any of the filters selects, and the announcements of all of it. */
export function filterQuery(filters: readonly EventFilter[]): Document {
  return selectsAll(filters) ? {} : anyOf(filters.map(oneFilter));
}

/** The same with those announcements alone that readers get who have these filters. */
export function deliveredQuery(filters: readonly EventFilter[]): Document {
  return anyOf(
    filters.length === 0
      ? [NO_ANNOUNCEMENT]
      : filters.map((filter) => ({ ...oneFilter(filter), ...announced(filter) })),
  );
}

/** Every event matches: no filter stands against any. */
export const selectsAll = (filters: readonly EventFilter[]): boolean =>
  filters.length === 0 || filters.some((filter) => Object.keys(oneFilter(filter)).length === 0);

const NO_ANNOUNCEMENT: Document = { announces: { $exists: false } };

/** An event that announces nothing has no kind either; where a constraint came into force is told to nobody. */
const announced = ({ announcements }: EventFilter): Document =>
  announcements === true ? { 'announces.kind': { $in: [null, 'compensation', 'redaction'] } } : NO_ANNOUNCEMENT;

function anyOf(queries: readonly Document[]): Document {
  const [only] = queries;
  return only !== undefined && queries.length === 1 ? only : { $or: queries };
}

function oneFilter(filter: EventFilter): Document {
  const query: Document = {};
  if (filter.types.length > 0) query['type'] = { $in: filter.types };
  if (filter.eventSourceIds.length > 0) query['eventSourceId'] = { $in: filter.eventSourceIds };
  if (filter.tags.length > 0) Object.assign(query, HAS_TAGS, { tags: { $all: filter.tags } });
  if (filter.correlationId !== undefined) query['correlationId'] = filter.correlationId;
  return query;
}

/** Whether an index leads to the events of these filters, so that a read need not walk what lies between them. */
export const isIndexed = (filters: readonly EventFilter[]): boolean =>
  filters.length > 0 && filters.every((filter) => filter.eventSourceIds.length > 0 || filter.tags.length > 0);

/**
 * The planner tries the clustered order against an index by racing them over the first documents,
 * and a sparse source loses that race when its history is far away. We know better.
 */
function hintFor(filters: readonly EventFilter[]): { hint?: Hint } {
  const [filter] = filters;
  if (filter === undefined || filters.length > 1) return {};
  if (filter.eventSourceIds.length > 0) return { hint: SOURCE_INDEX };
  return filter.tags.length > 0 ? { hint: TAGS_INDEX } : {};
}
