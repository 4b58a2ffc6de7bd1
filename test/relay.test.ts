/** What one store puts into its outbox comes into another one's inbox: whole, once, in order, and provably. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, forward, type Annals, type LinkInfo, type RecordedEvent } from '../src/client';
import { awaitFact, awaitValue } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let databases: ReplicaSet[];
let servers: ServedHere[];
const clients: Annals[] = [];
let serial = 0;

beforeAll(async () => {
  databases = await Promise.all([startReplicaSet(), startReplicaSet()]);
  servers = await Promise.all(databases.map(async ({ url }) => serve(url)));
});
afterAll(async () => {
  await Promise.all(clients.map(async (client) => client.close()));
  await Promise.all(servers.map(async (server) => server.stop()));
  await Promise.all(databases.map(async (database) => database.stop()));
});

const address = (at: number): string => servers[at]?.server.address ?? '';
const connection = (at: number, store: string, namespace = 'default'): string =>
  `annals://${address(at)}/${store}?namespace=${namespace}`;

/** A store of its own name at one of the two deployments, and a client of it. */
async function service(at: number, name: string, namespace = 'default'): Promise<Annals> {
  const store = `${name}-${++serial}`;
  const client = connect(connection(at, store, namespace));
  clients.push(client);
  await client.stores.ensure(store, { namespaces: [namespace] });
  return client;
}

async function all(sequence: ReturnType<Annals['sequence']>, announcements = true): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const read = sequence.read({ filters: [{ announcements }], allGenerations: true });
  for await (const event of read) events.push(event);
  return events;
}

/** The link has brought everything that the source has. */
async function level(target: Annals, id = 'link'): Promise<LinkInfo> {
  return awaitValue(
    `${id} is level with its source`,
    async () => {
      const link = await target.links.get(id);
      return link.state === 'running' && link.sourceTail !== undefined && link.lagEvents === 0 ? link : undefined;
    },
    { withinMs: 30_000, instead: () => 'see annals links list' },
  );
}

const order = (i: number, source = `order-${i % 7}`) => ({
  type: 'order.placed',
  eventSourceId: source,
  content: { i },
});

describe.each([
  ['two stores of one server', 0, 0],
  ['two servers with two databases', 0, 1],
])('between %s', (_, from, to) => {
  const sourceOf = (source: Annals) =>
    from === to ? { store: source.store } : { connection: connection(from, source.store) };

  it('every event comes once, in order, with its metadata whole', async () => {
    const source = await service(from, 'shop');
    const target = await service(to, 'mail');
    const occurred = new Date('2020-02-02T02:02:02Z');
    await source.outbox.append({
      ...order(0),
      eventId: 'first',
      tags: ['a', 'b'],
      correlationId: 'operation',
      causationId: 'cause',
      causedBy: 'somebody',
      occurred,
      validFrom: new Date('2019-01-01'),
    });
    await source.outbox.append(Array.from({ length: 1_500 }, (_, i) => order(i + 1)));
    const { created, warnings } = await target.links.add('link', { source: sourceOf(source) });
    expect({ created, warnings }).toEqual({ created: true, warnings: [] });
    await source.outbox.append(order(1_501));
    await level(target);
    const [sent, came] = [await all(source.outbox), await all(target.inbox)];
    expect(came.map(({ eventId }) => eventId)).toEqual(sent.map(({ eventId }) => eventId));
    const whole = ({ toJSON: _, recorded, origin, ...event }: ReturnType<typeof json>) => event;
    expect(came.map((event) => whole(json(event)))).toEqual(sent.map((event) => whole(json(event))));
    expect(came.map(({ origin }) => origin)).toEqual(
      sent.map(({ sequenceNumber, recorded }) => ({
        store: source.store,
        namespace: 'default',
        sequence: 'outbox',
        sequenceNumber,
        recorded,
        link: 'link',
        hops: 1,
      })),
    );
    const proof = await target.links.prove('link');
    expect(proof).toMatchObject({ from: 0, to: 1_501, inInbox: 1_502, missing: 0, proven: true });
    expect((await target.links.add('link', { source: sourceOf(source) })).created).toBe(false);
  });

  it('compensations and redactions follow their events', async () => {
    const source = await service(from, 'shop');
    const target = await service(to, 'mail');
    await source.outbox.append([order(0), order(1), order(2)]);
    await source.outbox.compensate({ sequenceNumber: 0 }, { content: { i: 100 }, reason: 'typo' });
    await target.links.add('link', { source: sourceOf(source) });
    await source.outbox.redact({ sequenceNumber: 1 }, { reason: 'asked for' });
    await level(target);
    const came = await all(target.inbox);
    expect(came.map(({ announcement }) => announcement?.kind)).toContain('compensation');
    const [first] = await collect(target.inbox.read({ to: 0, view: 'effective' }));
    expect(first?.content).toEqual({ i: 100 });
    const proof = await target.links.prove('link');
    expect(proof).toMatchObject({ missing: 0, proven: true });
    expect(proof.inInbox + proof.skipped).toBe(5);
  });
});

const json = (event: RecordedEvent) => ({ ...event.toJSON(), toJSON: undefined });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
