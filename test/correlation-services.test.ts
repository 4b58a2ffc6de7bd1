/**
 * An operation that goes through three services, each with a database and a server of its own: A tells B, B tells C,
 * and the trace is whole wherever it is asked for, or says where nobody could look.
 */
import { connect, type Annals, type TraceNode } from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { level } from './support/services';

/** Milliseconds for a trace while a server does not answer: twice its patience with that one, and this machine's own. */
const ANSWER_WITHIN_MS = 4_000;

let databases: ReplicaSet[];
let servers: { readonly a: ServedHere; b: AnnalsProcess; readonly c: ServedHere };
let shop: Annals;
let stock: Annals;
let mail: Annals;

const OPERATION = 'order-17';

/** In the shop an order is placed and told; the stock packs it and tells; a letter goes out. */
beforeAll(async () => {
  databases = await Promise.all([startReplicaSet(), startReplicaSet(), startReplicaSet()]);
  const [ofA = '', ofB = '', ofC = ''] = databases.map(({ url }) => url);
  const [a, b, c] = await Promise.all([serve(ofA), startAnnals({ mongodb: ofB }), serve(ofC)]);
  servers = { a, b, c };
  shop = connect(`${addressOf('a')}/shop`);
  stock = connect(`${addressOf('b')}/stock`);
  mail = connect(`${addressOf('c')}/mail`);
  for (const service of [shop, stock, mail]) await service.stores.ensure(service.store);
  await stock.links.add('from-shop', { source: { connection: `${addressOf('a')}/shop` } });
  await mail.links.add('from-stock', { source: { connection: `${addressOf('b')}/stock` } });
  await shop.identities.describe('u-1', { kind: 'person', name: 'Ann Ash' });

  // What an event is handled with takes its correlation and its cause by itself.
  const packing = stock.observe('packing', {
    sequence: 'inbox',
    handle: async ({ eventSourceId }) => {
      const content = {};
      await stock.eventLog.append({ eventId: 'packed', type: 'order.packed', eventSourceId, content });
      await stock.outbox.append({ eventId: 'sent', type: 'parcel.sent', eventSourceId, content });
    },
  });
  const writing = mail.observe('writing', {
    sequence: 'inbox',
    handle: async ({ eventSourceId }) => {
      await mail.eventLog.append({ eventId: 'written', type: 'letter.written', eventSourceId, content: {} });
    },
  });
  const of = { correlationId: OPERATION, eventSourceId: OPERATION, content: {} };
  await shop.eventLog.append({ ...of, eventId: 'placed', type: 'order.placed', causedBy: 'u-1' });
  await shop.outbox.append({ ...of, eventId: 'told', type: 'order.told', causationId: 'placed' });
  await awaitFact('the letter is written', async () => (await mail.eventLog.tail()) === 0, { withinMs: 30_000 });
  await Promise.all([packing.stop(), writing.stop()]);
});
afterAll(async () => {
  await Promise.all([shop, stock, mail].map(async (service) => service.close()));
  await Promise.all([servers.a.stop(), servers.b.kill9(), servers.c.stop()]);
  await Promise.all(databases.map(async (database) => database.stop()));
});

const hostOf = (of: 'a' | 'b' | 'c'): string => (of === 'b' ? servers.b.address : servers[of].server.address);
const addressOf = (of: 'a' | 'b' | 'c'): string => `annals://${hostOf(of)}`;

/** Each node with what it hangs under, and the places where it was seen: `told < placed: shop/outbox/0 stock/inbox/0`. */
function drawn(nodes: readonly TraceNode[]): string[] {
  const ids = new Map(nodes.map(({ id, eventId }) => [id, eventId]));
  return nodes.map(({ eventId, parentId, kind, sightings }) => {
    const places = sightings.map(({ store, sequence, sequenceNumber }) => `${store}/${sequence}/${sequenceNumber}`);
    const under = ids.get(parentId);
    return `${eventId}${under === undefined ? '' : ` < ${under}`}: ${kind === 'event' ? places.join(' ') : kind}`;
  });
}

const WHOLE = [
  'placed: shop/event-log/0',
  'told < placed: shop/outbox/0 stock/inbox/0',
  'packed < told: stock/event-log/0',
  'sent < told: stock/outbox/0 mail/inbox/0',
  'written < sent: mail/event-log/0',
];

async function timed<Of>(work: Promise<Of>): Promise<Of> {
  const began = performance.now();
  const outcome = await work;
  expect(performance.now() - began).toBeLessThan(ANSWER_WITHIN_MS);
  return outcome;
}

const atShopPeers = () => [addressOf('b'), `${addressOf('c')}/mail`];

