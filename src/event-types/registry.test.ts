import { MongoClient } from 'mongodb';
import { awaitFact, within } from '../../test/support/await-fact';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { Catalogue } from '../storage/catalogue';
import { EventTypeStore } from '../storage/event-types';
import { ServerRegistry } from '../storage/servers';
import { StoreSettings } from '../storage/store-settings';
import type { EventTypeDefinition } from './definition';
import type { RegisteredType } from './known-types';
import { EventTypeRegistry, type RegistryOptions } from './registry';

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

async function freshStore(): Promise<string> {
  const store = `store-${++serial}`;
  await new Catalogue(client).ensure(store, []);
  return store;
}

/** The registry as one server has it. */
function server() {
  const id = `server-${++serial}`;
  const servers = new ServerRegistry(client, { id, version: '1', address: () => `${id}:4400` });
  const settings = new StoreSettings(client);
  const types = new EventTypeStore<EventTypeDefinition>(client, settings);
  const acts: unknown[] = [];
  const record: RegistryOptions['record'] = async (...act) => {
    acts.push(act);
    return Promise.resolve();
  };
  const registry = new EventTypeRegistry({ catalogue: new Catalogue(client), settings, types, servers, record });
  return { registry, servers, acts };
}

const schema = (...properties: string[]) =>
  JSON.stringify({
    type: 'object',
    properties: Object.fromEntries(properties.map((name) => [name, { type: 'string' }])),
    required: properties,
  });
const first = (type: string): EventTypeDefinition => ({
  type,
  description: '',
  generations: [{ generation: 1, schema: schema('name') }],
  migrations: [],
});
const second = (type: string): EventTypeDefinition => ({
  ...first(type),
  generations: [
    { generation: 1, schema: schema('name') },
    { generation: 2, schema: schema('title') },
  ],
  migrations: [
    { from: 1, to: 2, steps: [{ kind: 'rename', from: 'name', to: 'title' }] },
    { from: 2, to: 1, steps: [{ kind: 'rename', from: 'title', to: 'name' }] },
  ],
});
const incompatible = (type: string): EventTypeDefinition => ({
  ...first(type),
  generations: [{ generation: 1, schema: schema('name', 'size') }],
});

async function refused(call: Promise<unknown>): Promise<AnnalsError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Does again and again what a server does regularly, until the call is done. */
async function untilDone(call: Promise<unknown>, regularly: () => Promise<unknown>): Promise<void> {
  let done = false;
  const settled = call.finally(() => (done = true));
  await awaitFact('the call is done', async () => {
    await regularly();
    return done;
  });
  await settled;
}

describe('registering', () => {
  test('a type is known afterwards, and the same again changes nothing', async () => {
    const store = await freshStore();
    const { registry } = server();
    expect(await registry.register(store, [first('a')], false)).toEqual([
      { type: 'a', latestGeneration: 1, changes: ['generation 1 is new'] },
    ]);
    const known = registry.known(store);
    expect(known).toMatchObject({ revision: 1, empty: false, strict: false });
    expect(known?.type('a')?.validate(1, { name: 'x' })).toEqual([]);
    expect(known?.type('a')?.validate(1, { name: 1 })).not.toEqual([]);
    expect(known?.type('b')).toBeUndefined();

    expect(await registry.register(store, [first('a')], false)).toEqual([
      { type: 'a', latestGeneration: 1, changes: [] },
    ]);
    expect(registry.known(store)?.revision).toBe(1);
  });

  test('a new generation is told in words; what was compiled of other types stays', async () => {
    const store = await freshStore();
    const { registry } = server();
    await registry.register(store, [first('a'), first('b')], false);
    const b = registry.known(store)?.type('b');
    const [outcome] = await registry.register(store, [second('a')], false);
    expect(outcome).toEqual({ type: 'a', latestGeneration: 2, changes: ['generation 2 is new'] });
    expect(registry.known(store)?.type('a')?.latest).toBe(2);
    expect(registry.known(store)?.type('b')).toBe(b);
  });

  test('a dry run says the same and registers nothing', async () => {
    const store = await freshStore();
    const { registry } = server();
    expect(await registry.register(store, [first('a')], true)).toEqual([
      { type: 'a', latestGeneration: 1, changes: ['generation 1 is new'] },
    ]);
    expect(await registry.list(store)).toEqual([]);
    await registry.register(store, [first('a')], false);
    expect((await refused(registry.register(store, [incompatible('a')], true))).code).toBe('INCOMPATIBLE_SCHEMA');
  });

  test('one that events could not follow is refused with the changes, and none of the others is registered', async () => {
    const store = await freshStore();
    const { registry } = server();
    await registry.register(store, [first('a')], false);
    const error = await refused(registry.register(store, [first('b'), incompatible('a')], false));
    expect(error).toMatchObject({ code: 'INCOMPATIBLE_SCHEMA', field: 'types[1]', metadata: { type: 'a' } });
    expect(error.metadata['changes']).toContain('size');
    expect((await registry.list(store)).map(({ type }) => type)).toEqual(['a']);
  });

  test('none or too many types, one twice, an unknown store: each names its field', async () => {
    const store = await freshStore();
    const { registry } = server();
    expect(await refused(registry.register(store, [], false))).toMatchObject({ field: 'types' });
    const many = Array.from({ length: LIMITS.typesPerRegister + 1 }, (_, i) => first(`t${i}`));
    expect(await refused(registry.register(store, many, false))).toMatchObject({
      field: 'types',
      metadata: { limit: String(LIMITS.typesPerRegister), actual: String(many.length), unit: 'types' },
    });
    expect(await refused(registry.register(store, [first('a'), first('a')], false))).toMatchObject({
      field: 'types[1].type',
    });
    expect((await refused(registry.register('nowhere', [first('a')], false))).code).toBe('UNKNOWN_STORE');
  });

  test('servers that register at once all get through', async () => {
    const store = await freshStore();
    const servers = Array.from({ length: 4 }, server);
    const registered = Promise.all(
      servers.map(async ({ registry }, i) => registry.register(store, [first(`t${i}`)], false)),
    );
    await untilDone(registered, async () => Promise.all(servers.map(async ({ registry }) => registry.poll())));
    const [one] = servers;
    expect((await one?.registry.list(store))?.map(({ type }) => type)).toEqual(['t0', 't1', 't2', 't3']);
    expect(await new StoreSettings(client).read(store)).toMatchObject({ revision: 4 });
  });
});

