/**
 * Finds ordered sequences, active and archived ones in one question: the database looks into each month by the same
 * index. A sequence that is on its way to the archive is in both, and counts once.
 */
import { deserialize } from 'bson';
import { Long, type Db, type Document } from 'mongodb';
import { READ_CONCERN } from '../find-events';
import { ACTIVE, archivePlaces, type Place } from './collections';
import { matching, type RowFilter } from './row-filter';
import type { SequenceEventRow, SequenceRow } from './row-types';

/** Archives in one question: MongoDB bounds the stages of a pipeline. */
const PLACES_AT_ONCE = 60;

/** Rows that are fetched at once: a row has some KB, and at most some MiB. */
const ROWS_AT_ONCE = 50;

/** Sequences that one event may be a step of, as far as a list by event looks. */
const SEQUENCES_OF_AN_EVENT = 10_000;

export interface FoundRow {
  readonly row: SequenceRow;
  /** The month that it is archived under; undefined: it is active. */
  readonly month: string | undefined;
}

export interface RowPage {
  /** Newest first. */
  readonly rows: readonly FoundRow[];
  /** Where the next page begins: those created before it; undefined: there are no more. */
  readonly next: number | undefined;
}

/** Runs one pipeline for each place, active ones first; what comes tells its place as `month` (null: active). */
export async function everywhere<Result extends Document>(
  db: Db,
  places: readonly Place[],
  which: 'sequences' | 'events',
  pipelineOf: (place: Place) => Document[],
): Promise<(Result & { readonly month: string | null })[]> {
  const found: (Result & { readonly month: string | null })[] = [];
  for (let i = 0; i < places.length; i += PLACES_AT_ONCE) {
    const [first, ...others] = places.slice(i, i + PLACES_AT_ONCE);
    if (first === undefined) break;
    const pipeline = pipelineEverywhere(first, others, which, pipelineOf);
    const some = db.collection(first[which]).aggregate<Result & { readonly month: string | null }>(pipeline, {
      readConcern: READ_CONCERN,
    });
    found.push(...(await some.toArray()));
  }
  return found;
}

export function pipelineEverywhere(
  first: Place,
  others: readonly Place[],
  which: 'sequences' | 'events',
  pipelineOf: (place: Place) => Document[],
): Document[] {
  const told = (place: Place) => [...pipelineOf(place), { $addFields: { month: { $literal: place.month ?? null } } }];
  const unions = others.map((place) => ({ $unionWith: { coll: place[which], pipeline: told(place) } }));
  return [...told(first), ...unions];
}

/** Active ones are looked at first: whatever leaves them meanwhile is in an archive by then. */
export const placesOf = async (db: Db, archived: boolean): Promise<Place[]> =>
  archived ? [ACTIVE, ...(await archivePlaces(db))] : [ACTIVE];

export async function findRow(db: Db, sequenceId: string): Promise<FoundRow | undefined> {
  const where = { sequence_id: sequenceId };
  const active = await activeRow(db, where);
  if (active !== undefined) return active;
  const [archived] = await everywhere<SequenceRow>(db, await archivePlaces(db), 'sequences', () => [{ $match: where }]);
  // In none: somebody may have acted on an archived one between the two, which made it active again.
  return archived === undefined ? activeRow(db, where) : found(archived);
}

async function activeRow(db: Db, where: Document): Promise<FoundRow | undefined> {
  const row = await db.collection<SequenceRow>(ACTIVE.sequences).findOne(where, { readConcern: READ_CONCERN });
  return row === null ? undefined : { row, month: undefined };
}

const found = ({ month, ...row }: SequenceRow & { readonly month: string | null }): FoundRow => ({
  row,
  month: month ?? undefined,
});

/**
 * A page of a list, newest first.
 * @param before those created before this number; undefined: from the newest on
 * @param bytes of rows after which the page ends early
 */
