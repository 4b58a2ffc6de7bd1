/**
 * The TypeScript client against a real server, over a wire that is cut: appends are recorded once
 * and none is lost, reads and subscriptions go on from where they were, and errors have their types.
 */
import { bufferCount, concatMap, from, lastValueFrom, take, toArray } from 'rxjs';
import {
  AnnalsError,
  AppendRefusedError,
  connect,
  type Annals,
  type EventSequence,
  type RecordedEvent,
} from '../src/client';
import { awaitFact, within } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy';

let database: ReplicaSet;
let served: ServedHere;
let wire: TcpProxy;
/** Through the wire that is cut. */
let annals: Annals;
/** Beside it. */
let direct: Annals;

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

beforeEach(() => {
  annals = connect(`annals://${wire.address}/default`);
  direct = connect(`annals://${served.server.address}/default`);
});
afterEach(async () => {
  wire.refuseNew(false);
  wire.release();
  await Promise.all([annals.close(), direct.close()]);
});

let sequences = 0;
/** A sequence of the test's own, seen through either way. */
function freshSequence(): { cut: EventSequence; straight: EventSequence } {
  const name = `client-${++sequences}`;
  return { cut: annals.sequence(name), straight: direct.sequence(name) };
}

const event = (n = 0) => ({ type: 'Counted', eventSourceId: `source-${n % 7}`, content: { n } });
const numbersTo = (count: number) => Array.from({ length: count }, (_, n) => n);

async function fill(sequence: EventSequence, count: number): Promise<void> {
  const BATCH = 1000;
  for (let n = 0; n < count; n += BATCH) {
    await sequence.append(numbersTo(Math.min(BATCH, count - n)).map((i) => event(n + i)));
  }
}

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

