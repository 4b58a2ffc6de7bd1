/** What happens to either end of a link is noticed, said, and never papered over; and several links in one house. */
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import { connect, forward, type Annals } from '../src/client';
import { namespaceDatabase } from '../src/storage/names';
import { startAnnals } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { all, level, startServices, until, type Services } from './support/services';

const event = (i: number, eventId?: string) => ({ type: 'told', eventSourceId: `s${i % 3}`, content: { i }, eventId });

const contents = async (annals: Annals): Promise<unknown[]> =>
  (await all(annals.inbox)).map(({ content }) => content['i']);

describe('a source', () => {
  let databases: ReplicaSet[];
  let target: ServedHere;
  let mail: Annals;
  let shop: Annals;
  let source: ServedHere;
  let serial = 0;

  /** The source's server, again at the same address. */
  const restart = async (meanwhile: (db: Db) => Promise<unknown>): Promise<void> => {
    const { address } = source.server;
    await source.stop();
    const client = await MongoClient.connect(databases[0]?.url ?? '');
    await meanwhile(client.db(namespaceDatabase(shop.store, 'default')));
    await client.close();
    source = await serve(databases[0]?.url ?? '', { listen: address });
  };

  beforeAll(async () => {
    databases = await Promise.all([startReplicaSet(), startReplicaSet()]);
    source = await serve(databases[0]?.url ?? '');
    target = await serve(databases[1]?.url ?? '');
  });
  afterAll(async () => {
    await source.stop();
    await target.stop();
    await Promise.all(databases.map(async (database) => database.stop()));
  });
  beforeEach(async () => {
    serial++;
    shop = connect(`annals://${source.server.address}/shop-${serial}`);
    mail = connect(`annals://${target.server.address}/mail-${serial}`);
    await shop.stores.ensure(shop.store);
    await mail.stores.ensure(mail.store);
    await shop.outbox.append([0, 1, 2, 3, 4].map((i) => event(i)));
    await mail.links.add('link', { source: { connection: `annals://${source.server.address}/${shop.store}` } });
    await level(mail, shop);
  });
  afterEach(async () => {
    await mail.links.remove('link');
    await shop.close();
    await mail.close();
  });

  it('that goes away is said to be away, and taken up where it was when it is back', async () => {
    await restart(async () => {
      const away = await until(mail, 'the link says so', ({ state }) => state === 'source-away');
      expect(away.lastError).not.toBe('');
    });
    await shop.outbox.append(event(5));
    expect(await level(mail, shop)).toMatchObject({ position: 6 });
    await until(mail, 'it runs again', ({ state, lastError }) => state === 'running' && lastError === '');
    expect(await contents(mail)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('that was restored from an old backup stops its link until a person acts', async () => {
    await restart(async (db) => db.collection('outbox').deleteMany({ $expr: { $gt: ['$_id', 2] } }));
    const faulted = await until(mail, 'it stops', ({ state }) => state === 'faulted');
    expect(faulted.lastError).toMatch(/the source has 3 events and 5 were relayed.*backup/);
    expect(await mail.links.prove('link')).toMatchObject({ inInbox: 3, conflicting: 2, proven: false });
    // A resume alone changes nothing about that.
    await mail.links.resume('link');
    await until(mail, 'it stops again', ({ state }) => state === 'faulted');
  });

  it('that was restored and has grown again is found by the event that was relayed last', async () => {
    const lost = (await all(shop.outbox)).slice(3).map(({ eventId }) => eventId);
    await mail.links.pause('link');
    await restart(async (db) => db.collection('outbox').deleteMany({ $expr: { $gt: ['$_id', 2] } }));
    await shop.outbox.append([10, 11, 12].map((i) => event(i)));
    await mail.links.resume('link');
    const faulted = await until(mail, 'it stops', ({ state }) => state === 'faulted');
    expect(faulted.lastError).toContain(`was ${JSON.stringify(lost[1])}`);
    // Gone on from there by a person's decision: the numbers that were given out again are held, not lost.
    await mail.links.resume('link', { position: 3 });
    await level(mail, shop);
    const held = await mail.links.held('link');
    expect(held.map(({ from, violations }) => [from, violations[0]?.code])).toEqual([
      [3, 'ORIGIN_REUSED'],
      [4, 'ORIGIN_REUSED'],
    ]);
    expect(await contents(mail)).toEqual([0, 1, 2, 3, 4, 12]);
    expect(await mail.links.prove('link')).toMatchObject({ conflicting: 2, proven: false });
  });

  it('that is another deployment at the same address is not taken for it', async () => {
    await restart(async (db) => db.client.db('annals').collection('deployment').deleteMany({}));
    const faulted = await until(mail, 'it stops', ({ state }) => state === 'faulted');
    expect(faulted.lastError).toMatch(/another deployment/);
    await mail.links.resume('link', { acceptSource: true });
    await shop.outbox.append(event(5));
    await level(mail, shop);
    expect(await contents(mail)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('brings again what a target that was restored from an old backup has lost, each once', async () => {
    const client = await MongoClient.connect(databases[1]?.url ?? '');
    const db = client.db(namespaceDatabase(mail.store, 'default'));
    const [link] = await db.collection('links').find({}, { promoteLongs: false }).toArray();
    await shop.outbox.append([5, 6, 7].map((i) => event(i)));
    await level(mail, shop);
    // The database as it was: inbox and checkpoint are old together.
    await target.stop();
    await db.collection('inbox').deleteMany({ $expr: { $gt: ['$_id', 4] } });
    await db.collection('links').replaceOne({}, { ...link });
    await client.close();
    target = await serve(databases[1]?.url ?? '', { listen: target.server.address });
    await level(mail, shop);
    expect(await contents(mail)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await mail.links.prove('link')).toMatchObject({ inInbox: 8, proven: true });
  });
});

describe('several links', () => {
  let services: Services;
  beforeAll(async () => {
    services = await startServices();
  });
  afterAll(async () => services.stop());

  it('in a circle of three services that pass on what they are told bring each event round once', async () => {
    const [a, b, c] = [await services.service('a'), await services.service('b'), await services.service('c')];
    const circle = [a, b, c];
    const observations = circle.map((service) =>
      service.observe('pass-on', {
        sequence: 'inbox',
        handle: async (told) => {
          await service.outbox.append(forward(told));
        },
      }),
    );
    for (const [i, service] of circle.entries()) {
      const { store } = circle[(i + 2) % 3] ?? service;
      await service.links.add('link', { source: { store } });
    }
    await a.outbox.append([event(0), event(1)]);
    await awaitFact('it is back where it began', async () => (await a.inbox.tail()) === 1);
    await Promise.all([level(a, c), level(b, a), level(c, b)]);
    await awaitFact('what came back was looked at', async () => {
      const { position } = await a.observers.get('pass-on');
      return position === 2;
    });
    const counts = await Promise.all(
      circle.map(async (one) => [(await all(one.outbox)).length, (await all(one.inbox)).length]),
    );
    expect(counts).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expect((await all(a.inbox)).map(({ origin }) => origin?.hops)).toEqual([3, 3]);
    await Promise.all(observations.map(async (observation) => observation.stop()));
  });

  it('in a circle over inboxes end where an event came from', async () => {
    const [a, b] = [await services.service('a'), await services.service('b')];
    await a.links.add('from-b', { source: { store: b.store, sequence: 'inbox' } });
    await b.links.add('from-a', { source: { store: a.store } });
    await a.outbox.append(event(0));
    await level(b, a, 'from-a');
    await level(a, b, 'from-b', 'inbox');
    expect(await contents(a)).toEqual([]);
    const ranges: unknown[] = [];
    await a.links.prove('from-b', { onRanges: (some) => ranges.push(...some) });
    expect(ranges).toMatchObject([{ outcome: 'skipped', detail: expect.stringMatching(/^CAME_FROM_HERE/) }]);
  });

  it('in a row bring an event as far as the hop limit', async () => {
    const row = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => services.service(name)));
    for (let i = 1; i < row.length; i++) {
      const source = { store: row[i - 1]?.store ?? '', sequence: i === 1 ? 'outbox' : 'inbox' };
      await row[i]?.links.add('link', { source, hopLimit: 2 });
    }
    await row[0]?.outbox.append(event(0));
    const [, , third, last] = row;
    if (third === undefined || last === undefined) throw new Error('there is no row');
    await awaitFact('it has come to the third', async () => (await third.inbox.tail()) === 0);
    await level(last, third, 'link', 'inbox');
    expect(await contents(last)).toEqual([]);
    expect(await last.links.get('link')).toMatchObject({ skipped: 1, heldPartitions: 0 });
  });

  it('by two ways bring an event once', async () => {
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => services.service(name)));
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('services');
    await b.links.add('a', { source: { store: a.store } });
    await c.links.add('a', { source: { store: a.store } });
    await d.links.add('b', { source: { store: b.store, sequence: 'inbox' } });
    await a.outbox.append([event(0), event(1)]);
    await level(b, a, 'a');
    await level(c, a, 'a');
    await level(d, b, 'b', 'inbox');
    await d.links.add('c', { source: { store: c.store, sequence: 'inbox' } });
    expect(await level(d, c, 'c', 'inbox')).toMatchObject({ skipped: 2, heldPartitions: 0 });
    expect(await contents(d)).toEqual([0, 1]);
  });

  it('a hundred of them run beside each other', async () => {
    const [source, target] = [await services.service('shop'), await services.service('hub')];
    const names = Array.from({ length: 100 }, (_, i) => `s-${i}`);
    const { store } = source;
    const add = async (sequence: string) => target.links.add(sequence, { source: { store, sequence } });
    for (let i = 0; i < names.length; i += 10) await Promise.all(names.slice(i, i + 10).map(add));
    await Promise.all(names.map(async (name, i) => source.sequence(name).append([event(i), event(i + 1)])));
    await awaitFact('all have come', async () => (await target.inbox.tail()) === 199, { withinMs: 40_000 });
    const links = await target.links.list();
    expect(links.map(({ state, relayed }) => [state, relayed])).toEqual(links.map(() => ['running', 2]));
    expect(links).toHaveLength(100);
  }, 120_000);
});

describe('two servers on the target’s database', () => {
  const YEAR_MS = 365 * 24 * 3_600_000;

  it('one runs a link, names itself to whoever asks the other, and the other goes on when it is killed, a year ahead', async () => {
    const database = await startReplicaSet();
    const clock = {
      NODE_OPTIONS: `--require ${join(__dirname, 'support/clock-off.cjs')}`,
      ANNALS_TEST_CLOCK_OFF: String(YEAR_MS),
    };
    const first = await startAnnals({ mongodb: database.url });
    const shop = connect(`annals://${first.address}/shop`);
    const mail = connect(`annals://${first.address}/mail`);
    await shop.stores.ensure('shop');
    await mail.stores.ensure('mail');
    await mail.links.add('link', { source: { store: 'shop' } });
    await shop.outbox.append([event(0), event(1)]);
    await level(mail, shop);
    const second = await startAnnals({ mongodb: database.url, env: clock });
    const [shopThere, mailThere] = ['shop', 'mail'].map((store) => connect(`annals://${second.address}/${store}`));
    if (shopThere === undefined || mailThere === undefined) throw new Error('no clients');
    try {
      expect(await mailThere.links.get('link')).toMatchObject({ ownerAddress: first.address, position: 2 });
      // The client follows the owner that the other server names.
      await mailThere.links.pause('link');
      expect(await mail.links.get('link')).toMatchObject({ state: 'paused' });
      await mailThere.links.resume('link');
      await first.kill9();
      await shopThere.outbox.append([event(2), event(3)]);
      const link = await level(mailThere, shopThere);
      expect(link.ownerAddress).toBe(second.address);
      expect(await contents(mailThere)).toEqual([0, 1, 2, 3]);
      expect(await mailThere.links.prove('link')).toMatchObject({ inInbox: 4, proven: true });
      const [, , third] = await all(mailThere.inbox);
      expect((third?.recorded.getTime() ?? 0) - Date.now()).toBeGreaterThan(YEAR_MS / 2);
    } finally {
      await Promise.all([shop, mail, shopThere, mailThere].map(async (client) => client.close()));
      await second.kill9();
      await database.stop();
    }
  });
});
