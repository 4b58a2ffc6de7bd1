/**
 * Guarantee 9: an acknowledgement that comes late, twice, out of order, for somebody else's delivery or for a number
 * that was never sent changes nothing. A client that never acknowledges loses its delivery when its deadline is over.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { encodeAcknowledgements } from '../src/contract/observe-codec';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { event, freshSequence, json, range, type SequenceRef } from './support/raw-client';
import { failedAt, handleAll, handled, RawObserver, sayNothing, type IncomingDelivery } from './support/raw-observer';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let served: ServedHere;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
});
afterAll(async () => {
  await served.stop();
  await database.stop();
});

const SOURCES = 4;
const ms = (n: number) => ({ seconds: Math.floor(n / 1_000), nanos: (n % 1_000) * 1_000_000 });

async function fill(sequence: SequenceRef, count: number): Promise<void> {
  const list = range(0, count).map((i) => event({ eventSourceId: `source-${i % SOURCES}`, content: json({ i }) }));
  await served.client.appended({ sequence, events: list });
}

async function scene(count: number) {
  const sequence = freshSequence();
  await fill(sequence, count);
  const calls = new ObserverCalls(served.client, freshObserver());
  const book: ObservationRecord[] = [];
  const observe = (register = {}, options = {}) =>
    new RawObserver(served.client.address, registration(calls.id, sequence, {}, register), { book, ...options });
  const isWhole = async () => {
    await calls.writePositionDown(book);
    expect(checkObservations(book, await expectedOf(served.client, sequence)).slice(0, 5)).toEqual([]);
  };
  return { sequence, calls, book, observe, isWhole };
}

const deliveries = async (observer: RawObserver, count: number): Promise<IncomingDelivery[]> => {
  await awaitFact(`${count} deliveries are there`, () => observer.deliveries.length >= count);
  return observer.deliveries;
};

/** What was said before has been taken in once this is answered: the partition's next delivery is there, with either client. */
async function afterwards(of: IncomingDelivery, by: RawObserver, others: readonly RawObserver[] = []): Promise<void> {
  by.acknowledge(handled(of));
  await awaitFact('the next delivery is there', () =>
    [by, ...others].some((observer) =>
      observer.deliveries.some(({ id, partition }) => partition === of.partition && id > of.id),
    ),
  );
}

describe('an acknowledgement of', () => {
  it('a part moves the position that far; the rest stays on its way', async () => {
    const { calls, observe, isWhole } = await scene(20);
    const observer = observe({ deliverySize: 5 }, { handling: sayNothing });
    const list = await deliveries(observer, SOURCES);
    const first = list.find(({ partition }) => partition === 'source-0');
    const others = list.filter((delivery) => delivery !== first);
    if (first === undefined) throw new Error('no delivery of source-0');
    observer.acknowledge(...others.map((delivery) => handled(delivery)));
    observer.acknowledge(handled(first, 8));
    await calls.awaitPosition(12);
    expect((await calls.get()).position).toBe(12);
    expect((await calls.get()).clients).toMatchObject([{ inFlight: 2 }]);
    observer.acknowledge(handled(first));
    await calls.awaitPosition(20);
    await isWhole();
    expect(observer.deliveries).toHaveLength(SOURCES);
    observer.end();
  });

  it('a number that was never sent changes nothing', async () => {
    const { calls, observe } = await scene(40);
    const observer = observe({ deliverySize: 5, credits: 20 }, { handling: sayNothing });
    const [first, second] = await deliveries(observer, SOURCES);
    if (first === undefined || second === undefined) throw new Error('no deliveries');
    for (const never of [39, 1_000_000, Number.MAX_SAFE_INTEGER]) observer.acknowledge(handled(first, never));
    await afterwards(second, observer);
    const open = observer.deliveries.filter((delivery) => delivery !== second);
    expect((await calls.get()).position).toBe(Math.min(...open.map(({ events }) => events[0]?.sequenceNumber ?? 0)));
    observer.end();
  });

  it('the same twice, or of less after more, changes nothing', async () => {
    const { calls, observe, isWhole } = await scene(40);
    const observer = observe({ deliverySize: 5 }, { handling: sayNothing });
    const list = [...(await deliveries(observer, SOURCES))];
    for (const delivery of list) {
      observer.acknowledge(handled(delivery, delivery.events[2]?.sequenceNumber));
      observer.acknowledge(handled(delivery, delivery.events[0]?.sequenceNumber));
      observer.acknowledge(handled(delivery));
      observer.acknowledge(handled(delivery), handled(delivery, delivery.events[0]?.sequenceNumber));
      observer.acknowledge(failedAt(delivery, delivery.events[0]?.sequenceNumber ?? 0));
    }
    observer.handling = handleAll;
    const rest = await deliveries(observer, 2 * SOURCES);
    observer.acknowledge(...rest.slice(SOURCES).map((delivery) => handled(delivery)));
    await calls.awaitPosition(40);
    expect(await calls.failed()).toEqual([]);
    expect((await calls.get()).clients).toMatchObject([{ inFlight: 0 }]);
    await isWhole();
    observer.end();
  });

  it('deliveries in any order is as good as in theirs', async () => {
    const { calls, observe, isWhole } = await scene(40);
    const observer = observe({ deliverySize: 3 });
    const waiting: IncomingDelivery[] = [];
    observer.handling = (delivery) => {
      waiting.unshift(delivery);
      return waiting.length < SOURCES ? [] : waiting.splice(0).map((one) => handled(one));
    };
    await calls.awaitPosition(40);
    await isWhole();
    observer.end();
  });

  it("somebody else's delivery, or one that never was, changes nothing", async () => {
    const { calls, observe } = await scene(40);
    const one = observe({ deliverySize: 5, credits: 40 }, { handling: sayNothing });
    await deliveries(one, SOURCES);
    const other = observe({}, { handling: sayNothing });
    await other.awaitRegistered();
    other.acknowledge(...one.deliveries.map((delivery) => handled(delivery)));
    other.acknowledge({ deliveryId: 1_000_000, handledThrough: undefined, failure: undefined });
    other.acknowledge(...one.deliveries.map((delivery) => failedAt(delivery, delivery.events[0]?.sequenceNumber ?? 0)));
    const [first] = one.deliveries;
    if (first === undefined) throw new Error('no delivery');
    await afterwards(first, one, [other]);
    expect(await calls.failed()).toEqual([]);
    expect((await calls.get()).position).toBeLessThanOrEqual(SOURCES);
    for (const observer of [one, other]) observer.end();
  });

  it('a delivery of a client that left the stream comes too late', async () => {
    const { calls, observe, isWhole } = await scene(40);
    const one = observe({ deliverySize: 5 }, { handling: sayNothing });
    await deliveries(one, SOURCES);
    one.cancel();
    const other = observe({ deliverySize: 5 });
    await calls.awaitPosition(40);
    const again = other.deliveries.filter(({ redelivery }) => redelivery);
    expect(new Set(again.flatMap(({ events }) => events.map((e) => e.sequenceNumber)))).toEqual(new Set(one.numbers));
    await isWhole();
    other.end();
  });
});

