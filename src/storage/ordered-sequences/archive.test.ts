/** Rows are written, counted and archived; whatever ends in the middle, each sequence is found once and counted once. */
import { MongoClient, type Db } from 'mongodb';
import { rowsOf } from '../../../observers/ordered-sequences/rows';
import { AT, completed, event, stateOfOne, step } from '../../../observers/ordered-sequences/sequence-state.testing';
import type { SequenceState } from '../../../observers/ordered-sequences/sequence-state';
import { startReplicaSet, type ReplicaSet } from '../../../test/support/replica-set';
import { ARCHIVE_STEPS, archiveSettled, type ArchiveStep } from './archive';
import { RowsDropped } from './checkpoint';
import { archivePlace, archivePlaces, SEQUENCE_EVENTS, SEQUENCES } from './collections';
import { findByEvents } from './find-by-event';
import { findRow, listRows } from './find-rows';
import { openRows, resetRows } from './reset';
import { readStatistics } from './views';
import { writeRows } from './write-rows';

const MARCH = AT;
const APRIL = Date.parse('2026-04-01T00:00:00.000Z');

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
beforeEach(async () => {
  db = client.db(`archive-${++serial}`);
  await openRows(db);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const write = async (states: readonly SequenceState[], position: number, generation = 0) =>
  writeRows(client, db, { changed: states.map(rowsOf), position, generation });

const twoSettled = [
  completed(stateOfOne('a', 0), 2, MARCH),
  completed(stateOfOne('b', 1), 3, APRIL),
  stateOfOne('c', 4),
];

/** All that there is, by every kind of lookup. */
async function everything() {
  const page = await listRows(db, { archived: true }, { before: undefined, limit: 100, bytes: Infinity });
  const events = await findByEvents(db, ['a-a', 'b-b', 'c-a'], true);
  return {
    listed: page.rows.map(({ row }) => row.sequence_id),
    byEvent: events.map(({ sequenceId }) => sequenceId).sort(),
    one: (await findRow(db, 'a'))?.row,
  };
}

const ALL_ONCE = { listed: ['c', 'b', 'a'], byEvent: ['a', 'b', 'c'], one: { sequence_id: 'a', status: 'completed' } };

it.each([...ARCHIVE_STEPS.map((done) => [done, 1] as const), ['made', 2] as const, ['verified', 2] as const])(
  'what ends after “%s” (month %d) leaves each sequence to be found once, and is made good by the next',
  async (killedAfter, month) => {
    await write(twoSettled, 5);
    let times = 0;
    const kill = (done: ArchiveStep) => {
      if (done === killedAfter && ++times === month) throw new Error('killed');
    };
    await expect(archiveSettled(client, db, 5, kill)).rejects.toThrow('killed');
    expect(await everything()).toMatchObject(ALL_ONCE);
    await archiveSettled(client, db, 5);
    expect(await archiveSettled(client, db, 5)).toBe(0);
    expect(await everything()).toMatchObject(ALL_ONCE);
    expect((await findRow(db, 'a'))?.month).toBe('2026-03');
    expect((await findRow(db, 'b'))?.month).toBe('2026-04');
    expect((await findRow(db, 'c'))?.month).toBeUndefined();
    expect(await db.collection(SEQUENCES).countDocuments()).toBe(1);
    expect(await db.collection(SEQUENCE_EVENTS).countDocuments()).toBe(2);
  },
);

it('a copy that is not what it was copied from is not believed: nothing is removed', async () => {
  await write(twoSettled.slice(0, 1), 3);
  const spoil = async (done: ArchiveStep) => {
    if (done !== 'sequences copied') return;
    await db.collection(archivePlace('2026-03').sequences).updateOne({}, { $set: { name: 'spoilt' } });
  };
  await expect(archiveSettled(client, db, 3, spoil)).rejects.toMatchObject({ name: 'ArchiveDiffers' });
  expect((await findRow(db, 'a'))?.month).toBeUndefined();
  expect((await findRow(db, 'a'))?.row.name).toBe('invoice');
  expect(await archiveSettled(client, db, 3)).toBe(1);
  expect(await findRow(db, 'a')).toMatchObject({ row: { name: 'invoice' }, month: '2026-03' });
});

it('what the log says beyond the checkpoint stays active, since it may have to be read again', async () => {
  await write(twoSettled, 3);
  await archiveSettled(client, db, 3);
  expect((await findRow(db, 'a'))?.month).toBe('2026-03');
  expect((await findRow(db, 'b'))?.month).toBeUndefined();
});

it('one that somebody acts on between its copy and its removal stays active, as it is then', async () => {
  await write(twoSettled.slice(0, 1), 3);
  const acted = stateOfOne('a', 0, {}, { last: 3, phase: 'rolling-back' });
  const act = async (done: ArchiveStep) => (done === 'verified' ? write([acted], 4) : undefined);
  await archiveSettled(client, db, 3, act);
  expect(await findRow(db, 'a')).toMatchObject({ row: { handling: { last: 3 } }, month: undefined });
  expect(await db.collection(SEQUENCE_EVENTS).countDocuments()).toBe(2);
  const page = await listRows(db, { archived: true }, { before: undefined, limit: 100, bytes: Infinity });
  expect(page.rows).toMatchObject([{ row: { handling: { last: 3 } }, month: undefined }]);
  expect(await db.collection(archivePlace('2026-03').sequences).countDocuments()).toBe(0);
  expect(await db.collection(archivePlace('2026-03').events).countDocuments()).toBe(0);
});

it('of one that was copied, not removed, and then acted on, the copy goes', async () => {
  await write(twoSettled.slice(0, 1), 3);
  const kill = (done: ArchiveStep) => {
    if (done === 'verified') throw new Error('killed');
  };
  await expect(archiveSettled(client, db, 3, kill)).rejects.toThrow('killed');
  await write([stateOfOne('a', 0, {}, { last: 3, phase: 'rolling-back' })], 4);
  const filter = { statuses: ['completed'], archived: true };
  expect((await listRows(db, filter, { before: undefined, limit: 100, bytes: Infinity })).rows).toEqual([]);
  expect(await db.collection(archivePlace('2026-03').events).countDocuments()).toBe(0);
});

it('one that somebody acts on after it was archived is active again with all its steps, and archived anew', async () => {
  await write(twoSettled.slice(0, 1), 3);
  await archiveSettled(client, db, 3);
  const acted = stateOfOne('a', 0, {}, { last: 3, phase: 'rolling-back' });
  const { sequence, events } = rowsOf(acted);
  await writeRows(client, db, { changed: [{ sequence, events: events.slice(1) }], position: 4, generation: 0 });
  expect((await findRow(db, 'a'))?.month).toBeUndefined();
  expect(await db.collection(SEQUENCE_EVENTS).countDocuments()).toBe(2);
  expect(await db.collection(archivePlace('2026-03').events).countDocuments()).toBe(0);
  await write([completed(acted, 4, APRIL)], 5);
  await archiveSettled(client, db, 5);
  expect((await findRow(db, 'a'))?.month).toBe('2026-04');
  expect(await db.collection(archivePlace('2026-03').sequences).countDocuments()).toBe(0);
});

describe('written again', () => {
  it('a state that is not newer changes nothing, active or archived, and is not counted twice', async () => {
    await write(twoSettled, 5);
    await archiveSettled(client, db, 5);
    const before = [await everything(), await readStatistics(db, undefined)];
    await write(twoSettled, 5);
    await write([stateOfOne('a', 0), stateOfOne('c', 4, { name: 'older' })], 2);
    expect([await everything(), await readStatistics(db, undefined)]).toEqual(before);
    expect((await openRows(db)).position).toBe(5);
  });

  it('by two servers at once, the newest state is the one that stays', async () => {
    const states = Array.from({ length: 10 }, (_, last) => stateOfOne('a', 0, { description: `${last}` }, { last }));
    await Promise.all(states.map(async (state) => write([state], state.handling.last)));
    expect((await findRow(db, 'a'))?.row.description).toBe('9');
    expect((await readStatistics(db, undefined)).counts).toMatchObject([{ count: 1 }]);
  });

  it('rows that were dropped are not written by who opened them before', async () => {
    await write(twoSettled, 5);
    await archiveSettled(client, db, 5);
    await resetRows(db);
    await expect(write([stateOfOne('z', 9)], 10)).rejects.toThrow(RowsDropped);
    expect(await everything()).toEqual({ listed: [], byEvent: [], one: undefined });
    expect(await archivePlaces(db)).toEqual([]);
    const { position, generation } = await openRows(db);
    expect([position, generation]).toEqual([0, 1]);
    await write(twoSettled, 5, generation);
    expect(await everything()).toMatchObject(ALL_ONCE);
  });
});

describe('statistics', () => {
  const failing = (id: string, created: number, last: number, failures: number): SequenceState =>
    stateOfOne(
      id,
      created,
      { events: [event(`${id}-a`, { order: 3 })] },
      {
        last,
        steps: [
          step({
            arrived: { eventId: `${id}-a`, sequenceNumber: 1, eventType: 'T', eventSourceId: 's', correlationId: 'c' },
            failures: [{ code: 'closed', failures, retries: failures - 1, message: `${id} ${failures}`, last }],
          }),
        ],
      },
    );

  it('count by name, version and status; tell durations of completed ones; and failures by step and code', async () => {
    await write([stateOfOne('a', 0, { status: 'created' }), stateOfOne('b', 1), failing('f', 2, 2, 1)], 3);
    await write([completed(stateOfOne('a', 0), 3, AT + 1_000), failing('f', 2, 4, 3), failing('g', 5, 5, 2)], 6);
    await write([completed(stateOfOne('b', 1), 6, AT + 4_000)], 7);
    const id = { name: 'invoice', version: '1.0.0' };
    expect(await readStatistics(db, 'invoice')).toEqual({
      counts: [
        { _id: { ...id, status: 'completed' }, count: 2 },
        { _id: { ...id, status: 'in_progress' }, count: 2 },
      ],
      durations: [{ _id: id, count: 2, total_ms: 5_000, shortest_ms: 1_000, longest_ms: 4_000 }],
      failures: [
        { _id: { ...id, order: 3, event_type: 'T', code: 'closed' }, failures: 5, retries: 3, message: 'g 2', last: 5 },
      ],
    });
    expect(await readStatistics(db, 'another')).toEqual({ counts: [], durations: [], failures: [] });
  });

  it('are the same byte for byte when they are made again, in other batches and from newer states alone', async () => {
    const raw = async () => {
      const views = ['counts', 'durations', 'failures'].map((view) => `event_sequence_${view}`);
      const places = [SEQUENCES, SEQUENCE_EVENTS, ...views, archivePlace('2026-03').sequences];
      const read = places.map(async (name) => db.collection(name).find({}, { raw: true }).sort({ _id: 1 }).toArray());
      return (await Promise.all(read)).map((documents) =>
        documents.map((document) => (document as unknown as Buffer).toString('hex')),
      );
    };
    for (const failures of [1, 2, 3]) await write([failing('f', 0, failures, failures)], failures + 1);
    await write([stateOfOne('a', 4, { status: 'created' })], 5);
    await write([stateOfOne('a', 4, {}, { last: 5 }), failing('g', 6, 6, 1)], 7);
    await write([completed(stateOfOne('a', 4), 7, AT + 20)], 8);
    await archiveSettled(client, db, 8);
    const before = await raw();
    expect(before.flat()).toHaveLength(2 + 2 + 2 + 1 + 1 + 1);
    await resetRows(db);
    await write([failing('g', 6, 6, 1), failing('f', 0, 3, 3), completed(stateOfOne('a', 4), 7, AT + 20)], 8, 1);
    await archiveSettled(client, db, 8);
    expect(await raw()).toEqual(before);
  });
});
