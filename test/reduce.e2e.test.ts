/**
 * Reducers against a real server and a real database: each event is in the read model exactly once,
 * whatever is killed, and a rebuild replaces a model that is served until the very moment.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import { connect, type Annals, type RebuildProgress } from '../src/client';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { reduceTally, type TallyAddress } from './support/tally';

let database: ReplicaSet;
let mongodb: MongoClient;
let db: Db;
let served: ServedHere;
let annals: Annals;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  database = await startReplicaSet();
  mongodb = await MongoClient.connect(database.url);
  db = mongodb.db('models');
  served = await serve(database.url);
});
afterAll(async () => {
  await mongodb.close();
  await served.stop();
  await database.stop();
});
beforeEach(() => {
  annals = connect(`annals://${served.server.address}/default`);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await annals.close();
});

let tests = 0;
const fresh = (): TallyAddress => {
  const n = ++tests;
  return { db, sequence: `reduced-${n}`, id: `tally-${n}` };
};

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function fill({ sequence }: TallyAddress, count: number, sources: number, from = 0): Promise<void> {
  const BATCH = 1_000;
  for (let n = from; n < from + count; n += BATCH) {
    await annals.sequence(sequence).append(
      numbersTo(Math.min(BATCH, from + count - n)).map((i) => ({
        type: 'counted',
        eventSourceId: `source-${(n + i) % sources}`,
        content: { n: n + i },
      })),
    );
  }
}

/** That every event is in the model of its source, once and in order. */
async function expectExact({ id }: TallyAddress, count: number, sources: number): Promise<void> {
  const documents = await db.collection<{ _id: string }>(id).find().sort({ _id: 1 }).toArray();
  expect(documents).toHaveLength(sources);
  for (const { _id, ...model } of documents) {
    const source = Number(_id.split('-')[1]);
    const numbers = numbersTo(Math.ceil((count - source) / sources)).map((i) => source + i * sources);
    expect(model).toEqual({
      numbers,
      sum: numbers.reduce((sum, n) => sum + n, 0),
      _annals: { offset: numbers.at(-1) },
    });
  }
}

const foldedSoFar = async ({ id }: TallyAddress): Promise<number> => {
  const documents = await db.collection<{ numbers: number[] }>(id).find().toArray();
  return documents.reduce((sum, { numbers }) => sum + numbers.length, 0);
};

