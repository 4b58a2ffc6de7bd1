/**
 * What readers get of events whose types change, and of events to which something happens afterwards:
 * generations, views, announcements, through either of two servers, from the database and live.
 */
import { MongoClient } from 'mongodb';
import { connect, eventType, step, type Annals, type RecordedEvent } from '../src/client';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let servers: readonly [ServedHere, ServedHere];
let serial = 0;
/** The same store through either server. */
let a: Annals;
let b: Annals;

beforeAll(async () => {
  database = await startReplicaSet();
  servers = [await serve(database.url), await serve(database.url)];
});
afterAll(async () => {
  await Promise.all(servers.map(async (served) => served.stop()));
  await database.stop();
});
beforeEach(async () => {
  const store = `changes-${++serial}`;
  [a, b] = servers.map(({ server }) => connect(`annals://${server.address}/${store}`)) as [Annals, Annals];
  await a.stores.ensure(store);
});
afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
});

const first = eventType('order.placed').generation(1, {
  type: 'object',
  properties: { total: { type: 'number' }, customer: { type: 'string' } },
  required: ['total', 'customer'],
});
const second = first.generation(
  2,
  {
    type: 'object',
    properties: { amount: { type: 'number' }, customer: { type: 'string' } },
    required: ['amount', 'customer'],
  },
  { up: [step.rename('total', 'amount')], down: [step.rename('amount', 'total')] },
);

const placed = (n: number) => ({
  type: 'order.placed',
  generation: 1,
  eventSourceId: `order-${n}`,
  content: { total: n, customer: 'ada' },
});

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** The first so many events of a subscription. */
async function some(count: number, events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of events) if (found.push(event) === count) break;
  return found;
}

const generations = (events: readonly RecordedEvent[]) =>
  events.map(({ content, contentGeneration }) => [contentGeneration, content]);

describe('the generation of what is read', () => {
  it('is the latest unless another is named, for events that were there before it, too', async () => {
    await a.eventTypes.register(first);
    await a.eventLog.append(placed(1));
    expect(generations(await all(b.eventLog.read()))).toEqual([[1, { total: 1, customer: 'ada' }]]);
    await a.eventTypes.register(second);
    await a.eventLog.append(placed(2));
    const latest = [
      [2, { amount: 1, customer: 'ada' }],
      [2, { amount: 2, customer: 'ada' }],
    ];
    const old = [
      [1, { total: 1, customer: 'ada' }],
      [1, { total: 2, customer: 'ada' }],
    ];
    for (const annals of [a, b]) {
      const wanted = { generations: { 'order.placed': 1 } };
      expect(generations(await all(annals.eventLog.read()))).toEqual(latest);
      expect(generations(await all(annals.eventLog.read(wanted)))).toEqual(old);
      expect(generations(await some(2, annals.eventLog.subscribe()))).toEqual(latest);
      expect(generations(await some(2, annals.eventLog.subscribe(wanted)))).toEqual(old);
      const one = await annals.eventLog.get({ sequenceNumber: 0 }, { generation: 1, allGenerations: true });
      expect([one.contentGeneration, one.generations.map(({ generation }) => generation)]).toEqual([1, [1]]);
      const other = await annals.eventLog.get({ sequenceNumber: 1 }, { allGenerations: true });
      expect(other.generations.map(({ generation, content }) => [generation, content])).toEqual([old[1], latest[1]]);
    }
  });

  it('changes under a subscription that is live, whichever server the type is registered through', async () => {
    await a.eventTypes.register(first);
    const subscription = b.eventLog.subscribe()[Symbol.asyncIterator]();
    await a.eventLog.append(placed(1));
    expect((await subscription.next()).value?.contentGeneration).toBe(1);
    await a.eventTypes.register(second);
    await a.eventLog.append(placed(2));
    expect((await subscription.next()).value?.content).toEqual({ amount: 2, customer: 'ada' });
    await subscription.return?.();
  });

  it('is one that the type has, or the call is refused', async () => {
    await a.eventTypes.register(second);
    await a.eventLog.append(placed(1));
    const refused = { code: 'UNKNOWN_GENERATION', metadata: { limit: '2', actual: '3' } };
    const wanted = { generations: { 'order.placed': 3 } };
    await expect(all(b.eventLog.read(wanted))).rejects.toMatchObject({
      ...refused,
      field: 'generations[0].generation',
    });
    await expect(some(1, b.eventLog.subscribe(wanted))).rejects.toMatchObject(refused);
    await expect(b.eventLog.get({ sequenceNumber: 0 }, { generation: 3 })).rejects.toMatchObject({
      ...refused,
      field: 'generation',
    });
    await expect(b.observe('unknown', { ...wanted, handle: () => undefined }).registered).rejects.toMatchObject({
      ...refused,
      field: 'definition.generations[0].generation',
    });
    // Of a type that is not registered it is the one that there is, and that is said.
    await a.eventLog.append({ type: 'free', eventSourceId: 's', content: { x: 1 } });
    const [free] = await all(b.eventLog.read({ types: ['free'], generations: { free: 2 } }));
    expect(free).toMatchObject({ contentGeneration: 1, notCast: expect.stringContaining('not registered') });
  });
});