describe('a client', () => {
  it('that never acknowledges loses its delivery at the deadline: a failed attempt, and the late answer changes nothing', async () => {
    const { calls, observe, isWhole } = await scene(8);
    const observer = observe({ acknowledgementDeadline: ms(200) }, { handling: sayNothing });
    const list = await deliveries(observer, SOURCES);
    const first = [...list];
    const failed = await calls.awaitFailed(SOURCES);
    expect(failed[0]?.attempts[0]?.message).toContain('deadline');
    // Late, and of a delivery that is not its own any more; the book must not have it either.
    const late = new RawObserver(served.client.address, registration('other', freshSequence()));
    observer.handling = handleAll;
    for (const delivery of first) observer.write(lateAnswer(delivery));
    await calls.awaitFailed(0);
    await calls.awaitPosition(8);
    await isWhole();
    for (const one of [late, observer]) one.end();
  });

  it('that is slow gets no more than its credits, and holds nobody up who is not', async () => {
    const { calls, observe, sequence } = await scene(2_000);
    const slow = observe({ credits: 10, deliverySize: 5 }, { handling: sayNothing });
    await awaitFact('its credits are used up', () => slow.numbers.length === 10);
    // Another observer of the same events is not held up.
    const other = new ObserverCalls(served.client, freshObserver());
    const quick = new RawObserver(served.client.address, registration(other.id, sequence));
    await other.awaitPosition(2_000);
    expect(slow.numbers).toHaveLength(10);
    expect((await calls.get()).position).toBe(0);
    for (const one of [slow, quick]) one.end();
  });

  it('that says nothing at all, not even that it lives, is sent away and its partitions go to another', async () => {
    const { calls, observe, isWhole } = await scene(40);
    const dumb = observe({ deliverySize: 5 }, { handling: sayNothing, heartbeats: false });
    await deliveries(dumb, SOURCES);
    const other = observe();
    await other.awaitRegistered();
    expect(await dumb.awaitEnd({ withinMs: 30_000 })).toMatchObject({ code: 'CLIENT_SILENT' });
    await calls.awaitPosition(40);
    expect((await calls.get()).clients).toHaveLength(1);
    await isWhole();
    other.end();
  });

  it('that leaves is given nothing new, and what it has is still acknowledged', async () => {
    const { calls, observe, isWhole, sequence } = await scene(20);
    const leaving = observe({ deliverySize: 5 }, { handling: sayNothing });
    const list = await deliveries(leaving, SOURCES);
    leaving.leave();
    const other = observe();
    await other.awaitRegistered();
    leaving.acknowledge(...list.map((delivery) => handled(delivery)));
    await fill(sequence, 20);
    await calls.awaitPosition(40);
    expect(leaving.numbers).toHaveLength(20);
    expect(other.deliveries.some(({ redelivery }) => redelivery)).toBe(false);
    await isWhole();
    for (const one of [leaving, other]) one.end();
  });
});

/** An answer that goes to the wire and not into the book. */
function lateAnswer(delivery: IncomingDelivery): Buffer {
  return encodeAcknowledgements([handled(delivery)]);
}