describe('all three are there', () => {
  it('asked at the end of the chain, the trace goes through all of it, with every place where an event was seen', async () => {
    const { nodes, gaps } = await timed(mail.correlation.trace({ correlationId: OPERATION }).all());
    expect(drawn(nodes)).toEqual(WHOLE);
    expect(gaps).toEqual([]);
    const [placed, told] = nodes;
    // Who it is, its own service says; where it was asked is named.
    expect(placed?.causedBy).toMatchObject({ id: 'u-1', name: 'Ann Ash' });
    expect(placed?.sightings).toMatchObject([{ address: hostOf('a'), link: '' }]);
    expect(told?.sightings).toMatchObject([
      { address: hostOf('a'), link: '' },
      { address: hostOf('b'), link: 'from-shop' },
    ]);
    expect(nodes.at(-1)?.sightings).toMatchObject([{ address: '', deployment: '' }]);
    expect(new Set(nodes.flatMap(({ sightings }) => sightings.map(({ deployment }) => deployment))).size).toBe(3);
  });

  it('asked in the middle, it knows what came from before; told of its peer, also what went on', async () => {
    const correlationId = OPERATION;
    const known = await stock.correlation.trace({ correlationId }).all();
    expect(drawn(known.nodes)).toEqual([...WHOLE.slice(0, 3), 'sent < told: stock/outbox/0']);
    const all = await stock.correlation.trace({ correlationId, peers: [addressOf('c')] }).all();
    expect(drawn(all.nodes)).toEqual(WHOLE);
  });

  it('asked at its beginning with peers, it goes down the chain', async () => {
    const correlationId = OPERATION;
    const alone = await shop.correlation.trace({ correlationId }).all();
    expect(drawn(alone.nodes)).toEqual(['placed: shop/event-log/0', 'told < placed: shop/outbox/0']);
    const { nodes, gaps } = await timed(shop.correlation.trace({ correlationId, peers: atShopPeers() }).all());
    expect(drawn(nodes)).toEqual(WHOLE);
    expect(gaps).toEqual([]);
    const effects = await shop.correlation.effects('told', { peers: atShopPeers() }).all();
    expect(effects.nodes.map(({ eventId }) => eventId)).toEqual(['told', 'packed', 'sent', 'written']);
  });

  it('causes go up through all of them, and around an event it is the same tree', async () => {
    const causes = await mail.correlation.causes('written').all();
    expect(causes.nodes.map(({ eventId }) => eventId)).toEqual(['written', 'sent', 'told', 'placed']);
    const around = await mail.correlation.trace({ eventId: 'written' }).all();
    expect(drawn(around.nodes)).toEqual(WHOLE);
  });

  it('local stays where it is asked, and names what lies elsewhere as missing', async () => {
    const { nodes, gaps } = await mail.correlation.trace({ correlationId: OPERATION, local: true }).all();
    expect(drawn(nodes)).toEqual([
      'told: missing',
      'sent < told: stock/outbox/0 mail/inbox/0',
      'written < sent: mail/event-log/0',
    ]);
    expect(gaps).toEqual([]);
  });

  it('a link that may go one server far says that there are more', async () => {
    const { nodes, gaps } = await mail.correlation.trace({ correlationId: OPERATION, hops: 1 }).all();
    expect(drawn(nodes)).toEqual(['placed: missing', ...WHOLE.slice(1)]);
    expect(gaps).toMatchObject([{ where: hostOf('a'), reason: expect.stringContaining('more servers') }]);
  });

  it('an event that was relayed again is one node at two places', async () => {
    await stock.links.pause('from-shop');
    await stock.links.resume('from-shop', { position: 0 });
    await level(stock, shop, 'from-shop');
    expect(await stock.links.prove('from-shop')).toMatchObject({ inInbox: 1, proven: true });
    const { nodes } = await mail.correlation.trace({ correlationId: OPERATION }).all();
    expect(drawn(nodes)).toEqual(WHOLE);
  });
});

describe('the one in the middle is killed', () => {
  beforeAll(async () => servers.b.kill9());

  it('asked at the end, the trace says what is left and where it could not look, and why', async () => {
    const { nodes, gaps } = await timed(mail.correlation.trace({ correlationId: OPERATION }).all());
    expect(drawn(nodes)).toEqual([
      'told: missing',
      'sent < told: stock/outbox/0 mail/inbox/0',
      'written < sent: mail/event-log/0',
    ]);
    expect(gaps).toEqual([{ where: hostOf('b'), reason: expect.stringMatching(/\S/) }]);
  });

  it('asked at the beginning, it finds what is behind the one that is gone', async () => {
    const asked = shop.correlation.trace({ correlationId: OPERATION, peers: atShopPeers() }).all();
    const { nodes, gaps } = await timed(asked);
    expect(drawn(nodes)).toEqual([
      'placed: shop/event-log/0',
      'told < placed: shop/outbox/0',
      'sent < told: stock/outbox/0 mail/inbox/0',
      'written < sent: mail/event-log/0',
    ]);
    expect(gaps).toEqual(expect.arrayContaining([{ where: hostOf('b'), reason: expect.stringMatching(/\S/) }]));
  });

  it('causes and effects end there, and never fail', async () => {
    const causes = await timed(mail.correlation.causes('written').all());
    expect(drawn(causes.nodes)).toEqual([
      'written < sent: mail/event-log/0',
      'sent < told: stock/outbox/0 mail/inbox/0',
      'told: missing',
    ]);
    expect(causes.gaps).toHaveLength(1);
    const effects = await timed(shop.correlation.effects('placed', { peers: atShopPeers() }).all());
    expect(effects.nodes.map(({ eventId }) => eventId)).toEqual(expect.arrayContaining(['placed', 'told']));
    expect(effects.gaps).not.toEqual([]);
  });

  it('once it is there again, so is the whole trace', async () => {
    const [, database] = databases;
    servers.b = await startAnnals({ mongodb: database?.url ?? '', listen: hostOf('b') });
    await awaitFact('the trace is whole', async () => {
      const { nodes, gaps } = await mail.correlation.trace({ correlationId: OPERATION }).all();
      return gaps.length === 0 && JSON.stringify(drawn(nodes)) === JSON.stringify(WHOLE);
    });
  });
});
