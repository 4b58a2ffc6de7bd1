/**
 * Guarantee 7, for observers: one receives exactly the events after its offset that match its filter, in order within
 * each partition, with no gap over catch-up, live, slow, disconnected, and a server killed. Delivery is at least once;
 * what comes again is flagged.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { PersistentObserver } from './support/persistent-observer';
import { event, events, freshSequence, json, range, RawClient, type SequenceRef } from './support/raw-client';
import { handled, RawObserver, sayNothing } from './support/raw-observer';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

/** Events of several sources, in batches, in an order that mixes them. */
async function fill(sequence: SequenceRef, count: number, sources = 10, client = servers.a): Promise<void> {
  const batch = 500;
  for (let at = 0; at < count; at += batch) {
    const list = range(at, Math.min(batch, count - at)).map((i) =>
      event({
        eventSourceId: `source-${i % sources}`,
        type: `type-${i % 3}`,
        content: json({ i, customer: { id: i % 7 } }),
      }),
    );
    await client.appended({ sequence, events: list });
  }
}

const through = ({ client }: ObserverCalls): string => client.address;

describe('catch-up and live', () => {
  it('what was recorded before and what is recorded later is delivered once, in order within each partition', async () => {
    const sequence = freshSequence();
    await fill(sequence, 3_000);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const book: ObservationRecord[] = [];
    const observer = new RawObserver(through(calls), registration(calls.id, sequence), { book });
    await calls.awaitPosition(0);
    // Appends through both servers while it catches up and once it is live.
    for (const i of range(0, 40)) {
      await servers.either(i).appended({ sequence, events: events(3, { eventSourceId: `source-${i % 10}` }) });
      if (i % 10 === 0) await calls.writePositionDown(book);
    }
    await calls.awaitPosition(3_120);
    await calls.writePositionDown(book);
    expect(checkObservations(book, await expectedOf(servers.a, sequence))).toEqual([]);
    expect(observer.deliveries.filter(({ redelivery, replay }) => redelivery || replay)).toEqual([]);
    expect(observer.deliveries.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(new Set(observer.numbers).size).toBe(3_120);
    observer.end();
  });

  it('a delivery tells its events whole, as a subscription does', async () => {
    const sequence = freshSequence();
    const content = { text: 'Grüße 𝄞', nested: { list: [1, null] } };
    await servers.a.appended({
      sequence,
      events: [event({ eventId: 'whole', tags: ['one'], content: json(content) })],
    });
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(through(calls), registration(calls.id, sequence));
    await calls.awaitPosition(1);
    const [delivered] = observer.deliveries.flatMap((delivery) => delivery.events);
    expect(delivered).toMatchObject({ eventId: 'whole', tags: ['one'], eventSourceId: 'source', sequenceNumber: 0 });
    expect(JSON.parse(String(delivered?.content))).toEqual(content);
    observer.end();
  });

  it('a partition has one delivery on its way at a time, and others go on meanwhile', async () => {
    const sequence = freshSequence();
    await fill(sequence, 300, 3);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const silentAbout = 'source-1';
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, {}, { deliverySize: 10 }), {
      handling: (delivery) => (delivery.partition === silentAbout ? [] : [handled(delivery)]),
    });
    const of = (partition: string) => observer.deliveries.filter((delivery) => delivery.partition === partition);
    await awaitFact('the others are through', () => of('source-0').length === 10 && of('source-2').length === 10);
    expect(of(silentAbout)).toHaveLength(1);
    expect(of(silentAbout)[0]?.events).toHaveLength(10);
    expect((await calls.get()).position).toBe(1);
    observer.end();
  });

  it('no more events are on their way than the client has credits for', async () => {
    const sequence = freshSequence();
    await fill(sequence, 500, 50);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const register = registration(calls.id, sequence, {}, { credits: 7, deliverySize: 3 });
    const observer = new RawObserver(through(calls), register, { handling: sayNothing });
    await awaitFact('its credits are used up', () => observer.numbers.length === 7);
    expect((await calls.get()).clients).toMatchObject([{ inFlight: 7 }]);
    for (const delivery of observer.deliveries) {
      expect(delivery.events.length).toBeLessThanOrEqual(3);
      observer.acknowledge(handled(delivery));
    }
    await awaitFact('what was given back is used', () => observer.numbers.length >= 14);
    expect(observer.numbers).toHaveLength(14);
    observer.end();
  });

  it('an observer goes on where it was, not where it began', async () => {
    const sequence = freshSequence();
    await fill(sequence, 100);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const first = new RawObserver(through(calls), registration(calls.id, sequence));
    await calls.awaitPosition(100);
    first.end();
    await calls.awaitState('DISCONNECTED');
    await fill(sequence, 50);
    const second = new RawObserver(through(calls), registration(calls.id, sequence));
    expect((await second.awaitRegistered()).position).toBe(100);
    await calls.awaitPosition(150);
    expect(new Set(second.numbers)).toEqual(new Set(range(100, 50)));
    expect(second.deliveries.some(({ redelivery }) => redelivery)).toBe(false);
    second.end();
  });
});

