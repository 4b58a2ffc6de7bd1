import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import type { HoldRecord, LinkRecord } from './link-records';
import { LinkStore, type LinkStep } from './links';
import { LostLease } from './observers';

let database: ReplicaSet;
let client: MongoClient;
let store: LinkStore;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  store = new LinkStore(client, client.db('links-test'));
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const KEY = Buffer.alloc(32, 7);

const record = (id: string): LinkRecord => ({
  id,
  definition: {
    source: { hosts: ['a:1', 'b:2'], store: 'shop', namespace: 'default', sequence: 'outbox' },
    filters: [{ types: ['a'], eventSourceIds: [], tags: ['t'], correlationId: undefined }],
    start: 3,
    partitionBy: { kind: 'property', path: 'x.y' },
    generations: [{ type: 'a', generation: 2 }],
    mask: [{ property: 'email', action: 'hash', types: [] }],
    hopLimit: 8,
  },
  created: new Date(1_000),
  epoch: 0,
  sourceDeployment: 'd',
  position: 3,
  anchor: undefined,
  counters: { relayed: 0, duplicates: 0, skipped: 0 },
  paused: false,
  fault: null,
  state: 'connecting',
  lastError: '',
  rate: 0,
  sourceTail: undefined,
  levelAt: new Date(2_000),
});

const hold = (partition: string, from: number, over: Partial<HoldRecord> = {}): HoldRecord => ({
  partition,
  from,
  violations: [{ code: 'SCHEMA_VIOLATION', message: 'no', field: 'content', sequenceNumber: 4, metadata: { a: 'b' } }],
  since: new Date(1_000),
  attempts: 1,
  lastAttempt: new Date(1_000),
  events: 1,
  ...over,
});

const step = (from: number, position: number, over: Partial<LinkStep> = {}): LinkStep => ({
  from,
  position,
  anchor: { number: position - 1, eventId: 'e' },
  relayed: 1,
  newHolds: [],
  heldMore: new Map(),
  skips: [],
  ...over,
});

/** A link that an owner with epoch 2 works on. */
async function owned(): Promise<string> {
  const id = `link-${++serial}`;
  await store.create(record(id), KEY);
  expect(await store.fence(id, 2)).toBe(true);
  return id;
}

const make = async (id: string, epoch: number, one: LinkStep): Promise<boolean> =>
  store.alone(async (session) => store.step(id, epoch, one, session));

it('a record comes back as it was made, and its secret only to who asks for it', async () => {
  const id = await owned();
  expect(await store.find(id)).toEqual({ ...record(id), epoch: 2 });
  expect(await store.maskKey(id)).toEqual(KEY);
});

it('a step moves everything at once: position, anchor, holds, skips, counters', async () => {
  const id = await owned();
  const skip = { number: 5, code: 'HOP_LIMIT', reason: 'too far', who: 'relay', at: new Date(3_000) };
  expect(await make(id, 2, step(3, 7, { newHolds: [hold('p', 4)], skips: [skip] }))).toBe(true);
  expect(await make(id, 2, step(7, 9, { heldMore: new Map([['p', 2]]) }))).toBe(true);
  expect(await store.find(id)).toMatchObject({
    position: 9,
    anchor: { number: 8, eventId: 'e' },
    counters: { relayed: 2, skipped: 1 },
  });
  expect(await store.holds(id)).toEqual([hold('p', 4, { events: 3 })]);
  expect(await store.heldCounts(id)).toEqual({ partitions: 1, events: 3 });
  expect(await store.skips(id, 0, 5)).toEqual([skip]);
  expect(await store.skips(id, 6, 9)).toEqual([]);
});

it('a step is made once, from where the link stands, and by its owner alone', async () => {
  const id = await owned();
  expect(await make(id, 2, step(3, 5))).toBe(true);
  expect(await make(id, 2, step(3, 5))).toBe(false);
  expect(await make(id, 1, step(5, 6))).toBe(false);
  expect(await store.fence(id, 3)).toBe(true);
  expect(await make(id, 2, step(5, 6))).toBe(false);
  expect(await store.fence(id, 2)).toBe(false);
  await expect(store.update(id, 2, { paused: true })).rejects.toThrow(LostLease);
  expect(await store.find(id)).toMatchObject({ position: 5, paused: false, counters: { relayed: 1 } });
});

it('a redrive moves holds from where they stand, all of them or none', async () => {
  const id = await owned();
  await make(id, 2, step(3, 9, { newHolds: [hold('p', 4), hold('q', 5)] }));
  const moved = { before: hold('p', 4), after: hold('p', 6, { attempts: 2 }) };
  const gone = { before: hold('q', 5), after: undefined };
  const stale = { before: hold('q', 1), after: undefined };
  const redrive = async (moves: readonly (typeof moved | typeof gone)[]) =>
    store.alone(async (session) => store.redriven(id, 2, { moves, relayed: 1, skips: [] }, session));
  await expect(redrive([moved, stale])).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(await store.holds(id)).toEqual([hold('p', 4), hold('q', 5)]);
  expect(await redrive([moved, gone])).toBe(true);
  expect(await store.holds(id)).toEqual([moved.after]);
  expect((await store.find(id))?.counters.relayed).toBe(2);
});

it('goes with everything that is kept of it', async () => {
  const id = await owned();
  await make(id, 2, step(3, 9, { newHolds: [hold('p', 4)] }));
  await expect(store.remove(id, 1)).rejects.toThrow(LostLease);
  await store.remove(id, 2);
  expect(await store.find(id)).toBeUndefined();
  expect(await store.holds(id)).toEqual([]);
});

it('a source’s name stands for the deployment that it stood for first, until a person says otherwise', async () => {
  const name = `shop/default/s-${++serial}`;
  expect(await store.knownDeployment(name)).toBeUndefined();
  expect(await store.sourceDeployment(name, 'one')).toBe('one');
  expect(await store.sourceDeployment(name, 'two')).toBe('one');
  await store.acceptDeployment(name, 'two');
  expect(await store.knownDeployment(name)).toBe('two');
});