describe('what happened to an event', () => {
  beforeEach(async () => {
    await a.eventTypes.register(second);
    await a.eventLog.append([placed(1), placed(2), placed(3)]);
    for (const total of [10, 11]) {
      const content = { total, customer: 'ada' };
      await a.eventLog.compensate({ sequenceNumber: 0 }, { generation: 1, content, reason: 'a typing error' });
    }
    await b.eventLog.redact({ sequenceNumber: 2 }, { reason: 'asked to', causedBy: 'ada' });
  });

  const amounts = (events: readonly RecordedEvent[]) => events.map(({ content }) => content['amount']);

  it('is read or not, by the view', async () => {
    for (const annals of [a, b]) {
      const original = await all(annals.eventLog.read());
      expect(original.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2]);
      expect(amounts(original)).toEqual([1, 2, undefined]);
      const effective = await all(annals.eventLog.read({ view: 'effective' }));
      expect(amounts(effective)).toEqual([11, 2, undefined]);
      expect(effective.map(({ effectiveCompensationId }) => effectiveCompensationId !== undefined)).toEqual([
        true,
        false,
        false,
      ]);
      const whole = await annals.eventLog.get({ sequenceNumber: 0 }, { view: 'all', generation: 1 });
      expect(whole.content).toEqual({ total: 1, customer: 'ada' });
      expect(whole.compensations.map(({ content, sequenceNumber }) => [content, sequenceNumber])).toEqual([
        [{ total: 10, customer: 'ada' }, 3],
        [{ total: 11, customer: 'ada' }, 4],
      ]);
      expect(original[2]).toMatchObject({
        content: {},
        redaction: { reason: 'asked to', causedBy: 'ada', sequenceNumber: 5 },
      });
    }
  });

  it('is told at its own number to who asks, and to nobody else', async () => {
    for (const annals of [a, b]) {
      const told = await some(6, annals.eventLog.subscribe({ announcements: true }));
      expect(told.map(({ announcement }) => announcement && [announcement.kind, announcement.sequenceNumber])).toEqual([
        undefined,
        undefined,
        undefined,
        ['compensation', 0],
        ['compensation', 0],
        ['redaction', 2],
      ]);
      expect(told.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(amounts(told.slice(3))).toEqual([10, 11, undefined]);
      expect((await all(annals.eventLog.read({ limit: 2, announcements: true, from: 3 }))).length).toBe(2);
      expect(await annals.eventLog.tail()).toBe(5);
      expect(await annals.eventLog.tail({ types: ['order.placed'] })).toBe(2);
      expect(await annals.eventLog.tail({ types: ['order.placed'], announcements: true })).toBe(5);
    }
  });

  it('reaches an observer that asks for it, in the partition of the event, in order', async () => {
    const seen: string[] = [];
    const observation = b.observe('projection', {
      announcements: true,
      generations: { 'order.placed': 1 },
      handle: ({ eventSourceId, announcement, content }) => {
        seen.push(`${eventSourceId} ${announcement?.kind ?? 'event'} ${String(content['total'])}`);
      },
    });
    await observation.registered;
    await a.observers.waitFor('projection', 5);
    expect(seen.filter((line) => line.startsWith('order-1'))).toEqual([
      'order-1 event 1',
      'order-1 compensation 10',
      'order-1 compensation 11',
    ]);
    expect(seen.filter((line) => line.startsWith('order-3'))).toEqual([
      'order-3 event undefined',
      'order-3 redaction undefined',
    ]);
    expect((await a.observers.get('projection')).definition).toMatchObject({
      filters: [{ announcements: true }],
      generations: { 'order.placed': 1 },
      allGenerations: false,
    });
    expect((await a.observers.replay('projection', { dryRun: true })).events).toBe(6);
    await observation.stop();
  });

  it('reaches a reducer that asks for it, and a rebuild comes to the same state', async () => {
    const mongodb = await MongoClient.connect(database.url);
    const db = mongodb.db(`totals-${serial}`);
    const totals = b.reduce<{ total: number | null; told: number }>('totals', {
      db,
      collection: 'totals',
      initial: { total: null, told: 0 },
      announcements: true,
      generations: { 'order.placed': 1 },
      on: {
        'order.placed': ({ told }, { content, announcement }) => ({
          total: announcement?.kind === 'redaction' ? null : ((content['total'] as number | undefined) ?? null),
          told: told + (announcement === undefined ? 0 : 1),
        }),
      },
    });
    await totals.registered;
    await a.observers.waitFor('totals', 5);
    const model = async () =>
      db
        .collection('totals')
        .find({}, { projection: { total: 1, told: 1 } })
        .sort({ _id: 1 })
        .toArray();
    const expected = [
      { _id: 'order-1', total: 11, told: 2 },
      { _id: 'order-2', total: 2, told: 0 },
      { _id: 'order-3', total: null, told: 1 },
    ];
    expect(await model()).toEqual(expected);
    await totals.rebuild();
    expect(await model()).toEqual(expected);
    await totals.stop();
    await mongodb.close();
  });

  it('passes an observer by that does not ask, and its place moves on', async () => {
    const seen: number[] = [];
    const observation = b.observe('plain', { handle: ({ sequenceNumber }) => void seen.push(sequenceNumber) });
    await observation.registered;
    await a.observers.waitFor('plain', 5);
    expect(seen.sort()).toEqual([0, 1, 2]);
    expect((await a.observers.replay('plain', { dryRun: true })).events).toBe(3);
    await observation.stop();
  });

  it('is not shown by what is kept in memory as it was before', async () => {
    // Both servers have the log in memory: each has somebody who follows it.
    const stop = new AbortController();
    const followers = await Promise.all(
      [a, b].map(async (annals) => {
        const iterator = annals.eventLog.subscribe({ onlyNew: true, signal: stop.signal })[Symbol.asyncIterator]();
        return { iterator, next: iterator.next() };
      }),
    );
    const { lastSequenceNumber } = await a.eventLog.append(placed(4));
    await a.eventLog.compensate(
      { sequenceNumber: lastSequenceNumber },
      { generation: 1, content: { total: 40, customer: 'x' }, reason: 'r' },
    );
    await b.eventLog.redact({ sequenceNumber: lastSequenceNumber }, { reason: 'asked to' });
    const { lastSequenceNumber: end } = await a.eventLog.append(placed(5));
    for (const annals of [a, b]) {
      const count = end - lastSequenceNumber + 1;
      const seen = await some(count, annals.eventLog.subscribe({ from: lastSequenceNumber, announcements: true }));
      expect(seen.map(({ content }) => content)).toEqual([{}, {}, {}, { amount: 5, customer: 'ada' }]);
    }
    stop.abort();
    await Promise.allSettled(followers.map(async ({ next }) => next));
  });
});
