/**
 * Event types, constraints, compensations, redactions and jobs through the TypeScript client, against a real server: what
 * is registered is held, what is refused says everything that stands against it, and long work can be waited for.
 */
import { firstValueFrom } from 'rxjs';
import {
  AnnalsError,
  AppendRefusedError,
  connect,
  constraint,
  ConstraintRefusedError,
  eventType,
  generationsOf,
  JobFailedError,
  schema,
  step,
  type Annals,
  type ContentsOf,
  type EventTypeInfo,
  type JobInfo,
  type RecordedEvent,
} from '../src/client';
import { awaitFact, within } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy';

let database: ReplicaSet;
let served: ServedHere;
let wire: TcpProxy;
let stores = 0;
/** On a store of the test's own. */
let annals: Annals;
let store: string;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
  wire = await startTcpProxy(Number(served.server.address.split(':')[1]));
});
afterAll(async () => {
  await wire.close();
  await served.stop();
  await database.stop();
});

beforeEach(async () => {
  store = `types-${++stores}`;
  annals = connect(`annals://${served.server.address}/${store}`);
  await annals.stores.ensure(store);
});
afterEach(async () => {
  await annals.close();
});

const failureOf = async (promise: Promise<unknown>): Promise<AnnalsError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const first = eventType('order.placed', { description: 'A customer has ordered' }).generation(1, {
  type: 'object',
  properties: { total: { type: 'number' }, name: { type: 'string' } },
  required: ['total', 'name'],
});

const orderPlaced = first.generation(
  2,
  {
    type: 'object',
    properties: {
      amount: { type: 'number' },
      currency: { enum: ['EUR', 'USD'] },
      first: { type: 'string' },
      last: { type: 'string' },
    },
    required: ['amount', 'currency', 'first'],
  },
  {
    up: [step.rename('total', 'amount'), step.defaultTo('currency', 'EUR'), step.split('name', ' ', ['first', 'last'])],
    down: [step.rename('amount', 'total'), step.join(['first', 'last'], ' ', 'name'), step.remove('currency')],
  },
);

const orderPaid = eventType('order.paid').generation(1, schema<{ amount: number }>({ type: 'object' }));