/** A program with the same reducer. `onMessage` is told what it says. */
function start({ sequence, id }: TallyAddress, verb = '', onMessage: (message: unknown) => void = () => undefined) {
  const compiled = join(__dirname, '../dist/test/support/reducer-child.js');
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing: run \`npm run build\` first`);
  const url = `annals://${served.server.address}/default`;
  const child = fork(compiled, [url, database.url, sequence, id, verb], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.add(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.on('message', onMessage);
  return {
    kill9: async () => {
      child.kill('SIGKILL');
      await exited;
      children.delete(child);
    },
  };
}

describe('the read model', () => {
  it('holds each event once, by its source, with a number of its own beside the state', async () => {
    const address = fresh();
    await fill(address, 5_000, 100);
    const reduction = reduceTally(annals, address);
    await reduction.registered;
    expect(await annals.observers.waitFor(address.id, 4_999)).toMatchObject({ outcome: 'handled' });
    await expectExact(address, 5_000, 100);
    await fill(address, 100, 100, 5_000);
    expect(await annals.observers.waitFor(address.id, 5_099)).toMatchObject({ outcome: 'handled' });
    await expectExact(address, 5_100, 100);
    // Delivered again, nothing happens again.
    await annals.observers.replay(address.id);
    await awaitFact('the replay is over', async () => (await annals.observers.get(address.id)).replay === undefined);
    await expectExact(address, 5_100, 100);
    await reduction.stop();
  });

  it('takes a state that is changed in place, and one made for its source', async () => {
    const address = fresh();
    await fill(address, 4, 2);
    const reduction = annals.reduce<{ source: string; count: number }, { counted: object }>(address.id, {
      sequence: address.sequence,
      db,
      collection: address.id,
      initial: (source) => ({ source, count: 0 }),
      on: {
        counted: (state) => {
          state.count++;
        },
      },
    });
    await reduction.registered;
    await annals.observers.waitFor(address.id, 3);
    expect(await db.collection<{ _id: string }>(address.id).findOne({ _id: 'source-1' })).toMatchObject({
      source: 'source-1',
      count: 2,
    });
  });

  it('a reducer that throws holds back its source alone; what came before is written, and nothing twice', async () => {
    const address = fresh();
    await fill(address, 40, 4);
    let broken = true;
    const reduction = reduceTally(annals, address, {
      on: {
        counted: (state, { sequenceNumber, content }) => {
          // In place, so that what is half done would show.
          (state.numbers as number[]).push(sequenceNumber);
          if (broken && sequenceNumber === 21) throw new Error('not yet');
          return { numbers: state.numbers, sum: state.sum + content.n };
        },
      },
    });
    await reduction.registered;
    expect(await annals.observers.waitFor(address.id, 21)).toMatchObject({ outcome: 'held', held: { heldFrom: 21 } });
    expect(await db.collection<{ _id: string }>(address.id).findOne({ _id: 'source-1' })).toMatchObject({
      numbers: [1, 5, 9, 13, 17],
    });
    await annals.observers.waitFor(address.id, 39);
    broken = false;
    await awaitFact('it has caught up', async () => (await annals.observers.failedPartitions(address.id)).length === 0);
    await expectExact(address, 40, 4);
  });

  it('a document that the database refuses fails its own source alone', async () => {
    const address = fresh();
    await fill(address, 4, 4);
    const huge = 'x'.repeat(17 * 1024 * 1024);
    const reduction = annals.reduce<{ text: string }, { counted: { n: number } }>(address.id, {
      sequence: address.sequence,
      db,
      collection: address.id,
      initial: { text: '' },
      on: { counted: (_state, { content: { n } }) => ({ text: n === 2 ? huge : String(n) }) },
    });
    await reduction.registered;
    expect(await annals.observers.waitFor(address.id, 2)).toMatchObject({ outcome: 'held' });
    await annals.observers.waitFor(address.id, 3);
    expect(await db.collection(address.id).countDocuments()).toBe(3);
  });

  it('two programs share it, one is killed again and again: every event is in it once', async () => {
    const address = fresh();
    const COUNT = 20_000;
    const SOURCES = 200;
    await fill(address, COUNT, SOURCES);
    const reduction = reduceTally(annals, address, { deliverySize: 5, credits: 200, concurrency: 4 });
    await reduction.registered;
    for (const share of [0.1, 0.4]) {
      let registered = false;
      const other = start(address, '', () => (registered = true));
      await awaitFact('the other takes part', () => registered);
      await awaitFact('it is under way', async () => (await foldedSoFar(address)) > COUNT * share);
      await other.kill9();
    }
    expect(await annals.observers.waitFor(address.id, COUNT - 1)).toMatchObject({ outcome: 'handled' });
    await expectExact(address, COUNT, SOURCES);
  });
});

describe('rebuild', () => {
  it('makes the model anew while the old one is served, and loses nothing that is appended meanwhile', async () => {
    const address = fresh();
    await fill(address, 10_000, 50);
    const old = reduceTally(annals, address, { on: { counted: () => ({ numbers: [-1], sum: -1 }) } });
    await old.registered;
    await annals.observers.waitFor(address.id, 9_999);
    await old.stop();
    const reduction = reduceTally(annals, address);
    await reduction.registered;
    let appended = 10_000;
    let over = false;
    const served_ = new Set<number>();
    const appending = (async () => {
      while (!over) {
        await fill(address, 50, 50, appended);
        appended += 50;
        served_.add(await db.collection(address.id).countDocuments());
      }
    })();
    const progress: RebuildProgress[] = [];
    const result = await reduction.rebuild({ onProgress: (told) => progress.push(told) });
    over = true;
    await appending;
    expect(result.continued).toBe(false);
    expect(result.events).toBeGreaterThanOrEqual(10_000);
    expect(progress.length).toBeGreaterThan(1);
    // There was no moment without the whole model.
    expect([...served_]).toEqual([50]);
    expect((await annals.observers.get(address.id)).state).toBe('active');
    expect(await annals.observers.waitFor(address.id, appended - 1)).toMatchObject({ outcome: 'handled' });
    await expectExact(address, appended, 50);
    expect((await db.listCollections({ name: /rebuild-/ }).toArray()).map(({ name }) => name)).toEqual([]);
  });

  it('one that is killed leaves the old model; another goes on, or starts over, and is right', async () => {
    const address = fresh();
    const COUNT = 30_000;
    await fill(address, COUNT, 50);
    let position = 0;
    const doomed = start(address, 'rebuild', (message) => {
      if (typeof message === 'object' && message !== null && 'position' in message) position = Number(message.position);
    });
    await awaitFact('it is under way', () => position > 0);
    await doomed.kill9();
    const reduction = reduceTally(annals, address);
    await reduction.registered;
    await expect(reduction.rebuild()).rejects.toMatchObject({ code: 'REBUILD_UNDER_WAY' });
    expect(await annals.observers.waitFor(address.id, COUNT - 1)).toMatchObject({ outcome: 'handled' });
    await expectExact(address, COUNT, 50);
    // As if its fifteen seconds had passed.
    await db
      .collection<{ _id: string }>('annals.rebuilds')
      .updateOne({ _id: address.id }, { $set: { expires: new Date(0) } });
    expect(await reduction.rebuild()).toMatchObject({ events: COUNT, continued: false });
    await expectExact(address, COUNT, 50);
    expect((await db.listCollections({ name: new RegExp(`^${address.id}\\.`) }).toArray()).length).toBe(0);
  });

  it('goes on where it was interrupted when the reducers are the same, and starts over when they are not', async () => {
    const address = fresh();
    await fill(address, 20_000, 50);
    const reduction = reduceTally(annals, address, { version: '1' });
    await reduction.registered;
    const interrupt = new AbortController();
    const begun = reduction.rebuild({ signal: interrupt.signal, onProgress: () => interrupt.abort() });
    await expect(begun).rejects.toMatchObject({ code: 'CANCELLED' });
    const { events, continued } = await reduction.rebuild();
    expect(continued).toBe(true);
    expect(events).toBeLessThan(20_000);
    await expectExact(address, 20_000, 50);
    const again = new AbortController();
    await reduction.rebuild({ signal: again.signal, onProgress: () => again.abort() }).catch(() => undefined);
    await reduction.stop();
    const next = reduceTally(annals, address, { version: '2' });
    expect(await next.rebuild()).toMatchObject({ events: 20_000, continued: false });
    await expectExact(address, 20_000, 50);
  });

  it('a crash in the middle of the swap leaves no observer paused', async () => {
    const address = fresh();
    await fill(address, 10, 2);
    const first = reduceTally(annals, address, { version: '1' });
    await first.registered;
    await annals.observers.waitFor(address.id, 9);
    await first.rebuild();
    await first.stop();
    // What a program leaves that dies between the pause and the end of the swap.
    await annals.observers.pause(address.id);
    await db
      .collection<{ _id: string }>('annals.rebuilds')
      .updateOne(
        { _id: address.id },
        { $set: { phase: 'swapping', resume: true, into: 'gone', version: '1', position: 10, expires: new Date(0) } },
      );
    const second = reduceTally(annals, address, { version: '1' });
    await second.registered;
    await awaitFact('it is resumed', async () => (await annals.observers.get(address.id)).state === 'active');
    await fill(address, 2, 2, 10);
    await annals.observers.waitFor(address.id, 11);
    await expectExact(address, 12, 2);
    // What the swap had put in place already is not taken for half a build.
    expect(await second.rebuild()).toMatchObject({ events: 12, continued: false });
    await expectExact(address, 12, 2);
  });

  it('stops at an event that its reducer throws at, and leaves the old model; unless it is told to skip it', async () => {
    const address = fresh();
    await fill(address, 10, 2);
    const reduction = reduceTally(annals, address);
    await reduction.registered;
    await annals.observers.waitFor(address.id, 9);
    await reduction.stop();
    const broken = reduceTally(annals, address, {
      on: {
        counted: ({ numbers, sum }, { sequenceNumber }) => {
          if (sequenceNumber === 4) throw new Error('cannot');
          return { numbers: [...numbers, sequenceNumber], sum };
        },
      },
    });
    await expect(broken.rebuild()).rejects.toThrow(/counted failed at event 4 of source-0: cannot/);
    await expectExact(address, 10, 2);
    await broken.rebuild({ skip: ({ sequenceNumber }) => sequenceNumber === 4 });
    expect(await db.collection<{ _id: string }>(address.id).findOne({ _id: 'source-0' })).toMatchObject({
      numbers: [0, 2, 6, 8],
    });
  });
});
