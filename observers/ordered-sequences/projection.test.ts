import { MongoClient, type Db } from 'mongodb';
import pino from 'pino';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { byEvent, get, list } from './lookup';
import { Projection } from './projection';
import { AT, completed, event, stateOfOne, step } from './sequence-state.testing';
import type { SequenceState } from './sequence-state';
import { statistics } from './statistics';

const logger = pino({ level: 'silent' });

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let projection: Projection;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url, { serverSelectionTimeoutMS: 1_000 });
});
beforeEach(async () => {
  db = client.db(`projection-${++serial}`);
  projection = await Projection.open({ client, db, logger });
});
afterEach(async () => projection.stop());
afterAll(async () => {
  await client.close();
  await database.stop();
});

const reopen = async () => {
  await projection.stop();
  projection = await Projection.open({ client, db, logger });
};

const active = async (): Promise<string[]> => {
  const ids: string[] = [];
  for await (const some of projection.active()) ids.push(...some.map(({ sequenceId }) => sequenceId));
  return ids;
};

it('what was applied is found by every lookup once it is flushed', async () => {
  const state = stateOfOne('s', 0);
  projection.apply('s', state);
  await projection.flushed(0);
  expect(await get(db, 's')).toEqual({ state, whole: true, archived: undefined });
  expect((await list(db, { statuses: ['in_progress'] }, { size: 0, token: '' })).sequences).toHaveLength(1);
  expect(await byEvent(db, ['s-b'], { archived: false })).toMatchObject([{ sequenceId: 's', step: 1 }]);
  expect((await statistics(db, 'invoice')).counts).toMatchObject([{ status: 'in_progress', count: 1 }]);
  expect(await projection.state('s')).toEqual(state);
  expect(await active()).toEqual(['s']);
});

it('begins after the last number below which everything was written', async () => {
  projection.apply('a', stateOfOne('a', 0, {}, { last: 1 }), 0);
  projection.passed(2);
  projection.apply('b', stateOfOne('b', 4));
  await reopen();
  expect(projection.position).toBe(3);
  expect(await projection.state('b')).toBeDefined();
  projection.passed(3);
  projection.passed(4);
  await reopen();
  expect(projection.position).toBe(5);
});

it('of a long sequence, one step that changed is one row that is written', async () => {
  const events = Array.from({ length: 100 }, (_, i) => event(`e${i}`, { order: i + 1 }));
  const state = stateOfOne('s', 0, { events });
  projection.apply('s', state);
  await projection.flushed(0);
  const rows = db.collection<{ _id: string }>('event_sequence_events');
  await rows.updateMany({}, { $set: { untouched: true } });
  const next: SequenceState = {
    document: { ...state.document, events: events.with(7, { ...event('e7', { order: 8 }), status: 'processed' }) },
    handling: { ...state.handling, last: 1, steps: state.handling.steps.with(7, step({ updated: AT + 1 })) },
  };
  projection.apply('s', next);
  await projection.flushed(1);
  expect(await rows.countDocuments({ untouched: true })).toBe(99);
  expect(await rows.findOne({ _id: 's/7' })).toMatchObject({ status: 'processed', updated_at: new Date(AT + 1) });
});

it('settled ones are archived when nothing else is to be done, and found there', async () => {
  const state = completed(stateOfOne('s', 0), 1, AT);
  projection.apply('s', state, 0);
  await projection.flushed(1);
  let found = await get(db, 's');
  while (found?.archived === undefined) found = await get(db, 's');
  expect(found).toEqual({ state, whole: true, archived: '2026-03' });
  expect(await active()).toEqual([]);
});

it('many more states than fit into memory’s share go through, each sequence written with its newest', async () => {
  const sequences = 2_000;
  for (let last = 0; last < sequences * 3; last++) {
    const id = last % sequences;
    await projection.room();
    projection.apply(`s${id}`, stateOfOne(`s${id}`, id, { description: `${last}` }, { last }));
  }
  await projection.flushed(sequences * 3);
  const { counts } = await statistics(db);
  expect(counts).toMatchObject([{ status: 'in_progress', count: sequences }]);
  expect((await get(db, 's7'))?.state.document.description).toBe(String(2 * sequences + 7));
  await reopen();
  expect(projection.position).toBe(sequences * 3);
});

it('while the database is away it waits, and what was applied meanwhile is written when it is back', async () => {
  await database.kill(0);
  projection.apply('s', stateOfOne('s', 0));
  const flushed = projection.flushed(0);
  projection.apply('t', stateOfOne('t', 1));
  await database.restart(0);
  await flushed;
  await projection.flushed(1);
  expect(await active()).toEqual(['s', 't']);
});

it('dropped and made again from the log the rows are the same; who had them open before writes nothing to them', async () => {
  const states = [stateOfOne('s', 0), stateOfOne('t', 1)];
  const apply = async () => {
    for (const state of states) projection.apply(state.document.sequenceId, state);
    await projection.flushed(1);
  };
  await apply();
  const before = await db.collection('event_sequences').find().toArray();
  await Projection.drop({ db });
  projection.apply('u', stateOfOne('u', 2));
  await expect(projection.flushed(2)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await reopen();
  expect(projection.position).toBe(0);
  await apply();
  expect(await db.collection('event_sequences').find().toArray()).toEqual(before);
});

it.each(['x', '-1', '1.5', '99999999999999999'])('%s is no page token', async (token) => {
  await expect(list(db, {}, { size: 1, token })).rejects.toMatchObject({ code: 'INVALID_FIELD', field: 'page_token' });
});

it('a page has a thousand at most', async () => {
  await expect(list(db, {}, { size: 1_001, token: '' })).rejects.toMatchObject({ field: 'page_size' });
});