export async function listRows(
  db: Db,
  filter: RowFilter,
  { before, limit, bytes }: { readonly before: number | undefined; readonly limit: number; readonly bytes: number },
): Promise<RowPage> {
  // What waits for a person is not settled, so it is not archived.
  const places = await placesOf(db, filter.archived === true && filter.needsPerson !== true);
  const where = { ...matching(filter, before), ...(await ofEvent(db, filter.eventId, filter.archived === true)) };
  const pipeline = pageOf(where, limit + 1);
  const keys = await everywhere<{ _id: number }>(db, places, 'sequences', () => pipeline);
  const places_ = new Map<number, string | null>();
  // The first that tells it is the active one.
  for (const { _id, month } of keys) if (!places_.has(_id)) places_.set(_id, month);
  const ids = [...places_.keys()].sort((a, b) => b - a);
  return readPage(db, places, ids, limit, bytes, places_);
}

/** The numbers of one place's rows alone, for a page that is put together from several places. */
export const pageOf = (where: Document, limit: number): Document[] => [
  { $match: where },
  { $sort: { _id: -1 } },
  { $limit: limit },
  { $project: { _id: 1 } },
];

async function ofEvent(db: Db, eventId: string | undefined, archived: boolean): Promise<Document> {
  if (eventId === undefined || eventId === '') return {};
  const pipeline = [
    { $match: { event_id: eventId } },
    { $limit: SEQUENCES_OF_AN_EVENT },
    { $project: { _id: 0, sequence_id: 1 } },
  ];
  const places = await placesOf(db, archived);
  const steps = await everywhere<Pick<SequenceEventRow, 'sequence_id'>>(db, places, 'events', () => pipeline);
  return { sequence_id: { $in: [...new Set(steps.map(({ sequence_id }) => sequence_id))] } };
}

async function readPage(
  db: Db,
  places: readonly Place[],
  ids: readonly number[],
  limit: number,
  bytes: number,
  months: ReadonlyMap<number, string | null>,
): Promise<RowPage> {
  const rows: FoundRow[] = [];
  let size = 0;
  const wanted = ids.slice(0, limit);
  for (let i = 0; i < wanted.length; i += ROWS_AT_ONCE) {
    const some = wanted.slice(i, i + ROWS_AT_ONCE);
    const read = await rowsById(db, places, some, months);
    for (const id of some) {
      const one = read.get(id);
      // It was moved between the two questions; whoever asks again finds it where it is.
      const [row, length] = one ?? [await movedRow(db, id), 0];
      if (row === undefined) continue;
      if (rows.length > 0 && size + length > bytes) return { rows, next: Number(rows.at(-1)?.row._id) };
      rows.push(row);
      size += length;
    }
  }
  return { rows, next: ids.length > limit ? wanted.at(-1) : undefined };
}

async function rowsById(
  db: Db,
  places: readonly Place[],
  ids: readonly number[],
  months: ReadonlyMap<number, string | null>,
): Promise<Map<number, readonly [FoundRow, number]>> {
  const read = new Map<number, readonly [FoundRow, number]>();
  for (const { sequences, month } of places) {
    const here = ids.filter((id) => (months.get(id) ?? undefined) === month);
    if (here.length === 0) continue;
    const cursor = db
      .collection(sequences)
      .find({ _id: { $in: here.map((id) => Long.fromNumber(id)) } } as never, { raw: true, readConcern: READ_CONCERN });
    for await (const raw of cursor) {
      // A raw document is a Buffer, whatever its type says; a row has the form in which it was written.
      const buffer = raw as unknown as Buffer;
      const row = deserialize(buffer) as SequenceRow;
      read.set(Number(row._id), [{ row, month }, buffer.length]);
    }
  }
  return read;
}

async function movedRow(db: Db, id: number): Promise<FoundRow | undefined> {
  const where = { _id: Long.fromNumber(id) };
  const [row] = await everywhere<SequenceRow>(db, await placesOf(db, true), 'sequences', () => [{ $match: where }]);
  return row === undefined ? undefined : found(row);
}

/** Every active row that is not settled, oldest first, some hundred at a time. */
export async function* activeRows(db: Db): AsyncGenerator<SequenceRow[]> {
  const cursor = db
    .collection<SequenceRow>(ACTIVE.sequences)
    .find({ 'handling.phase': { $ne: 'settled' } }, { readConcern: READ_CONCERN, batchSize: 500 })
    .sort({ _id: 1 });
  try {
    while (await cursor.hasNext()) yield cursor.readBufferedDocuments();
  } finally {
    await cursor.close();
  }
}
