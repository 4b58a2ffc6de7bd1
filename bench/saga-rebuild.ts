/**
 * The projections of ordered sequences made anew from a log, which the raw driver wrote: whole lives of sequences, as
 * many of them beside each other as a busy server has. It stands beside reading the same log and inserting the rows.
 */
import type { Db, Document } from 'mongodb';
import { WRITE_CONCERN } from '../src/storage/insert-events';
import { archivePlaces, ensurePlace } from '../src/storage/ordered-sequences/collections';
import type { Annals } from '../src/client';
import type { FloorCollection } from './floor';
import { compared, type Context } from './measure';
import type { Figures, Side } from './rounds';
import { wholeLife } from './saga-documents';
import { filledLog } from './saga-log';
import { onSagas, sagaDatabase } from './saga-place';

const NAMESPACE = 'rebuild';

/** Sequences that go on beside each other in the log. */
const BESIDE_EACH_OTHER = 64;

/** Rows of one insert of the floor: the sequences of one of the projection's transactions. */
const ROWS_AT_ONCE = 500;

const FLOOR_ROWS = { sequences: 'bench_sequences', events: 'bench_sequence_events', month: undefined };

/** The first call makes the rows for the first time; in ms. */
const LOADED_MS = 600_000;

export async function measureRebuild(context: Context): Promise<Figures> {
  const { floor, sizes } = context;
  const log = await filledLog(context, NAMESPACE, sizes.rebuiltSagas, interleaved);
  const entries = log.next;
  return onSagas(context, NAMESPACE, async (annals) => {
    const last = `life-${sizes.rebuiltSagas - 1}`;
    while ((await annals.orderedSequences.get(last, { timeoutMs: LOADED_MS })).archived === undefined);
    return compared(
      floorSide(log, floor.database(sagaDatabase(NAMESPACE)), entries),
      rebuildSide(annals, entries),
      context,
    );
  });
}

/** Every first entry of some sequences, then every second one. */
function interleaved(from: number, to: number): Document[] {
  const documents: Document[] = [];
  for (let at = from; at < to; at += BESIDE_EACH_OTHER) {
    const count = Math.min(BESIDE_EACH_OTHER, to - at);
    const lives = Array.from({ length: count }, (_, i) => wholeLife(`life-${at + i}`));
    const length = Math.max(...lives.map((life) => life.length));
    for (let entry = 0; entry < length; entry++)
      documents.push(...lives.flatMap((life) => life.slice(entry, entry + 1)));
  }
  return documents;
}

const rebuildSide = ({ orderedSequences }: Annals, entries: number): Side => ({
  how: 'Rebuild',
  run: async () => {
    for await (const _ of orderedSequences.rebuild());
    return { events: entries, waitsMs: [] };
  },
});

/** Reads and decodes the log, and inserts the rows that come of it into collections with the same indexes. */
function floorSide(log: FloorCollection, db: Db, entries: number): Side {
  let rows: { readonly sequences: Document[]; readonly events: Document[] } = { sequences: [], events: [] };
  return {
    how: 'reading it, inserting the rows',
    prepare: async () => {
      if (rows.sequences.length === 0) rows = await rowsOf(db);
      for (const collection of [FLOOR_ROWS.sequences, FLOOR_ROWS.events]) await db.dropCollection(collection);
      await ensurePlace(db, FLOOR_ROWS);
    },
    run: async () => {
      await log.scan('decoded');
      await insertAll(db, FLOOR_ROWS.sequences, rows.sequences);
      await insertAll(db, FLOOR_ROWS.events, rows.events);
      return { events: entries, waitsMs: [] };
    },
  };
}

async function insertAll(db: Db, collection: string, rows: readonly Document[]): Promise<void> {
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    await db.collection(collection).insertMany(rows.slice(i, i + ROWS_AT_ONCE), { writeConcern: WRITE_CONCERN });
  }
}

async function rowsOf(db: Db): Promise<{ sequences: Document[]; events: Document[] }> {
  const rows = { sequences: [] as Document[], events: [] as Document[] };
  for (const place of await archivePlaces(db)) {
    for await (const row of db.collection(place.sequences).find()) rows.sequences.push(row);
    for await (const row of db.collection(place.events).find()) rows.events.push(row);
  }
  return rows;
}
