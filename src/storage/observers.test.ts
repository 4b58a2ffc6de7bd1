import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { LostLease, ObserverStore, type FailureRecord, type ObserverDefinition } from './observers';

let database: ReplicaSet;
let client: MongoClient;
let store: ObserverStore;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  store = new ObserverStore(client, client.db('observers-test'));
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const definition: ObserverDefinition = {
  sequence: 'event-log',
  filters: [
    { types: ['a'], eventSourceIds: [], tags: [], correlationId: undefined },
    { types: [], eventSourceIds: ['s'], tags: ['t'], correlationId: '', announcements: true },
  ],
  partitionBy: { kind: 'property', path: 'x.y' },
  content: 'bson',
  generations: [{ type: 'a.b', generation: 2 }],
  allGenerations: true,
};

const failure = (partition: string, heldFrom = 7, over: Partial<FailureRecord> = {}): FailureRecord => ({
  partition,
  heldFrom,
  attemptCount: 1,
  attempts: [{ at: new Date(1_000), number: heldFrom, message: 'broken', stack: 'at' }],
  nextRetry: new Date(2_000),
  ...over,
});

/** An observer that an owner with epoch 3 works on. */
async function owned(): Promise<string> {
  const id = `observer-${++serial}`;
  await store.create(id, definition, 5);
  await store.fence(id, 3);
  return id;
}

describe('a record', () => {
  it('comes back as it was made, with a definition that equals the one that was given', async () => {
    const id = await owned();
    expect(await store.find(id)).toEqual({
      id,
      definition,
      position: 5,
      ahead: new Map(),
      deliveredBelow: 5,
      paused: false,
      quarantined: false,
      replay: undefined,
      rate: 0,
    });
  });

  it('that was kept before there were generations wants the latest ones, as it always did', async () => {
    const { generations: _, allGenerations: __, ...before } = definition;
    const id = await owned();
    await client
      .db('observers-test')
      .collection<{ _id: string }>('observers')
      .updateOne({ _id: id }, { $set: { definition: before } });
    expect((await store.find(id))?.definition).toEqual({ ...before, generations: [], allGenerations: false });
  });

  it('is made once: who comes second finds what the first one made', async () => {
    const id = `observer-${++serial}`;
    const made = await Promise.all([5, 6, 7, 8].map(async (position) => store.create(id, definition, position)));
    expect(new Set(made.map(({ position }) => position)).size).toBe(1);
  });

  it.each([
    [
      {
        position: 2 ** 40,
        ahead: new Map([
          ['p', 2 ** 41],
          ['', 7],
          ['a.b$c', 8],
        ]),
      },
    ],
    [{ paused: true, quarantined: true, rate: 1.5, deliveredBelow: 2 ** 33 }],
    [{ replay: { from: 0, to: 9, partition: 'p', position: 3, done: 3, total: 10 } }],
    [{ replay: { from: 0, to: 9, partition: '', position: 3, done: 3, total: 10 } }],
    [{ replay: { from: 0, to: 2 ** 40, partition: undefined, position: 3, done: 3, total: 10 } }],
  ])('keeps %j', async (change) => {
    const id = await owned();
    await store.update(id, 3, change);
    expect(await store.find(id)).toMatchObject(change);
    expect(Object.entries((await store.find(id)) ?? {})).toEqual(
      expect.arrayContaining(Object.entries(change).map((entry) => entry)),
    );
  });

  it('forgets a replay that is over', async () => {
    const id = await owned();
    await store.update(id, 3, { replay: { from: 0, to: 9, partition: 'p', position: 3, done: 3, total: 10 } });
    await store.update(id, 3, { replay: undefined });
    expect((await store.find(id))?.replay).toBeUndefined();
  });
});

describe('failures', () => {
  it('come back as they were put there, by partition, whatever its name', async () => {
    const id = await owned();
    const all = [failure(''), failure('$a.b', 2 ** 40), failure('p', 9, { nextRetry: undefined })];
    await store.changeFailures(id, 3, all);
    expect(await store.failures(id)).toEqual(all);
    expect(await store.failureCount(id)).toBe(3);
    await store.changeFailures(id, 3, [{ partition: '', caughtUp: true }, failure('p', 11), failure('p', 12)]);
    expect(await store.failures(id)).toEqual([failure('$a.b', 2 ** 40), failure('p', 12)]);
  });

  it('are of one observer', async () => {
    const [one, other] = [await owned(), await owned()];
    await store.changeFailures(one, 3, [failure('p')]);
    await store.changeFailures(other, 3, [{ partition: 'p', caughtUp: true }]);
    expect(await store.failures(one)).toEqual([failure('p')]);
    expect(await store.failures(other)).toEqual([]);
  });
});

describe('an owner whose lease has passed to another', () => {
  const writes: [string, (id: string, epoch: number) => Promise<void>][] = [
    ['an offset', async (id, epoch) => store.update(id, epoch, { position: 100 })],
    ['a failure', async (id, epoch) => store.changeFailures(id, epoch, [failure('q', 50)])],
    [
      'that a partition has caught up',
      async (id, epoch) => store.changeFailures(id, epoch, [{ partition: 'p', caughtUp: true }]),
    ],
    ['its epoch again', async (id, epoch) => store.fence(id, epoch)],
  ];

  it.each(writes)('writes %s and is told; nothing has changed', async (_, write) => {
    const id = await owned();
    await store.changeFailures(id, 3, [failure('p')]);
    await store.fence(id, 4);
    const before = [await store.find(id), await store.failures(id)];
    await expect(write(id, 3)).rejects.toThrow(LostLease);
    expect([await store.find(id), await store.failures(id)]).toEqual(before);
    if (_ !== 'its epoch again') await write(id, 4);
  });

  it('is told in a race as well: each write is either before the new epoch or not at all', async () => {
    const id = await owned();
    const race = Array.from({ length: 30 }, async (_, i) =>
      store.changeFailures(id, 3, [failure(`p${i}`)]).then(
        () => 'written',
        (error: unknown) => (error instanceof LostLease ? 'lost' : Promise.reject(error as Error)),
      ),
    );
    const fenced = store.fence(id, 4);
    const outcomes = await Promise.all(race);
    await fenced;
    expect(await store.failureCount(id)).toBe(outcomes.filter((outcome) => outcome === 'written').length);
  });
});
