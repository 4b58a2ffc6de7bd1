import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { CATALOGUE_DATABASE } from './names';
import { GONE_AFTER_MS, ServerRegistry } from './servers';

let database: ReplicaSet;
let client: MongoClient;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});
afterEach(async () => {
  await client.db(CATALOGUE_DATABASE).collection('servers').deleteMany({});
});

const server = (id: string) => new ServerRegistry(client, { id, version: '1', address: () => `${id}:4400` });
const entry = (id: string) => ({ id, version: '1', address: `${id}:4400` });
/** As time would: the database's clock is past what a heartbeat counts for. */
const fallSilent = async (_id: string) =>
  client
    .db(CATALOGUE_DATABASE)
    .collection<{ _id: string }>('servers')
    .updateOne({ _id }, [{ $set: { heartbeat: { $subtract: ['$$NOW', GONE_AFTER_MS + 1] } } }]);

test('a server is seen by the others until it leaves or falls silent', async () => {
  const [a, b, c] = [server('a'), server('b'), server('c')];
  for (const one of [a, b, c]) await one.beat();
  expect(await a.others()).toEqual([entry('b'), entry('c')]);
  await b.leave();
  await fallSilent('c');
  expect(await a.others()).toEqual([]);
  await c.beat();
  expect(await a.others()).toEqual([entry('c')]);
});

test('those that work by an earlier revision of a store are told from those that do not or know nothing of it', async () => {
  const [a, b, c, d] = [server('a'), server('b'), server('c'), server('d')];
  await d.beat();
  await a.worksBy('shop', 3);
  await b.worksBy('shop', 2);
  await c.worksBy('shop', 3);
  await c.worksBy('other', 1);
  expect(await a.behind('shop', 3)).toEqual([entry('b')]);
  expect(await a.behind('shop', 2)).toEqual([]);
  await b.worksBy('shop', 3);
  expect(await a.behind('shop', 3)).toEqual([]);
});

test('a server that is about to look for the first time is behind every revision', async () => {
  const [a, b] = [server('a'), server('b')];
  await b.worksBy('shop', 0);
  expect(await a.behind('shop', 1)).toEqual([entry('b')]);
});

test('one that is gone, or has forgotten the store, is not behind', async () => {
  const [a, b, c] = [server('a'), server('b'), server('c')];
  await b.worksBy('shop', 1);
  await c.worksBy('shop', 1);
  await fallSilent('b');
  await c.worksBy('shop', undefined);
  expect(await a.behind('shop', 2)).toEqual([]);
});

test('a heartbeat keeps what it works by, also when its entry was removed in between', async () => {
  const [a, b] = [server('a'), server('b')];
  await b.worksBy('shop', 1);
  await client.db(CATALOGUE_DATABASE).collection('servers').deleteMany({});
  await b.beat();
  expect(await a.behind('shop', 2)).toEqual([entry('b')]);
});

test('what a server says after it has left puts it on no list', async () => {
  const [a, b] = [server('a'), server('b')];
  await b.beat();
  await Promise.all([b.leave(), b.beat(), b.worksBy('shop', 1)]);
  expect(await a.others()).toEqual([]);
});
