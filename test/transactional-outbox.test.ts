/**
 * State and event of a service with a database of its own: both or neither, each event once, in the order of its
 * source, whatever is killed at whatever step.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient, type MongoClientOptions } from 'mongodb';
import { connect, type Annals, type PumpOptions } from '../src/client';
import { OutboxRows } from '../src/client/transactional-outbox/rows';
import { startAnnals } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { OrderService, STEPS, told, type Meet, type Step } from './support/outbox-service';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy } from './support/tcp-proxy';

let database: ReplicaSet;
let mongodb: MongoClient;
let served: ServedHere;
let annals: Annals;

beforeAll(async () => {
  database = await startReplicaSet();
  mongodb = await MongoClient.connect(database.url);
  served = await serve(database.url);
});
afterAll(async () => {
  await mongodb.close();
  await served.stop();
  await database.stop();
});
beforeEach(() => {
  annals = connect(`annals://${served.server.address}/default`);
});
afterEach(async () => annals.close());

let tests = 0;

/** A service, and the sequence that its events go to, which has the name of its database. */
function newService(meet?: Meet) {
  const name = `service-${++tests}`;
  return { name, service: new OrderService(mongodb, name, meet), sequence: annals.sequence(name) };
}

const emptied = async ({ outbox }: OrderService): Promise<void> =>
  awaitFact('nothing waits', async () => (await outbox.waiting()) === 0);

/** Events of this type have a number for a change, or the change is refused. */
const demand = async (type: string, change: object): Promise<unknown> =>
  annals.eventTypes.register({
    type,
    generations: [{ generation: 1, schema: { type: 'object', properties: { change } } }],
    migrations: [],
  });

describe('a transaction', () => {
  it('that commits is told of with everything that the event has, and one that does not never was', async () => {
    const { service, sequence } = newService();
    const { outbox } = service;
    const abort = new Error('no stock');
    await mongodb.withSession(async (session) => {
      await session.withTransaction(async () => {
        const ids = await outbox.add(session, [
          {
            type: 'a',
            eventSourceId: 's',
            eventId: 'first',
            tags: ['t'],
            causedBy: 'ann',
            content: { big: 2n ** 60n },
          },
          { type: 'b', eventSourceId: 's', json: '{"n":1.0}', validFrom: new Date(0), occurred: new Date(1) },
        ]);
        expect(ids).toEqual(['first', expect.any(String)]);
      });
      const failed = session.withTransaction(async () => {
        await outbox.add(session, { type: 'c', eventSourceId: 's', content: {} });
        throw abort;
      });
      await expect(failed).rejects.toBe(abort);
    });
    await using _ = outbox.pump(sequence);
    await emptied(service);
    const events = [];
    for await (const event of sequence.read()) events.push(event);
    expect(events).toMatchObject([
      { type: 'a', eventId: 'first', tags: ['t'], causedBy: 'ann', content: { big: 2n ** 60n } },
      { type: 'b', content: { n: 1 }, validFrom: new Date(0), occurred: new Date(1) },
    ]);
    expect(events[0]?.correlationId).toBe(events[1]?.correlationId);
  });

  it('is needed: without one, and for what never can be appended, nothing is written', async () => {
    const { service } = newService();
    await mongodb.withSession(async (session) => {
      const event = { type: 'a', eventSourceId: 's', content: {} };
      await expect(service.outbox.add(session, event)).rejects.toMatchObject({
        code: 'INVALID_FIELD',
        field: 'session',
      });
      const invalid = session.withTransaction(async () => service.outbox.add(session, { ...event, eventSourceId: '' }));
      await expect(invalid).rejects.toMatchObject({ field: 'events[0].event_source_id' });
    });
    expect(await service.outbox.waiting()).toBe(0);
  });
});

it('twenty writers on five sources: in the order of their commits, once, while pumps of two programs take turns', async () => {
  const { name, service, sequence } = newService();
  const other = new OrderService(mongodb, name);
  const first = service.pump(sequence);
  const second = other.pump(sequence);
  let n = 0;
  const writers = Array.from({ length: 20 }, async (_, writer) => {
    for (let i = 0; i < 10; i++) await (i % 2 === 0 ? service : other).change(`order-${writer % 5}`, n++);
  });
  await awaitFact('some are there', async () => ((await sequence.tail()) ?? 0) > 20);
  await (first.state === 'working' ? first : second).stop();
  await Promise.all(writers);
  await emptied(service);
  await Promise.all([first.stop(), second.stop()]);
  const state = await service.state();
  expect(Object.values(state).flat()).toHaveLength(200);
  expect(await told(sequence)).toEqual(state);
});

