import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { EventTypeStore } from './event-types';
import { storeDatabase } from './names';
import { StoreSettings } from './store-settings';

interface Definition {
  readonly text: string;
}

let database: ReplicaSet;
let client: MongoClient;
let settings: StoreSettings;
let types: EventTypeStore<Definition>;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  settings = new StoreSettings(client);
  types = new EventTypeStore(client, settings);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const freshStore = () => `store-${++serial}`;
const changed = (type: string, text = type, registered?: Date) => ({ type, definition: { text }, registered });
const NOW = new Date('2024-05-06T07:08:09.010Z');
const LATER = new Date('2024-06-07T08:09:10.011Z');

test('a store in which nothing was defined has revision 0 and is not strict', async () => {
  expect(await settings.read(freshStore())).toEqual({ revision: 0, strict: false });
});

test('types are written together and raise the revision by one', async () => {
  const store = freshStore();
  expect(await types.write(store, 0, [changed('a'), changed('b')], NOW)).toBe(true);
  expect(await settings.read(store)).toEqual({ revision: 1, strict: false });
  expect(await types.changedSince(store, 0)).toEqual([
    { type: 'a', definition: { text: 'a' }, revision: 1, registered: NOW, changed: NOW },
    { type: 'b', definition: { text: 'b' }, revision: 1, registered: NOW, changed: NOW },
  ]);
});

test('only what changed since is read again, and keeps when it was registered', async () => {
  const store = freshStore();
  await types.write(store, 0, [changed('a'), changed('b')], NOW);
  await types.write(store, 1, [changed('b', 'anew', NOW)], LATER);
  expect(await types.changedSince(store, 1)).toEqual([
    { type: 'b', definition: { text: 'anew' }, revision: 2, registered: NOW, changed: LATER },
  ]);
});

test('behind an older revision nothing is written', async () => {
  const store = freshStore();
  await types.write(store, 0, [changed('a')], NOW);
  expect(await types.write(store, 0, [changed('a', 'other'), changed('b')], LATER)).toBe(false);
  expect(await settings.read(store)).toMatchObject({ revision: 1 });
  expect((await types.changedSince(store, 0)).map(({ definition }) => definition.text)).toEqual(['a']);
});

test('of many that write at once behind the same revision one does', async () => {
  const store = freshStore();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const written = await Promise.all(names.map(async (name) => types.write(store, 0, [changed(name)], NOW)));
  expect(written.filter(Boolean)).toHaveLength(1);
  expect((await types.changedSince(store, 0)).map(({ type }) => type)).toEqual([names[written.indexOf(true)]]);
  expect(await settings.read(store)).toMatchObject({ revision: 1 });
});

test('what cannot be written whole is not written at all, and the revision stays', async () => {
  const store = freshStore();
  // The database itself refuses one of the documents.
  await client.db(storeDatabase(store)).createCollection('event-types', {
    validator: { 'definition.text': { $ne: 'refused' } },
  });
  await expect(types.write(store, 0, [changed('a'), changed('b', 'refused')], NOW)).rejects.toThrow();
  expect(await types.changedSince(store, 0)).toEqual([]);
  expect(await settings.read(store)).toEqual({ revision: 0, strict: false });
});

test('settings change under the same revision', async () => {
  const store = freshStore();
  await types.write(store, 0, [changed('a')], NOW);
  expect(await settings.change(store, 1, { strict: true })).toBe(true);
  expect(await settings.read(store)).toEqual({ revision: 2, strict: true });
  expect(await types.write(store, 1, [changed('b')], NOW)).toBe(false);
});