const failureOf = async (promise: Promise<unknown>): Promise<AnnalsError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('append', () => {
  it('gives back what read finds: numbers, ids, and content as it was', async () => {
    const { cut } = freshSequence();
    const content = {
      text: 'Grüße 𝄞',
      nested: { list: [1, null, true] },
      at: new Date(1_700_000_000_000),
      big: 2n ** 60n,
    };
    const result = await cut.append({
      type: 'OrderPlaced',
      eventSourceId: 'order-1',
      content,
      tags: ['eu', 'vip'],
      correlationId: 'c-1',
      causationId: 'e-0',
      causedBy: 'me',
      occurred: new Date(1_600_000_000_000),
      validFrom: new Date(1_500_000_000_000),
    });
    expect(result).toMatchObject({ firstSequenceNumber: 0, lastSequenceNumber: 0, duplicate: false });
    const [read] = await all(cut.read());
    expect(read).toMatchObject({
      sequenceNumber: 0,
      eventId: result.eventIds[0],
      type: 'OrderPlaced',
      generation: 1,
      eventSourceId: 'order-1',
      tags: ['eu', 'vip'],
      correlationId: 'c-1',
      causationId: 'e-0',
      causedBy: 'me',
      occurred: new Date(1_600_000_000_000),
      recorded: result.recorded,
      validFrom: new Date(1_500_000_000_000),
      contentType: 'bson',
      origin: undefined,
    });
    expect(read?.content).toEqual(content);
    expect(read?.content).toBe(read?.content);
  });

  it('JSON text travels as it stands, and comes as JSON when asked', async () => {
    const { cut } = freshSequence();
    await cut.append({ type: 'A', eventSourceId: 's', json: '{"z":1,"a":[1.5,"x"]}' });
    const [read] = await all(cut.read<{ z: number }>({ as: 'json' }));
    expect(read?.contentBytes.toString()).toBe('{"z":1,"a":[1.5,"x"]}');
    expect(read?.content.z).toBe(1);
    expect(JSON.parse(JSON.stringify(read))).toMatchObject({ sequenceNumber: 0, content: { z: 1, a: [1.5, 'x'] } });
  });

  it('an append with an expectation that another one won is refused, with every violation', async () => {
    const { cut } = freshSequence();
    const once = { expect: { source: 'source-0' } };
    await cut.append(event(), once);
    const error = await failureOf(cut.append(event(), once));
    expect(error).toBeInstanceOf(AppendRefusedError);
    expect(error).toMatchObject({
      code: 'CONCURRENCY_CONFLICT',
      violations: [{ code: 'CONCURRENCY_CONFLICT', field: 'expectations[0]', sequenceNumber: 0 }],
    });
    await cut.append(event(), { expect: [{ source: 'source-0', lastSeen: 0 }] });
    expect(await cut.tail()).toBe(1);
  });

  it('a call over a limit of the server is refused by itself, and those that travel with it are recorded', async () => {
    const { cut } = freshSequence();
    const [bad, good] = await Promise.allSettled([
      cut.append({ ...event(), type: 'x'.repeat(201) }),
      cut.append(event()),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_FIELD', field: 'events[0].type' } });
    expect(good.status).toBe('fulfilled');
  });

  it('an unknown store is a typed error for every call', async () => {
    const elsewhere = connect(`annals://${served.server.address}/nowhere`);
    const { eventLog } = elsewhere;
    const calls = [
      eventLog.append(event()),
      all(eventLog.read()),
      all(eventLog.subscribe()),
      eventLog.tail(),
      elsewhere.listSequences(),
    ];
    const codes = await Promise.all(calls.map(async (call) => (await failureOf(call)).code));
    expect(codes).toEqual(calls.map(() => 'UNKNOWN_STORE'));
    await elsewhere.close();
  });
});

describe('a connection that is lost in the middle of appends', () => {
  it('loses none of thousands and records none twice, however often it is cut', async () => {
    const COUNT = 4_000;
    const IN_FLIGHT = 200;
    const CUT_EVERY = 400;
    const { cut, straight } = freshSequence();
    let sent = 0;
    let answered = 0;
    let cuts = 0;
    const told = new Map<string, number>();
    const worker = async () => {
      while (sent < COUNT) {
        const { eventIds, firstSequenceNumber } = await cut.append(event(sent++));
        told.set(eventIds[0] ?? '', firstSequenceNumber);
        if (++answered % CUT_EVERY === 0) {
          cuts++;
          wire.cut();
        }
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    expect(cuts).toBeGreaterThan(5);
    const log = await all(straight.read());
    expect(log.map(({ sequenceNumber }) => sequenceNumber)).toEqual(numbersTo(COUNT));
    expect(new Map(log.map(({ eventId, sequenceNumber }) => [eventId, sequenceNumber]))).toEqual(told);
    expect(log.map(({ content }) => Number(content['n'])).sort((a, b) => a - b)).toEqual(numbersTo(COUNT));
  });

  it('an append whose answer is lost is answered as a duplicate, also under an expectation that it broke itself', async () => {
    const { cut, straight } = freshSequence();
    await cut.append(event());
    wire.hold('answers');
    const appending = cut.append(event(1), { expect: { lastSeen: 0 } });
    await awaitFact('the append is recorded', async () => (await straight.tail()) === 1);
    wire.release();
    wire.cut();
    // Released and cut at once: either the answer came through, or the append was asked for again.
    expect(await appending).toMatchObject({ firstSequenceNumber: 1 });
    expect(await straight.tail()).toBe(1);
  });

  it('an answer that is held back until the connection is cut makes the append a known one', async () => {
    const { cut, straight } = freshSequence();
    await cut.append(event());
    wire.hold('answers');
    const appending = cut.append(event(1), { expect: { lastSeen: 0 } });
    await awaitFact('the append is recorded', async () => (await straight.tail()) === 1);
    wire.cut();
    wire.release();
    expect(await appending).toMatchObject({ firstSequenceNumber: 1, duplicate: true });
  });

  it('OUTCOME_UNKNOWN when time is up after it was sent; the same id sent again resolves it', async () => {
    const { cut, straight } = freshSequence();
    await cut.append(event());
    wire.hold('answers');
    const mine = { ...event(1), eventId: 'mine' };
    expect(await failureOf(cut.append(mine, { timeoutMs: 300 }))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await straight.append(mine)).firstSequenceNumber).toBe(1);
    expect(await straight.tail()).toBe(1);
  });

  it('SERVER_UNREACHABLE when it was never sent', async () => {
    wire.refuseNew(true);
    const { cut } = freshSequence();
    expect(await failureOf(cut.append(event(), { timeoutMs: 300 }))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(await failureOf(cut.tail({}, { timeoutMs: 300 }))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(await failureOf(all(cut.read({ timeoutMs: 300 })))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  it('a call finds the next host of the connection string when the first takes nobody in', async () => {
    wire.refuseNew(true);
    const two = connect(`annals://${wire.address},${served.server.address}/default`);
    expect(await two.eventLog.append(event())).toMatchObject({ duplicate: false });
    await two.close();
  });
});

describe('read', () => {
  const COUNT = 10_000;
  let cut: EventSequence;
  let name: string;
  beforeAll(async () => {
    name = 'client-read';
    const filling = connect(`annals://${served.server.address}/default`);
    await fill(filling.sequence(name), COUNT);
    await filling.close();
  });
  beforeEach(() => (cut = annals.sequence(name)));

  it('a range, a limit, backwards, and filters', async () => {
    const numbers = async (options: Parameters<EventSequence['read']>[0]) =>
      (await all(cut.read(options))).map(({ sequenceNumber }) => sequenceNumber);
    expect(await numbers({ from: 10, to: 12 })).toEqual([10, 11, 12]);
    expect(await numbers({ backwards: true, limit: 2 })).toEqual([COUNT - 1, COUNT - 2]);
    expect(await numbers({ eventSourceIds: ['source-3'], limit: 3 })).toEqual([3, 10, 17]);
    expect(
      await numbers({ filters: [{ eventSourceIds: ['source-1'] }, { eventSourceIds: ['source-2'] }], limit: 3 }),
    ).toEqual([1, 2, 8]);
    expect(await numbers({ types: ['Never'] })).toEqual([]);
    expect(await cut.tail({ eventSourceIds: ['source-3'] })).toBe(9_999 - ((9_999 - 3) % 7));
  });

  it.each([
    ['forwards', {}],
    ['backwards', { backwards: true }],
    ['with a limit', { limit: 9_500 }],
    ['filtered', { eventSourceIds: ['source-1', 'source-4'] }],
  ])('goes on after the connection was cut, %s: no gap, nothing twice', async (_how, options) => {
    const expected = await all(direct.sequence(name).read(options));
    const read: RecordedEvent[] = [];
    let batches = 0;
    for await (const batch of cut.read(options).batches()) {
      read.push(...batch);
      if (++batches <= 2) wire.cut();
    }
    expect(read.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      expected.map(({ sequenceNumber }) => sequenceNumber),
    );
  });

  it('leaving the loop ends the call, and the client goes on', async () => {
    for await (const { sequenceNumber } of cut.read()) if (sequenceNumber === 5) break;
    expect((await all(cut.read({ to: 3 }))).length).toBe(4);
  });

  it('a result can be read again, from the beginning', async () => {
    const result = cut.read({ to: 2 });
    expect(await all(result)).toEqual(await all(result));
  });

  it('get finds one event by number and by id, and says when there is none', async () => {
    const byNumber = await cut.get({ sequenceNumber: 42 });
    expect(byNumber.content).toEqual({ n: 42 });
    expect(await cut.get({ eventId: byNumber.eventId })).toEqual(byNumber);
    expect(await failureOf(cut.get({ eventId: 'nobody' }))).toMatchObject({
      code: 'EVENT_NOT_FOUND',
      field: 'event_id',
    });
  });

  it('as an Observable: to its end, or until the subscriber has enough', async () => {
    expect(await lastValueFrom(cut.read$({ to: 99 }).pipe(bufferCount(100)))).toHaveLength(100);
    const some = await lastValueFrom(cut.read$().pipe(take(3), toArray()));
    expect(some.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 2]);
    const slow = cut.read$({ limit: 50 }).pipe(
      concatMap((one) => from(Promise.resolve(one.sequenceNumber))),
      toArray(),
    );
    expect(await lastValueFrom(slow)).toEqual(numbersTo(50));
  });
});

describe('subscribe', () => {
  it('catches up, goes live, and tells so between the right events', async () => {
    const { cut } = freshSequence();
    await fill(cut, 3);
    const told: (string | number)[] = [];
    const subscription = cut.subscribe({ onStateChange: (state) => told.push(state) });
    const following = (async () => {
      for await (const { sequenceNumber } of subscription) {
        told.push(sequenceNumber);
        if (sequenceNumber === 4) break;
      }
    })();
    await awaitFact('it is live', () => told.includes('live'));
    await cut.append([event(), event()]);
    await following;
    expect(told).toEqual([0, 1, 2, 'live', 3, 4]);
    expect(subscription.position).toBe(5);
  });

  it('goes on after the connection was cut, again and again, while events are recorded: no gap, nothing twice', async () => {
    const COUNT = 3_000;
    const { cut, straight } = freshSequence();
    await fill(straight, COUNT / 2);
    const states: string[] = [];
    const seen: number[] = [];
    const following = (async () => {
      for await (const { sequenceNumber } of cut.subscribe({ onStateChange: (state) => states.push(state) })) {
        seen.push(sequenceNumber);
        if (seen.length % 500 === 0) wire.cut();
        if (seen.length === COUNT) break;
      }
    })();
    for (let n = 0; n < COUNT / 2; n += 50) await straight.append(numbersTo(50).map(event));
    await following;
    expect(seen).toEqual(numbersTo(COUNT));
    expect(states).toContain('reconnecting');
  });

  it('outlives a server that is away for longer than any call', async () => {
    const { cut, straight } = freshSequence();
    const states: string[] = [];
    const seen: number[] = [];
    const following = (async () => {
      for await (const { sequenceNumber } of cut.subscribe({ onStateChange: (state) => states.push(state) })) {
        seen.push(sequenceNumber);
        if (seen.length === 2) break;
      }
    })();
    await straight.append(event());
    await awaitFact('the first event', () => seen.length === 1);
    wire.refuseNew(true);
    wire.cut();
    await awaitFact('it notices', () => states.includes('reconnecting'));
    await straight.append(event());
    wire.refuseNew(false);
    await following;
    expect(seen).toEqual([0, 1]);
  });

  it('to what is new only: nothing from before, and nothing left out after it began', async () => {
    const { cut, straight } = freshSequence();
    await fill(straight, 5);
    const states: string[] = [];
    const subscription = cut.subscribe({ onlyNew: true, onStateChange: (state) => states.push(state) });
    const first = subscription[Symbol.asyncIterator]().next();
    await awaitFact('it is live', () => states.includes('live'));
    expect(subscription.position).toBe(5);
    wire.cut();
    await straight.append(event());
    expect((await first).value?.sequenceNumber).toBe(5);
  });

  it('iterated again it goes on from where the loop was left', async () => {
    const { cut } = freshSequence();
    await fill(cut, 10);
    const subscription = cut.subscribe();
    const seen: number[] = [];
    for (const until of [3, 6, 9]) {
      for await (const { sequenceNumber } of subscription) {
        seen.push(sequenceNumber);
        if (sequenceNumber === until) break;
      }
      expect(subscription.position).toBe(until + 1);
    }
    expect(seen).toEqual(numbersTo(10));
  });

  it('in batches: a batch counts as handed out when it is given', async () => {
    const { cut } = freshSequence();
    await fill(cut, 10);
    const subscription = cut.subscribe();
    for await (const batch of subscription.batches()) {
      expect(batch[0]?.sequenceNumber).toBe(0);
      expect(subscription.position).toBe((batch.at(-1)?.sequenceNumber ?? 0) + 1);
      break;
    }
    const handedOut = subscription.position;
    await cut.append(event());
    for await (const [first] of subscription.batches()) {
      expect(first?.sequenceNumber).toBe(handedOut);
      break;
    }
  });

  it('as an Observable it follows until the subscriber leaves', async () => {
    const { cut } = freshSequence();
    const seen: number[] = [];
    const following = cut.subscribe$().subscribe((one) => seen.push(one.sequenceNumber));
    await fill(cut, 3);
    await awaitFact('three events', () => seen.length === 3);
    following.unsubscribe();
    await fill(cut, 1);
    expect(seen).toEqual([0, 1, 2]);
  });
});

describe('ending', () => {
  const SOON_MS = 2_000;

  it('aborting ends a waiting subscription, read, append and call with CANCELLED at once', async () => {
    const { cut } = freshSequence();
    await cut.append(event());
    wire.hold('answers');
    const stop = new AbortController();
    const { signal } = stop;
    const waiting = [
      cut.append(event(), { signal }),
      cut.tail({}, { signal }),
      all(cut.read({ signal })),
      all(cut.subscribe({ signal })),
    ];
    const codes = Promise.all(waiting.map(async (call) => (await failureOf(call)).code));
    await awaitFact('they are on their way', () => wire.heldBytes('answers') > 0);
    stop.abort();
    expect(await within(SOON_MS, 'all of them end', codes)).toEqual(waiting.map(() => 'CANCELLED'));
  });

  it('returning from a subscription that waits ends it at once', async () => {
    const { cut } = freshSequence();
    const iterator = cut.subscribe()[Symbol.asyncIterator]();
    const next = iterator.next();
    await within(SOON_MS, 'it returns', Promise.resolve(iterator.return?.()));
    expect((await next).done).toBe(true);
  });

  it('closing waits for appends, ends subscriptions with CLIENT_CLOSED, and takes nothing after', async () => {
    const { cut, straight } = freshSequence();
    const following = failureOf(all(cut.subscribe()));
    const appends = numbersTo(100).map((n) => cut.append(event(n)));
    await annals.close();
    expect((await Promise.all(appends)).length).toBe(100);
    expect(await straight.tail()).toBe(99);
    expect(await within(SOON_MS, 'the subscription ends', following)).toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(await failureOf(cut.append(event()))).toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(await failureOf(annals.listSequences())).toMatchObject({ code: 'CLIENT_CLOSED' });
    expect(() => cut.read()).toThrow(expect.objectContaining({ code: 'CLIENT_CLOSED' }));
    await annals.close();
  });

  it('a client that was never used closes', async () => {
    await within(SOON_MS, 'it closes', connect('annals://127.0.0.1:9/default').close());
  });
});

describe('what is rarely asked', () => {
  it('stores are made once, listed, and then there', async () => {
    expect(await direct.stores.ensure('client-store', { namespaces: ['acme'] })).toMatchObject({ created: true });
    expect(await direct.stores.ensure('client-store', { namespaces: ['acme'] })).toMatchObject({
      created: false,
      store: { name: 'client-store', namespaces: expect.arrayContaining(['default', 'acme']) },
    });
    expect((await direct.stores.list()).map(({ name }) => name)).toContain('client-store');
    const acme = connect(`annals://${served.server.address}/client-store?namespace=acme`);
    expect(await acme.eventLog.append(event())).toMatchObject({ firstSequenceNumber: 0 });
    expect(await acme.listSequences()).toContainEqual({ name: 'event-log', tail: 0 });
    await acme.close();
  });

  it('the server tells what it is and how it is doing', async () => {
    const info = await direct.server.info();
    expect(info).toMatchObject({ address: served.server.address, mongodbEmbedded: false });
    expect(info.started.getTime()).toBeLessThanOrEqual(Date.now());
    expect(info.memoryBytes).toBeGreaterThan(0);
    const { findings, now } = await direct.server.diagnose();
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'mongodb', health: 'ok' }));
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('names outside the rule are refused before anything is sent', () => {
    expect(() => direct.sequence('No Name')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });
});
