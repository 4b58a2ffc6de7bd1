/**
 * Partitions go from client to client, and observers from server to server, without a gap, without two at one event
 * unless one of them is told, and without a word from an owner that has been replaced.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { OBSERVATION } from '../src/observation/tuning';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { PersistentObserver } from './support/persistent-observer';
import { event, freshSequence, json, range, RawClient, refusal, type SequenceRef } from './support/raw-client';
import { handleAll, handled, RawObserver, sayNothing, type IncomingDelivery } from './support/raw-observer';
import { serveTwice, type TwoServers } from './support/two-servers';
import { startTcpProxy } from './support/tcp-proxy';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

const SOURCES = 40;
let filled = 0;

async function fill(sequence: SequenceRef, count: number): Promise<void> {
  const list = range(0, count).map(() => event({ eventSourceId: `source-${filled++ % SOURCES}`, content: json({}) }));
  await servers.a.appended({ sequence, events: list });
}

function scene() {
  const sequence = freshSequence();
  const calls = new ObserverCalls(servers.a, freshObserver());
  const book: ObservationRecord[] = [];
  const observe = (options = {}, register = {}, address = servers.a.address) =>
    new RawObserver(address, registration(calls.id, sequence, {}, register), { book, ...options });
  const isWhole = async (through = calls) => {
    await through.writePositionDown(book);
    expect(checkObservations(book, await expectedOf(servers.b, sequence)).slice(0, 5)).toEqual([]);
  };
  return { sequence, calls, book, observe, isWhole };
}

const partitionsOf = (list: readonly IncomingDelivery[]): Set<string> =>
  new Set(list.map(({ partition }) => partition));

describe('between clients', () => {
  it('each partition sticks to one client, and only those of one that leaves change hands', async () => {
    const { sequence, calls, observe, isWhole } = scene();
    const all = ['one', 'two', 'three'].map((clientName) => observe({}, { clientName }));
    for (const observer of all) await observer.awaitRegistered();
    for (const _ of range(0, 5)) await fill(sequence, 2 * SOURCES);
    await calls.awaitPosition(10 * SOURCES);
    const owned = all.map(({ deliveries }) => partitionsOf(deliveries));
    expect(owned.reduce((sum, { size }) => sum + size, 0)).toBe(SOURCES);
    expect(owned.every(({ size }) => size > 0)).toBe(true);

    const [leaves, ...stay] = all;
    leaves?.end();
    await awaitFact('it is gone', async () => (await calls.get()).clients.length === 2);
    for (const _ of range(0, 5)) await fill(sequence, 2 * SOURCES);
    await calls.awaitPosition(20 * SOURCES);
    for (const [i, { deliveries }] of stay.entries()) {
      expect([...partitionsOf(deliveries)]).toEqual(expect.arrayContaining([...(owned[i + 1] ?? [])]));
    }
    const both = stay.map(({ deliveries }) => partitionsOf(deliveries));
    expect(both.reduce((sum, { size }) => sum + size, 0)).toBe(SOURCES);
    await isWhole();
    for (const observer of stay) observer.end();
  });

  it('a partition changes hands only when nothing of it is on its way', async () => {
    const { sequence, calls, observe, isWhole } = scene();
    await fill(sequence, 4 * SOURCES);
    const first = observe({ handling: sayNothing }, { deliverySize: 2 });
    await awaitFact('each partition has a delivery', () => first.deliveries.length === SOURCES);
    const onTheirWay = [...first.deliveries];
    const second = observe({}, { deliverySize: 2 });
    await second.awaitRegistered();
    expect(second.deliveries).toEqual([]);
    first.handling = handleAll;
    first.acknowledge(...onTheirWay.map((delivery) => handled(delivery)));
    await calls.awaitPosition(4 * SOURCES);
    expect(second.deliveries.length).toBeGreaterThan(0);
    expect(second.deliveries.some(({ redelivery }) => redelivery)).toBe(false);
    await isWhole();
    for (const observer of [first, second]) observer.end();
  });

  it('clients that die and come at any moment lose nothing, and repeats are flagged', async () => {
    const { sequence, calls, book, observe, isWhole } = scene();
    const handling = async (delivery: IncomingDelivery) => Promise.resolve([handled(delivery)]);
    const steady = observe({}, { credits: 50 });
    await steady.awaitRegistered();
    for (const i of range(0, 20)) {
      const shortLived = observe({ handling: i % 2 === 0 ? sayNothing : handling }, { credits: 50, deliverySize: 3 });
      await fill(sequence, 100);
      await awaitFact('it has something', () => shortLived.deliveries.length > 0);
      // Handled, and dead before it could say so.
      if (i % 2 === 0)
        for (const { partition, redelivery, replay, events } of shortLived.deliveries)
          for (const { sequenceNumber: number } of events)
            book.push({ kind: 'handled', client: shortLived.name, partition, number, redelivery, replay });
      shortLived.cancel();
    }
    await calls.awaitPosition(2_000);
    await isWhole();
    expect(steady.deliveries.some(({ redelivery }) => redelivery)).toBe(true);
    steady.end();
  });

  it('a client whose connection is cut loses its partitions to another', async () => {
    const { sequence, calls, observe, isWhole } = scene();
    const proxy = await startTcpProxy(Number(servers.a.address.split(':')[1]));
    const far = observe({ handling: sayNothing }, {}, proxy.address);
    await far.awaitRegistered();
    await fill(sequence, 200);
    await awaitFact('it has something', () => far.deliveries.length > 0);
    proxy.cut();
    await far.awaitEnd();
    const near = observe();
    await calls.awaitPosition(200);
    expect(near.deliveries.filter(({ redelivery }) => redelivery).length).toBeGreaterThan(0);
    await isWhole();
    near.end();
    await proxy.close();
  });
});

describe('between servers', () => {
  it('a server that does not own the observer names the one that does, to clients and to people', async () => {
    const { sequence, calls, observe } = scene();
    await fill(sequence, 10);
    const observer = observe({ handling: sayNothing });
    await observer.awaitRegistered();
    const elsewhere = { code: 'OWNED_ELSEWHERE', metadata: { owner: servers.a.address } };
    const other = observe({}, {}, servers.b.address);
    expect(await other.awaitEnd()).toMatchObject(elsewhere);
    const there = calls.through(servers.b);
    const asked = [
      there.pause(),
      there.resume(),
      there.replay(),
      there.cancelReplay(),
      there.retry('source-1'),
      there.skip('source-1', 1),
      there.waitFor(1),
    ];
    for (const answer of await Promise.all(asked.map((call) => refusal(call)))) expect(answer).toMatchObject(elsewhere);
    // Looking is answered by any server.
    expect(await there.get()).toMatchObject({ ownerAddress: servers.a.address, state: 'OBSERVER_STATE_ACTIVE' });
    expect(await there.failed()).toEqual([]);
    observer.end();
  });

  it('of two that are asked at once one owns it', async () => {
    const { sequence, observe } = scene();
    await fill(sequence, 10);
    const both = [servers.a, servers.b].map(({ address }) => observe({}, {}, address));
    await awaitFact('both are answered', () => both.every((o) => o.registered !== undefined || o.ended));
    expect(both.filter((o) => o.registered !== undefined)).toHaveLength(1);
    expect(both.find((o) => o.ended)?.refusal).toMatchObject({ code: 'OWNED_ELSEWHERE' });
    for (const observer of both) observer.end();
  });

  it('one that nobody uses is let go of, so that any server can be the next', async () => {
    const { sequence, calls, observe, isWhole } = scene();
    await fill(sequence, 100);
    const first = observe();
    await calls.awaitPosition(100);
    first.end();
    await awaitFact('nobody owns it', async () => (await calls.get()).ownerAddress === '');
    await fill(sequence, 100);
    const second = observe({}, {}, servers.b.address);
    await calls.awaitPosition(200);
    expect((await calls.get()).ownerAddress).toBe(servers.b.address);
    expect(second.numbers).toHaveLength(100);
    expect(second.deliveries.some(({ redelivery }) => redelivery)).toBe(false);
    await isWhole();
    second.end();
  });

  it('a server that stops in order hands over at once, and nothing that was handled comes again', async () => {
    const { sequence, calls, book, isWhole } = scene();
    await fill(sequence, 500);
    const stops = await startAnnals({ mongodb: servers.database.url });
    const persistent = new PersistentObserver({
      addresses: () => (stops.hasExited() ? [servers.b.address] : [stops.address]),
      register: registration(calls.id, sequence),
      book,
    });
    await calls.awaitPosition(500);
    stops.sigterm();
    await stops.exited;
    await fill(sequence, 500);
    await calls.awaitPosition(1_000, { withinMs: OBSERVATION.leaseMs / 2 });
    expect(book.filter((r) => r.kind === 'handled' && r.redelivery)).toEqual([]);
    await isWhole();
    await persistent.stop();
  });

  it('a dead owner is replaced within its lease; one that was only asleep changes nothing when it wakes', async () => {
    const [dies, sleeps] = await Promise.all(range(0, 2).map(() => startAnnals({ mongodb: servers.database.url })));
    if (dies === undefined || sleeps === undefined) throw new Error('two were started');
    const ofDead = scene();
    const ofSleeper = scene();
    const scenes: [ReturnType<typeof scene>, AnnalsProcess][] = [
      [ofDead, dies],
      [ofSleeper, sleeps],
    ];
    for (const [{ sequence, calls, observe }, server] of scenes) {
      await fill(sequence, 1_000);
      // The last events of each are on their way when the owner goes.
      const handling = (delivery: IncomingDelivery) =>
        delivery.events.some((e) => e.sequenceNumber >= 960) ? [] : [handled(delivery)];
      observe({ handling }, { deliverySize: 10 }, server.address);
      await calls.awaitPosition(800);
    }
    const [sleepersClient] = [new RawClient(sleeps.address)];
    await dies.kill9();
    process.kill(sleeps.pid, 'SIGSTOP');
    const since = performance.now();
    try {
      const next = scenes.map(
        ([{ calls, sequence, book }]) =>
          new PersistentObserver({
            addresses: () => [servers.b.address],
            register: registration(calls.id, sequence),
            book,
          }),
      );
      for (const [{ calls }] of scenes) await calls.awaitPosition(1_000, { withinMs: 2 * OBSERVATION.leaseMs });
      expect(performance.now() - since).toBeLessThan(OBSERVATION.leaseMs + 5_000);
      for (const [{ calls, sequence }] of scenes) {
        await fill(sequence, 100);
        await calls.awaitPosition(1_100);
        expect((await calls.get()).ownerAddress).toBe(servers.b.address);
      }
      await ofDead.isWhole();
      await ofSleeper.isWhole();

      const before = await ofSleeper.calls.get();
      process.kill(sleeps.pid, 'SIGCONT');
      const { calls } = ofSleeper;
      await awaitFact('it has noticed', async () => {
        const answer = await refusal(calls.through(sleepersClient).waitFor(2_000));
        return answer.code === 'OWNED_ELSEWHERE';
      });
      expect(sleeps.output()).toContain('gone to another server');
      const after = await calls.get();
      expect([after.position, after.ownerAddress, after.failedPartitions]).toEqual([
        before.position,
        servers.b.address,
        0,
      ]);
      await fill(ofSleeper.sequence, 100);
      await calls.awaitPosition(1_200);
      await ofSleeper.isWhole();
      for (const one of next) await one.stop();
    } finally {
      sleepersClient.close();
      await sleeps.kill9();
    }
  });
});