describe('what an observer is given', () => {
  it.each([
    ['types', { types: ['type-1'] }, (i: number) => i % 3 === 1],
    ['sources', { eventSourceIds: ['source-2', 'source-4'] }, (i: number) => [2, 4].includes(i % 10)],
    ['both', { types: ['type-0'], eventSourceIds: ['source-2'] }, (i: number) => i % 3 === 0 && i % 10 === 2],
  ])('matches its filter by %s, from the database and live', async (_, filter, wanted) => {
    const sequence = freshSequence();
    await fill(sequence, 200);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, { filters: [filter] }));
    await calls.awaitPosition(200);
    await fill(sequence, 200);
    await calls.awaitPosition(400);
    // The second round is numbered on from the first.
    expect(new Set(observer.numbers)).toEqual(new Set(range(0, 400).filter((n) => wanted(n % 200))));
    observer.end();
  });

  it('partitions by a property of the content; an event without it is in the partition of the empty name', async () => {
    const sequence = freshSequence();
    await fill(sequence, 70);
    await servers.a.appended({ sequence, events: [event({ content: json({ other: 1 }) })] });
    const calls = new ObserverCalls(servers.a, freshObserver());
    const definition = { partitionKey: { property: 'customer.id' } };
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, definition));
    await calls.awaitPosition(71);
    for (const { partition, events: list } of observer.deliveries) {
      const ids = list.map((e) => (JSON.parse(String(e.content)) as { customer?: { id: number } }).customer?.id ?? '');
      expect(new Set(ids.map(String))).toEqual(new Set([partition]));
    }
    expect(new Set(observer.deliveries.map(({ partition }) => partition)).size).toBe(8);
    observer.end();
  });

  it('the whole sequence in order, one delivery at a time, when it is one partition', async () => {
    const sequence = freshSequence();
    await fill(sequence, 500);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const definition = { partitionKey: { wholeSequence: true } };
    const register = registration(calls.id, sequence, definition, { deliverySize: 50 });
    const clients = [new RawObserver(through(calls), register), new RawObserver(through(calls), register)];
    const all: number[] = [];
    for (const client of clients) {
      client.handling = (delivery) => {
        all.push(...delivery.events.map((e) => e.sequenceNumber));
        return [handled(delivery)];
      };
    }
    await calls.awaitPosition(500);
    expect(all).toEqual(range(0, 500));
    for (const client of clients) client.end();
  });

  it('content as BSON when that is wanted', async () => {
    const sequence = freshSequence();
    await fill(sequence, 1);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(
      through(calls),
      registration(calls.id, sequence, { contentType: 'CONTENT_TYPE_BSON' }),
    );
    await calls.awaitPosition(1);
    expect(observer.deliveries[0]?.events[0]?.contentType).toBe(2);
    observer.end();
  });
});