describe('the service is killed', () => {
  const nameOf = (step: Step): string => `killed-${STEPS.indexOf(step)}`;

  beforeAll(async () => {
    await Promise.all(STEPS.map(dies));
  });

  it.each(STEPS)('%s: nothing is lost, nothing comes twice, nothing out of order', async (step) => {
    const service = new OrderService(mongodb, nameOf(step));
    const sequence = annals.sequence(nameOf(step));
    const state = await service.state();
    await using _ = service.pump(sequence, { takeOverAfterMs: 1_000 });
    // A transaction that died with its program keeps its own order until the database ends it; this is another.
    await service.change('order-3', 1_000);
    await emptied(service);
    expect(await told(sequence)).toEqual({ ...state, 'order-3': [1_000] });
    expect(await service.state()).toEqual({ ...state, 'order-3': [1_000] });
  });

  /** A program that works until it comes to the step. */
  async function dies(step: Step): Promise<void> {
    const compiled = join(__dirname, '../dist/test/support/outbox-service-child.js');
    if (!existsSync(compiled)) throw new Error(`${compiled} is missing: run \`npm run build\` first`);
    const url = `annals://${served.server.address}/default`;
    const child = fork(compiled, [url, database.url, nameOf(step), step]);
    const signal = await new Promise<string | null>((resolve) => child.once('exit', (_, by) => resolve(by)));
    expect([step, signal]).toEqual([step, 'SIGKILL']);
  }
});

describe('what Annals refuses', () => {
  const TYPE = 'order.refused';

  it('holds its source alone, is said and listed, and goes on in order when it is tried again', async () => {
    await demand(TYPE, { maximum: 10 });
    const { service, sequence } = newService();
    for (const change of [1, 11, 2]) await service.change('order-p', change, TYPE);
    await service.change('order-q', 3, TYPE);
    const refused: unknown[] = [];
    await using _ = service.pump(sequence, { onHeld: (held) => refused.push(held) });
    await awaitFact('the others are there', async () => (await sequence.tail()) === 1);
    await service.change('order-p', 4, TYPE);
    await service.change('order-q', 5, TYPE);
    await awaitFact('one more is there', async () => (await sequence.tail()) === 2);
    expect(await told(sequence)).toEqual({ 'order-p': [1], 'order-q': [3, 5] });
    const [held, ...more] = await service.outbox.held();
    const violations = [{ code: 'SCHEMA_VIOLATION' }];
    expect(held).toMatchObject({
      eventSourceId: 'order-p',
      type: TYPE,
      content: { change: 11 },
      violations,
      attempts: 1,
    });
    expect([more, refused]).toMatchObject([[], [{ eventId: held?.eventId, violations }]]);
    expect(await service.outbox.waiting()).toBe(3);

    // Again without a change: it is refused again.
    expect(await service.outbox.retry(held?.eventId)).toBe(1);
    await awaitFact('it is refused again', async () => (await service.outbox.held())[0]?.attempts === 2);
    await demand(TYPE, {});
    expect(await service.outbox.retry()).toBe(1);
    await emptied(service);
    expect(await told(sequence)).toEqual(await service.state());
  });

  it('is taken away when a person says so, and its source goes on behind it', async () => {
    const type = `${TYPE}.for-good`;
    await demand(type, { maximum: 10 });
    const { service, sequence } = newService();
    for (const change of [1, 11, 2, 12, 3]) await service.change('order-p', change, type);
    await using _ = service.pump(sequence);
    for (const change of [11, 12]) {
      await awaitFact('it is held', async () => (await service.outbox.held()).length === 1);
      const [held] = await service.outbox.held();
      expect(await service.outbox.skip(held?.eventId ?? '')).toMatchObject({ content: { change } });
    }
    await emptied(service);
    expect(await told(sequence)).toEqual({ 'order-p': [1, 2, 3] });
    await expect(service.outbox.skip('nothing')).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' });
    await expect(service.outbox.retry('nothing')).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' });
  });
});