describe('event types', () => {
  it('are registered once: the same again changes nothing', async () => {
    const registered = await annals.eventTypes.register(orderPlaced, orderPaid);
    expect(registered).toMatchObject([
      { type: 'order.placed', latestGeneration: 2, unchanged: false },
      { type: 'order.paid', latestGeneration: 1, unchanged: false },
    ]);
    expect(registered[0]?.changes.join('\n')).toContain('generation 2 is new');
    expect(await annals.eventTypes.register(orderPlaced, orderPaid)).toMatchObject([
      { unchanged: true, changes: [] },
      { unchanged: true, changes: [] },
    ]);
    const { definition, latestGeneration, changed } = await annals.eventTypes.get('order.placed');
    expect(definition).toEqual(orderPlaced.definition);
    expect(latestGeneration).toBe(2);
    expect(changed?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect((await annals.eventTypes.list()).map(({ definition: { type } }) => type).toSorted()).toEqual([
      'order.paid',
      'order.placed',
    ]);
  });

  it('are registered all or none, and a dry run registers nothing', async () => {
    const broken = { type: 'broken', generations: [{ generation: 1, schema: { type: 'objekt' } }] };
    expect(await failureOf(annals.eventTypes.register(orderPaid, broken))).toMatchObject({
      code: 'INVALID_SCHEMA',
      field: expect.stringMatching(/^types\[1\]/),
    });
    expect(await annals.eventTypes.registerAll([orderPaid], { dryRun: true })).toMatchObject([{ unchanged: false }]);
    expect(await annals.eventTypes.list()).toEqual([]);
    expect(await failureOf(annals.eventTypes.get('order.paid'))).toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
  });

  it('a generation that is registered cannot become narrower', async () => {
    await annals.eventTypes.register(first);
    const narrower = eventType('order.placed').generation(1, { type: 'object', required: ['total', 'name', 'shop'] });
    expect(await failureOf(annals.eventTypes.register(narrower))).toMatchObject({ code: 'INCOMPATIBLE_SCHEMA' });
    expect((await annals.eventTypes.get('order.placed')).definition).toEqual(first.definition);
  });

  it('are watched: all of them first, then what changes, over a connection that is cut', async () => {
    await annals.eventTypes.register(orderPaid);
    await using watcher = connect(`annals://${wire.address}/${store}`);
    const leaving = new AbortController();
    const told: EventTypeInfo[][] = [];
    const names = (): string[] =>
      told.flat().map(({ definition: { type }, latestGeneration }) => `${type} ${latestGeneration}`);
    const watching = (async () => {
      for await (const types of watcher.eventTypes.watch({ signal: leaving.signal })) told.push([...types]);
    })();
    watching.catch(() => undefined);
    await awaitFact('what is registered is told', () => names().includes('order.paid 1'), {
      instead: () => names().join(),
    });
    await annals.eventTypes.register(first);
    await awaitFact('what comes is told', () => names().at(-1) === 'order.placed 1', { instead: () => names().join() });
    wire.cut();
    await annals.eventTypes.register(orderPlaced);
    await awaitFact('what came meanwhile is told', () => names().includes('order.placed 2'), {
      instead: () => names().join(),
    });
    leaving.abort();
    await expect(watching).rejects.toMatchObject({ code: 'CANCELLED' });
    const [observed] = await firstValueFrom(annals.eventTypes.watch$());
    expect(observed).toBeDefined();
  });

  it('refuse content that does not fit, each event with all that stands against it', async () => {
    await annals.eventTypes.register(orderPlaced);
    const refused = await failureOf(
      annals.eventLog.append([
        // What a program without types may send.
        {
          type: 'order.placed',
          eventSourceId: 'a',
          content: { amount: 'much', currency: 'GBP', first: 'A', last: 'B' },
        },
        orderPlaced.event('b', { amount: 1, currency: 'EUR', first: 'Ada', last: 'Lovelace' }),
        { type: 'order.placed', eventSourceId: 'c', content: {} },
      ]),
    );
    expect(refused).toBeInstanceOf(AppendRefusedError);
    const { violations } = refused as AppendRefusedError;
    expect(new Set(violations.map(({ code }) => code))).toEqual(new Set(['SCHEMA_VIOLATION']));
    const fields = violations.map(({ field }) => field);
    expect(fields).toContain('events[0].content.amount');
    expect(fields).toContain('events[0].content.currency');
    expect(fields.some((field) => field.startsWith('events[2].content'))).toBe(true);
    expect(fields.some((field) => field.startsWith('events[1]'))).toBe(false);
    for (const { message } of violations) expect(refused.message).toContain(message);
    expect(await annals.eventLog.tail()).toBeUndefined();
  });

  it('tell what a migration does, to content, to events, and before it is registered', async () => {
    await annals.eventTypes.register(first);
    await annals.eventLog.append([
      first.event('a', { total: 1, name: 'Ada Lovelace' }),
      first.event('b', { total: 2, name: 'Grace' }),
    ]);
    const content = { total: 42, name: 'Ada Lovelace' };
    expect(await annals.eventTypes.previewMigration({ type: orderPlaced, from: 1, to: 2, content })).toEqual([
      {
        sequenceNumber: undefined,
        before: content,
        after: { amount: 42, currency: 'EUR', first: 'Ada', last: 'Lovelace' },
        faults: [],
      },
    ]);
    // Not everybody has a last name: as it would be with this schema, and nothing is registered.
    const strict = first.generation(
      2,
      { type: 'object', required: ['last'] },
      { up: [step.split('name', ' ', ['f', 'last'])], down: [] },
    );
    const previews = await annals.eventTypes.previewMigration({ type: strict, from: 1, to: 2, lastEvents: 10 });
    const byNumber = new Map(previews.map((preview) => [preview.sequenceNumber, preview]));
    expect([...byNumber.keys()].toSorted()).toEqual([0, 1]);
    expect(byNumber.get(0)).toMatchObject({ after: { f: 'Ada', last: 'Lovelace' }, faults: [] });
    expect(byNumber.get(1)?.faults).toEqual([expect.stringContaining('last')]);
    expect(await failureOf(annals.eventTypes.register(strict))).toMatchObject({ code: 'INVALID_MIGRATION' });
    await annals.eventTypes.register(orderPlaced);
    const down = { amount: 42, currency: 'USD', first: 'Ada', last: 'Lovelace' };
    const [back] = await annals.eventTypes.previewMigration({ type: 'order.placed', from: 2, to: 1, content: down });
    expect(back?.after).toEqual(content);
  });

  it('lets programs of several generations write and read beside each other', async () => {
    await annals.eventTypes.register(orderPlaced, orderPaid);
    const old = orderPlaced.inGeneration(1);
    await annals.eventLog.append([
      old.event('order-1', { total: 42, name: 'Ada Lovelace' }),
      orderPlaced.event('order-2', { amount: 7, currency: 'USD', first: 'Grace', last: 'Hopper' }),
      orderPaid.event('order-1', { amount: 42 }),
    ]);
    const totals: number[] = [];
    for await (const event of annals.eventLog.read({ generations: generationsOf(old) })) {
      if (old.is(event)) totals.push(event.content.total);
    }
    expect(totals).toEqual([42, 7]);

    const seen: string[] = [];
    const observation = annals.observe<ContentsOf<typeof orderPlaced | typeof orderPaid>>('both', {
      generations: generationsOf(orderPlaced, orderPaid),
      partitionBy: 'whole',
      on: {
        'order.placed': ({ content }) => void seen.push(`${content.first} ${content.amount} ${content.currency}`),
        'order.paid': ({ content }) => void seen.push(`paid ${content.amount}`),
      },
    });
    await observation.registered;
    await annals.observers.waitFor('both', 2);
    expect(seen).toEqual(['Ada 42 EUR', 'Grace 7 USD', 'paid 42']);
    await observation.stop();
  });

  it('a store that is strict refuses what is not registered, until it no longer is', async () => {
    await annals.eventTypes.register(orderPaid);
    expect(await annals.stores.configure(store, { strict: true })).toMatchObject({ name: store, strict: true });
    const stranger = { type: 'order.lost', eventSourceId: 'a', content: {} };
    expect(await failureOf(annals.eventLog.append(stranger))).toMatchObject({
      code: 'UNREGISTERED_TYPE',
      violations: [{ code: 'UNREGISTERED_TYPE' }],
    });
    await annals.eventLog.append(orderPaid.event('a', { amount: 1 }));
    expect(await annals.stores.list()).toContainEqual(expect.objectContaining({ name: store, strict: true }));
    await annals.stores.configure(store, { strict: false });
    await annals.eventLog.append(stranger);
    expect(await annals.eventLog.tail()).toBe(1);
  });

  it('missing generations are written by a job that tells how far it is', async () => {
    await annals.eventTypes.register(first);
    await annals.eventLog.append(
      Array.from({ length: 50 }, (_, n) => first.event(`order-${n}`, { total: n, name: 'Ada Lovelace' })),
    );
    await annals.eventTypes.register(orderPlaced);
    const told: JobInfo[] = [];
    const job = await annals.eventTypes.writeGenerations({ type: 'order.placed' });
    const done = await within(20_000, 'the job is done', job.done({ onProgress: (info) => told.push(info) }));
    expect(done).toMatchObject({
      state: 'succeeded',
      kind: 'write-generations',
      subject: 'order.placed',
      findings: [],
    });
    expect(done.ended).toBeInstanceOf(Date);
    expect(told.at(-1)).toEqual(done);
    expect(await annals.jobs.get(job.id)).toMatchObject({ id: job.id, state: 'succeeded' });
    expect((await annals.jobs.list()).map(({ id }) => id)).toContain(job.id);
    // Watching one that has ended tells it once, and ends.
    expect((await all(annals.jobs.watch(job.id))).map(({ state }) => state)).toEqual(['succeeded']);
    expect(await failureOf(annals.jobs.get('no-such-job'))).toMatchObject({ code: 'UNKNOWN_JOB' });
    expect(await failureOf(annals.jobs.done('no-such-job'))).toMatchObject({ code: 'UNKNOWN_JOB' });
  });
});

describe('a compensation', () => {
  const placed = (total: number, name = 'Ada Lovelace') => first.event('order-1', { total, name });

  it('replaces content and leaves the original, once however often it is sent', async () => {
    await annals.eventTypes.register(first);
    const { eventIds } = await annals.eventLog.append(placed(42));
    const compensation = {
      content: { total: 41, name: 'Ada Lovelace' },
      reason: 'a typing error',
      compensationId: 'ticket-77',
      type: 'order.placed',
      causedBy: 'ada',
    };
    const done = await annals.eventLog.compensate({ sequenceNumber: 0 }, compensation);
    expect(done).toMatchObject({ sequenceNumber: 1, compensationId: 'ticket-77', duplicate: false });
    expect(done.recorded).toBeInstanceOf(Date);
    // The same by its event id: it is the same event.
    const again = await annals.eventLog.compensate({ eventId: eventIds[0] ?? '' }, compensation);
    expect(again).toEqual({ ...done, duplicate: true });
    const original: RecordedEvent<{ total: number }> = await annals.eventLog.get({ sequenceNumber: 0 });
    expect(original.content.total).toBe(42);
    const second = await annals.eventLog.compensate(
      { sequenceNumber: 0 },
      { json: '{"total":40,"name":"Ada Lovelace"}', reason: 'another one' },
    );
    expect(second).toMatchObject({ sequenceNumber: 2, duplicate: false });
    expect(second.compensationId).not.toBe('');
  });

  it('is refused like an append, with everything that stands against it', async () => {
    await annals.eventTypes.register(first);
    await annals.eventLog.append(placed(42));
    const wrong = annals.eventLog.compensate({ sequenceNumber: 0 }, { content: { total: 'x' }, reason: 'r' });
    const refused = await failureOf(wrong);
    expect(refused).toBeInstanceOf(AppendRefusedError);
    expect((refused as AppendRefusedError).violations.map(({ field }) => field)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^content/)]),
    );
    const content = { total: 1, name: 'A B' };
    const another = annals.eventLog.compensate({ sequenceNumber: 0 }, { content, reason: 'r', type: 'order.paid' });
    expect((await failureOf(another)).code).toBe('ANOTHER_TYPE');
    const none = annals.eventLog.compensate({ sequenceNumber: 7 }, { content, reason: 'r' });
    expect((await failureOf(none)).code).toBe('EVENT_NOT_FOUND');
    const why = annals.eventLog.compensate({ sequenceNumber: 0 }, { content, reason: '' });
    expect(await failureOf(why)).toMatchObject({ code: 'INVALID_FIELD', field: 'reason' });
    expect(await annals.eventLog.tail()).toBe(0);
  });
});