describe('where an observer starts that has never been there', () => {
  it('at a number, inclusive', async () => {
    const sequence = freshSequence();
    await fill(sequence, 20);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, { start: { number: 15 } }));
    await calls.awaitPosition(20);
    expect(new Set(observer.numbers)).toEqual(new Set(range(15, 5)));
    observer.end();
  });

  it('now: with what is recorded from then on', async () => {
    const sequence = freshSequence();
    await fill(sequence, 20);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, { start: { now: true } }));
    expect((await observer.awaitRegistered()).position).toBe(20);
    await fill(sequence, 5);
    await calls.awaitPosition(25);
    expect(new Set(observer.numbers)).toEqual(new Set(range(20, 5)));
    observer.end();
  });

  it('at a time: with the first event that was recorded at or after it', async () => {
    const sequence = freshSequence();
    await fill(sequence, 10);
    const last = Number((await servers.a.read({ sequence })).at(-1)?.recorded?.seconds);
    await awaitFact('the second is over', () => Date.now() / 1_000 > last + 1.05);
    await fill(sequence, 10);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const start = { time: { seconds: last + 1 } };
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, { start }));
    await calls.awaitPosition(20);
    expect(new Set(observer.numbers)).toEqual(new Set(range(10, 10)));
    observer.end();
  });

  it('beyond the tail: it waits, and is given what is recorded there', async () => {
    const sequence = freshSequence();
    await fill(sequence, 5);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const observer = new RawObserver(through(calls), registration(calls.id, sequence, { start: { number: 8 } }));
    await observer.awaitRegistered();
    await fill(sequence, 5);
    await calls.awaitPosition(10);
    expect(new Set(observer.numbers)).toEqual(new Set([8, 9]));
    observer.end();
  });

  it('only the first registration says where', async () => {
    const sequence = freshSequence();
    await fill(sequence, 10);
    const calls = new ObserverCalls(servers.a, freshObserver());
    const first = new RawObserver(through(calls), registration(calls.id, sequence, { start: { number: 5 } }));
    await calls.awaitPosition(10);
    first.end();
    const second = new RawObserver(through(calls), registration(calls.id, sequence, { start: { number: 0 } }));
    expect(await second.awaitRegistered()).toMatchObject({ position: 10, definitionChanged: false });
    second.end();
  });
});

describe('a server that is killed, a database that restarts, a wire that is cut', () => {
  it('in the middle of catch-up and live: nothing is lost, nothing is out of order, repeats are flagged', async () => {
    const sequence = freshSequence();
    await fill(sequence, 20_000, 40);
    let server: AnnalsProcess = await startAnnals({ mongodb: servers.database.url });
    const calls = new ObserverCalls(servers.a, freshObserver());
    const book: ObservationRecord[] = [];
    const persistent = [1, 2].map(
      () =>
        new PersistentObserver({
          addresses: () => [server.address],
          register: registration(calls.id, sequence, {}, { credits: 1_000, deliverySize: 100 }),
          book,
        }),
    );
    const handledCount = () => book.filter((record) => record.kind === 'handled').length;
    let total = 20_000;
    for (const round of range(0, 2)) {
      const before = handledCount();
      await awaitFact('it goes on', () => handledCount() > before + 2_000 || round === 1, { withinMs: 30_000 });
      await server.kill9();
      server = await startAnnals({ mongodb: servers.database.url });
      await fill(sequence, 500, 40);
      total += 500;
    }
    await servers.database.kill(0);
    await servers.database.restart(0);
    await fill(sequence, 500, 40, new RawClient(server.address));
    total += 500;
    persistent[0]?.die();
    await calls.awaitPosition(total, { withinMs: 45_000 });
    await calls.writePositionDown(book);
    const objections = checkObservations(book, await expectedOf(servers.a, sequence));
    expect(objections.slice(0, 5)).toEqual([]);
    expect(persistent.some(({ endings }) => endings.length >= 3)).toBe(true);
    await Promise.all(persistent.map((one) => one.stop()));
    await server.kill9();
  });
});