describe('a pump', () => {
  it('that comes after a crash appends the same bytes, whatever its driver is set to', async () => {
    const settings: MongoClientOptions[] = [
      { promoteBuffers: true, useBigInt64: true },
      { promoteLongs: false, promoteValues: false, raw: true, readPreference: 'secondaryPreferred' },
    ];
    const { name, service, sequence } = newService();
    await mongodb.withSession(async (session) =>
      session.withTransaction(async () =>
        service.outbox.add(session, { type: 'a', eventSourceId: 's', content: { n: 5n, d: 1.5, at: new Date(0) } }),
      ),
    );
    for (const [i, setting] of settings.entries()) {
      const client = await MongoClient.connect(database.url, setting);
      const isLast = i === settings.length - 1;
      // Until the last one, the row cannot be removed: the next one appends it again.
      const again = new OrderService(client, name, (step) => {
        if (step === 'after the append' && !isLast) throw new Error('it dies here');
      });
      const pump = again.pump(sequence);
      await awaitFact('it is there', async () => (await sequence.tail()) === 0);
      if (isLast) await emptied(service);
      await pump.stop();
      await client.close();
    }
    expect(await service.outbox.held()).toEqual([]);
    expect((await sequence.get({ sequenceNumber: 0 })).content).toEqual({ n: 5, d: 1.5, at: new Date(0) });
    expect(await sequence.tail()).toBe(0);
  });

  it('goes to one place, stops with its client, and leaves the work to another at once', async () => {
    const { service, sequence } = newService();
    const options: PumpOptions = { takeOverAfterMs: 600_000 };
    const client = connect(`annals://${served.server.address}/default`);
    const first = service.pump(client.sequence(sequence.address.sequence), options);
    await awaitFact('it works', () => first.state === 'working');
    await expect(service.pump(annals.outbox).done).rejects.toMatchObject({
      code: 'INVALID_FIELD',
      message: expect.stringMatching(/go to default\/default\/service-\d+, and not to default\/default\/outbox/),
    });
    await client.close();
    await first.done;
    expect(first.state).toBe('ended');
    await using _ = service.pump(sequence, options);
    await service.change('order-1', 1);
    await emptied(service);
    expect(await told(sequence)).toEqual({ 'order-1': [1] });
    expect(() => service.pump(sequence, { takeOverAfterMs: 10 })).toThrow(/takeOverAfterMs is 10/);
  });
});

it('counters of sources that were quiet for a day are forgotten, those that are needed are not', async () => {
  const { name, service, sequence } = newService();
  for (const id of ['order-1', 'order-2', 'order-3']) await service.change(id, 1);
  const db = mongodb.db(name);
  const counters = db.collection<{ _id: string }>('annals.outbox.sources');
  // As if a day had passed; rows of 2 still wait, and 3 was used a moment ago.
  await counters.updateMany({ _id: { $ne: 'order-3' } }, { $set: { at: new Date(0) } });
  await db.collection('annals.outbox').deleteMany({ source: { $ne: 'order-2' } });
  await new OutboxRows(db, 'annals.outbox').sweep();
  expect((await counters.find().toArray()).map(({ _id }) => _id).sort()).toEqual(['order-2', 'order-3']);
  await using _ = service.pump(sequence);
  await service.change('order-1', 2);
  await emptied(service);
  expect(await told(sequence)).toMatchObject({ 'order-1': [2] });
});

// Last: a server that was killed counts as alive for a while, and a registration would wait for it.
it('the server is killed before an append, while its answer is on the way, and after it', async () => {
  let server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
  const proxy = await startTcpProxy(server.port);
  const client = connect(`annals://${proxy.address}/default`);
  const restart = async (): Promise<void> => {
    await server.kill9();
    proxy.cut();
    server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
    proxy.retarget(server.port);
  };
  const meetings: Partial<Record<Step, (() => Promise<void>)[]>> = {
    'before the append': [
      restart,
      async () => {
        proxy.hold('answers');
        void awaitFact('an answer is on its way', () => proxy.heldBytes('answers') > 0).then(async () => {
          await restart();
          proxy.release();
        });
        return Promise.resolve();
      },
    ],
    'after the append': [restart],
  };
  const { service, name } = newService(async (step) => meetings[step]?.shift()?.());
  const troubles: unknown[] = [];
  const pump = service.pump(client.sequence(name), { onTrouble: (trouble) => troubles.push(trouble) });
  try {
    for (let i = 0; i < 60; i++) await service.change(`order-${i % 3}`, i);
    await emptied(service);
    await awaitFact('each has happened', () => Object.values(meetings).every((left) => left.length === 0));
    expect(await told(client.sequence(name))).toEqual(await service.state());
  } finally {
    await pump.stop();
    await client.close();
    await server.kill9();
    await proxy.close();
  }
});
