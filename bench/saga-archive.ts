/**
 * Ordered sequences that are over, in the archives of twelve months: their rows and archives are made of a log that the
 * raw driver writes before the server has looked at it, as documents that were taken over leave it; then they are looked up.
 */
import type { Db } from 'mongodb';
import { setTimeout as pause } from 'node:timers/promises';
import type { Annals } from '../src/client';
import { archivePlaces, SEQUENCES, SEQUENCE_EVENTS } from '../src/storage/ordered-sequences/collections';
import { perSecond, timed, type Fact } from './facts';
import type { Context } from './measure';
import { completedSaga, OF_ONE_OPERATION, stepEventId, STEPS, takenOver } from './saga-documents';
import { filledLog } from './saga-log';
import { onSagas, sagaDatabase } from './saga-place';
import { waits } from './statistics';

const NAMESPACE = 'archive';

/** Making a hundred thousand rows and archiving them may take minutes, in ms. */
const LOADED_MS = 600_000;

/** Milliseconds between two looks at whether all are archived. */
const LOOK_EVERY_MS = 50;

/** Sequences of one page, where one is asked for: what a list has unless it says otherwise. */
const PAGE = 100;

export async function measureArchive(context: Context): Promise<Fact[]> {
  const { floor, sizes, around } = context;
  const { archivedSagas: sequences, lookUps } = sizes;
  await filledLog(context, NAMESPACE, sequences, (from, to) =>
    Array.from({ length: to - from }, (_, i) => takenOver(completedSaga(from + i))),
  );
  return onSagas(context, NAMESPACE, async (annals) => {
    const made = await timed(async () => archived(annals, sequences));
    const facts: Fact[] = [
      { what: `${sequences} made from the log and archived`, value: perSecond(sequences, made.ms), unit: '/s' },
      ...(await around(async () => lookedUp(annals, sequences, lookUps))),
    ];
    return [...facts, ...(await lookedUpRaw(floor.database(sagaDatabase(NAMESPACE)), sequences, lookUps))];
  });
}

/** Until the one that was first is archived: the newest are moved first. */
async function archived(annals: Annals, sequences: number): Promise<void> {
  for (const n of [sequences - 1, 0]) {
    const id = completedSaga(n).sequenceId;
    while ((await annals.orderedSequences.get(id, { timeoutMs: LOADED_MS })).archived === undefined) {
      await pause(LOOK_EVERY_MS);
    }
  }
}

/** A question at a time, each about another one than the last. */
async function asked(what: string, count: number, question: (n: number) => Promise<number>): Promise<Fact> {
  const waitsMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    const found = await question(i);
    waitsMs.push(performance.now() - started);
    if (found === 0) throw new Error(`${what}: nothing was found`);
  }
  return { what, waitsMs: waits(waitsMs) };
}

/** Far from each other, so that no question finds what the one before it has read. */
const spreadOver = (sequences: number, i: number): number => (i * 7_919) % sequences;

async function lookedUp({ orderedSequences }: Annals, sequences: number, lookUps: number): Promise<Fact[]> {
  const nth = (i: number): number => spreadOver(sequences, i);
  const first = async (selection: Parameters<typeof orderedSequences.list>[0], most: number): Promise<number> => {
    let count = 0;
    for await (const _ of orderedSequences.list({ ...selection, archived: true, pageSize: most })) {
      if (++count === most) break;
    }
    return count;
  };
  const lists = Math.max(1, Math.round(lookUps / 4));
  return [
    await asked('get by id', lookUps, async (i) => {
      await orderedSequences.get(`done-${nth(i)}`);
      return 1;
    }),
    await asked('list by event', lookUps, async (i) => first({ eventId: stepEventId(`done-${nth(i)}`, 1) }, PAGE)),
    await asked('list by causation', lookUps, async (i) => first({ causationId: `cause-${nth(i)}` }, PAGE)),
    await asked(`list by correlation (${OF_ONE_OPERATION})`, lookUps, async (i) =>
      first({ correlationId: `operation-${Math.floor(nth(i) / OF_ONE_OPERATION)}` }, PAGE),
    ),
    await asked(`list by status, a page of ${PAGE}`, lists, async () => first({ statuses: ['completed'] }, PAGE)),
    await asked(`list by name, a page of ${PAGE}`, lists, async () => first({ name: 'invoice creation' }, PAGE)),
  ];
}

/** The same by the raw driver, which knows the month. */
async function lookedUpRaw(db: Db, sequences: number, lookUps: number): Promise<Fact[]> {
  const places = await archivePlaces(db);
  const monthOf = (n: number): string => (completedSaga(n).completed_at ?? '').slice(0, 7);
  const placeOf = (n: number) => places.find(({ month }) => month === monthOf(n));
  return [
    await asked('raw: a row by id, in its month', lookUps, async (i) => {
      const n = spreadOver(sequences, i);
      const rows = db.collection(placeOf(n)?.sequences ?? SEQUENCES);
      return (await rows.findOne({ sequence_id: `done-${n}` })) === null ? 0 : 1;
    }),
    await asked('raw: rows of its steps, in its month', lookUps, async (i) => {
      const n = spreadOver(sequences, i);
      const rows = await db
        .collection(placeOf(n)?.events ?? SEQUENCE_EVENTS)
        .find({ sequence_id: `done-${n}` })
        .toArray();
      return rows.length === STEPS ? STEPS : 0;
    }),
  ];
}
