import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { EventTypeStore } from '../storage/event-types';
import { ServerRegistry } from '../storage/servers';
import { StoreSettings } from '../storage/store-settings';
import type { EventTypeDefinition } from './definition';
import { TRUSTED_MS, TypeCache } from './type-cache';

let database: ReplicaSet;
let client: MongoClient;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});
afterEach(() => {
  jest.restoreAllMocks();
});

const freshStore = () => `store-${++serial}`;

function server() {
  const id = `server-${++serial}`;
  const servers = new ServerRegistry(client, { id, version: '1', address: () => `${id}:4400` });
  const settings = new StoreSettings(client);
  const types = new EventTypeStore<EventTypeDefinition>(client, settings);
  return { id, servers, types, settings, cache: new TypeCache({ settings, types, servers }) };
}

const DEFINITION: EventTypeDefinition = {
  type: 'a',
  description: '',
  generations: [{ generation: 1, schema: '{"type":"object"}' }],
  migrations: [],
};
const write = async ({ types }: ReturnType<typeof server>, store: string, since: number) =>
  types.write(store, since, [{ type: 'a', definition: DEFINITION, registered: undefined }], new Date());

/** As if so much time had passed since the last look, in which nothing was done. */
function letPass(ms: number): void {
  const real = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => real() + ms);
}

test('nothing is known before it was looked for', async () => {
  const { cache } = server();
  const store = freshStore();
  expect(cache.known(store)).toBeUndefined();
  expect(await cache.load(store)).toMatchObject({ revision: 0, empty: true, strict: false });
  expect(cache.known(store)).toMatchObject({ revision: 0 });
});

test('what another server changed is known after the next look', async () => {
  const [a, b] = [server(), server()];
  const store = freshStore();
  await a.cache.load(store);
  await write(b, store, 0);
  expect(await a.cache.load(store)).toMatchObject({ revision: 0 });
  await a.cache.poll();
  expect(a.cache.known(store)).toMatchObject({ revision: 1, empty: false });
});

test('a server that was paused goes by nothing that it knew before', async () => {
  const [a, b] = [server(), server()];
  const store = freshStore();
  await a.cache.load(store);
  await write(b, store, 0);
  letPass(TRUSTED_MS + 1);
  expect(a.cache.known(store)).toBeUndefined();
  expect(await a.cache.load(store)).toMatchObject({ revision: 1 });
});

test('a store that nobody asks for is forgotten, and nobody waits for this server any more', async () => {
  const [a, b] = [server(), server()];
  const store = freshStore();
  await a.cache.load(store);
  expect(await b.servers.behind(store, 1)).toMatchObject([{ id: a.id }]);
  letPass(60_001);
  await a.cache.poll();
  expect(await b.servers.behind(store, 1)).toEqual([]);
  expect(await a.cache.load(store)).toMatchObject({ revision: 0 });
  expect(await b.servers.behind(store, 1)).toMatchObject([{ id: a.id }]);
});

test('a look that fails leaves what was known as it was', async () => {
  const { cache, settings } = server();
  const store = freshStore();
  await cache.load(store);
  jest.spyOn(settings, 'read').mockRejectedValueOnce(new Error('away'));
  await expect(cache.poll()).rejects.toThrow('away');
  expect(cache.known(store)).toMatchObject({ revision: 0 });
});