describe('a redaction', () => {
  it('says what it will do, does it, and finds it done the next time', async () => {
    const event = (source: string) => ({ type: 'customer.moved', eventSourceId: source, content: { to: 'Berlin' } });
    await annals.eventLog.append([event('ada'), event('ada'), event('grace')]);
    const what = { type: 'customer.moved', eventSourceId: 'ada' };
    expect(await annals.eventLog.redact(what, { reason: 'erasure request 12', dryRun: true })).toEqual({
      redacted: 2,
      alreadyRedacted: 0,
      lastSequenceNumber: undefined,
    });
    expect((await annals.eventLog.get({ sequenceNumber: 0 })).content).toEqual({ to: 'Berlin' });
    expect(await annals.eventLog.redact({ sequenceNumber: 0 }, { reason: 'erasure request 12' })).toEqual({
      redacted: 1,
      alreadyRedacted: 0,
      lastSequenceNumber: 3,
    });
    expect(await annals.eventLog.redact(what, { reason: 'erasure request 12' })).toEqual({
      redacted: 1,
      alreadyRedacted: 1,
      lastSequenceNumber: 4,
    });
    for (const sequenceNumber of [0, 1]) {
      expect((await annals.eventLog.get({ sequenceNumber })).content).toEqual({});
    }
    expect((await annals.eventLog.get({ sequenceNumber: 2 })).content).toEqual({ to: 'Berlin' });
    const late = annals.eventLog.compensate({ sequenceNumber: 0 }, { content: {}, reason: 'r' });
    expect((await failureOf(late)).code).toBe('EVENT_REDACTED');
  });
});