describe('other servers', () => {
  test('know the types when the registration returns', async () => {
    const store = await freshStore();
    const [a, b] = [server(), server()];
    await b.registry.load(store);
    expect(b.registry.known(store)?.type('a')).toBeUndefined();
    let registered = false;
    const call = a.registry.register(store, [first('a')], false).then(() => (registered = true));
    await awaitFact('it is written', async () => (await new StoreSettings(client).read(store)).revision === 1);
    expect(registered).toBe(false);
    await b.registry.poll();
    await within(5_000, 'the registration returns', call);
    expect(b.registry.known(store)?.type('a')?.latest).toBe(1);
  });

  test('that know nothing of the store are not waited for, and find the types when they look', async () => {
    const store = await freshStore();
    const [a, b] = [server(), server()];
    await b.servers.beat();
    await within(5_000, 'it returns', a.registry.register(store, [first('a')], false));
    expect((await b.registry.load(store)).type('a')?.latest).toBe(1);
  });

  test('the same again waits for them too: whoever registered may have died before they knew', async () => {
    const store = await freshStore();
    const [a, b] = [server(), server()];
    await b.registry.load(store);
    // As a server that dies after its write does.
    const settings = new StoreSettings(client);
    await new EventTypeStore<EventTypeDefinition>(client, settings).write(
      store,
      0,
      [{ type: 'a', definition: first('a'), registered: undefined }],
      new Date(),
    );
    let returned = false;
    const call = a.registry.register(store, [first('a')], false).then(() => (returned = true));
    await awaitFact('the first one knows', () => a.registry.known(store)?.revision === 1);
    expect(returned).toBe(false);
    await b.registry.noticed(store);
    await within(5_000, 'the registration returns', call);
  });
});

test('a strict store is told as such once it was configured', async () => {
  const store = await freshStore();
  const { registry } = server();
  expect(await registry.configure(store, { strict: undefined })).toEqual({ strict: false });
  expect(await registry.configure(store, { strict: true })).toEqual({ strict: true });
  expect(registry.known(store)).toMatchObject({ revision: 1, strict: true, empty: true });
  expect(await registry.configure(store, { strict: undefined })).toEqual({ strict: true });
});

test('each change is an act on record, with its revision', async () => {
  const store = await freshStore();
  const { registry, acts } = server();
  await registry.register(store, [first('a'), first('b')], false);
  await registry.register(store, [first('a'), second('b')], false);
  await registry.register(store, [first('a')], false);
  await registry.configure(store, { strict: true });
  expect(acts).toEqual([
    [store, 'EventTypesRegistered', { store, revision: '1' }, { types: ['a', 'b'] }],
    [store, 'EventTypesRegistered', { store, revision: '2' }, { types: ['b'] }],
    [store, 'StoreConfigured', { store, revision: '3' }, { strict: true }],
  ]);
});

test('one type is got by its name, and an unknown one is an error', async () => {
  const store = await freshStore();
  const { registry } = server();
  await registry.register(store, [first('a')], false);
  expect((await registry.get(store, 'a')).definition).toEqual(first('a'));
  expect((await refused(registry.get(store, 'b'))).code).toBe('UNKNOWN_EVENT_TYPE');
});

test('who watches is told all types, then each change, also of another server, until it goes away', async () => {
  const store = await freshStore();
  const [a, b] = [server(), server()];
  await a.registry.register(store, [first('a')], false);
  const gone = new AbortController();
  const told: string[][] = [];
  const watching = (async () => {
    for await (const types of b.registry.watch(store, gone.signal)) told.push(types.map(shown));
  })();
  await awaitFact('the first is told', () => told.length === 1);
  const call = a.registry.register(store, [second('a'), first('b')], false);
  await awaitFact('the change is told', async () => {
    await b.registry.poll();
    return told.length === 2;
  });
  await call;
  gone.abort();
  await within(5_000, 'the watch ends', watching);
  expect(told).toEqual([['a 1'], ['a 2', 'b 1']]);
});

const shown = ({ type, definition }: RegisteredType) => `${type} ${definition.generations.length}`;