describe('a constraint', () => {
  const numbers = constraint('order-numbers').unique('order.placed', 'number').ignoringCase().releasedBy('order.gone');
  const order = (source: string, number: unknown, type = 'order.placed') => ({
    type,
    eventSourceId: source,
    content: { number },
  });

  it('is in force when registering returns, and the same again changes nothing', async () => {
    await annals.stores.ensure(store, { namespaces: ['acme'] });
    const told: JobInfo[] = [];
    const { constraint: registered, unchanged } = await annals.constraints.register(numbers, {
      onProgress: (job) => told.push(job),
    });
    expect(unchanged).toBe(false);
    expect(registered.definition).toMatchObject({ name: 'order-numbers', uniqueValue: { ignoreCase: true } });
    expect(registered.namespaces.map(({ namespace, state }) => `${namespace} ${state}`).toSorted()).toEqual([
      'acme in-force',
      'default in-force',
    ]);
    expect(told.some(({ state }) => state === 'succeeded')).toBe(true);
    expect(await annals.constraints.register(numbers)).toMatchObject({ unchanged: true, jobs: [] });
  });

  it('refuses the second holder and names the first, until it is released', async () => {
    await annals.constraints.register(numbers);
    await annals.eventLog.append(order('a', 'N-1'));
    const refused = await failureOf(annals.eventLog.append([order('b', 'n-1'), order('c', 'N-2')]));
    expect(refused).toBeInstanceOf(AppendRefusedError);
    const { violations } = refused as AppendRefusedError;
    const held = await annals.eventLog.tail({ types: ['order.placed'] });
    expect(violations).toMatchObject([
      {
        code: 'CONSTRAINT_VIOLATION',
        field: expect.stringMatching(/^events\[0\]/),
        sequenceNumber: held,
        metadata: { constraint: 'order-numbers', property: 'number' },
      },
    ]);
    await annals.eventLog.append(order('a', undefined, 'order.gone'));
    await annals.eventLog.append(order('b', 'n-1'));
    const [listed] = await annals.constraints.list();
    expect(listed?.namespaces).toMatchObject([{ namespace: 'default', state: 'in-force', claims: 1 }]);
  });

  it('that does not hold is refused with the events that break it, and can be had without waiting', async () => {
    await annals.eventLog.append([order('a', 1), order('b', 2), order('c', 1)]);
    const refused = await failureOf(annals.constraints.register(numbers));
    expect(refused).toBeInstanceOf(ConstraintRefusedError);
    const { findings, jobs, constraint: name } = refused as ConstraintRefusedError;
    expect(name).toBe('order-numbers');
    expect(findings.flatMap(({ sequenceNumbers }) => sequenceNumbers)).toEqual(expect.arrayContaining([2]));
    expect(jobs).toMatchObject([{ state: 'failed', namespace: 'default' }]);
    expect(refused.message).toContain(findings[0]?.message);
    expect((await annals.constraints.list())[0]?.namespaces).toMatchObject([{ state: 'refused' }]);
    // Not in force: a third one comes in.
    await annals.eventLog.append(order('d', 1));
    const {
      jobs: [job],
    } = await annals.constraints.register(numbers, { wait: false });
    expect(job).toBeDefined();
    expect(await failureOf(job!.done())).toBeInstanceOf(JobFailedError);
  });

  it('is removed, and then holds nobody', async () => {
    await annals.constraints.register(numbers);
    await annals.eventLog.append(order('a', 1));
    expect(await annals.constraints.remove('order-numbers')).toBe(true);
    expect(await annals.constraints.remove('order-numbers')).toBe(false);
    await annals.eventLog.append(order('b', 1));
    expect(await annals.constraints.list()).toEqual([]);
  });

  it('one event of a type for each source', async () => {
    await annals.constraints.register(constraint('one-opening').oncePerSource('opened').releasedBy('closed'));
    const event = (type: string, source = 'a') => ({ type, eventSourceId: source, content: {} });
    await annals.eventLog.append([event('opened'), event('opened', 'b')]);
    expect((await failureOf(annals.eventLog.append(event('opened')))).code).toBe('CONSTRAINT_VIOLATION');
    await annals.eventLog.append(event('closed'));
    await annals.eventLog.append(event('opened'));
  });
});
