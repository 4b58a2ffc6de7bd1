/**
 * A replay delivers again what an observer has had: all, a partition or a range, marked as replay, in the order of each
 * partition. It shows how far it is, can be paused and cancelled, goes on after a restart, and takes nothing away from
 * what the observer has still to handle.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { event, freshSequence, json, range, refusal, type SequenceRef } from './support/raw-client';
import { failOn, handleAll, handled, RawObserver, sayNothing } from './support/raw-observer';
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

const SOURCES = 5;

async function fill(sequence: SequenceRef, count: number): Promise<void> {
  const list = range(0, count).map((i) => event({ eventSourceId: `source-${i % SOURCES}`, content: json({ i }) }));
  await served.client.appended({ sequence, events: list });
}

interface Scene {
  readonly sequence: SequenceRef;
  readonly calls: ObserverCalls;
  readonly book: ObservationRecord[];
  readonly observer: RawObserver;
}

/** An observer that has handled `count` events. */
async function caughtUp(count: number, register = {}): Promise<Scene> {
  const sequence = freshSequence();
  await fill(sequence, count);
  const calls = new ObserverCalls(served.client, freshObserver());
  const book: ObservationRecord[] = [];
  const observer = new RawObserver(served.client.address, registration(calls.id, sequence, {}, register), { book });
  await calls.awaitPosition(count);
  return { sequence, calls, book, observer };
}

const replayedBy = (observer: RawObserver): number[] =>
  observer.deliveries.filter(({ replay }) => replay).flatMap(({ events }) => events.map((e) => e.sequenceNumber));

const ended = async (calls: ObserverCalls): Promise<void> => {
  await awaitFact('the replay is over', async () => (await calls.get()).replay === null);
};

async function isWhole({ sequence, calls, book }: Scene, demands = {}): Promise<void> {
  await calls.writePositionDown(book);
  expect(checkObservations(book, await expectedOf(served.client, sequence), demands).slice(0, 5)).toEqual([]);
}

it('of everything gives every event again, flagged, and then goes on with what is new', async () => {
  const it = await caughtUp(1_000);
  const { sequence, calls, observer } = it;
  expect(await calls.replay()).toMatchObject({ from: 0, to: 999, events: 1_000 });
  await fill(sequence, 100);
  await ended(calls);
  await calls.awaitPosition(1_100);
  await isWhole(it, { replays: [{ from: 0, to: 999 }] });
  expect(replayedBy(observer)).toHaveLength(1_000);
  const again = observer.deliveries.filter(({ events }) => (events[0]?.sequenceNumber ?? 0) >= 1_000);
  expect(again.some(({ replay }) => replay)).toBe(false);
  observer.end();
});

it.each([
  ['a range', { from: 100, to: 149 }, range(100, 50)],
  ['from a number on', { from: 190 }, range(190, 10)],
  ['up to a number', { to: 4 }, range(0, 5)],
  ['a partition', { partition: 'source-3' }, range(0, 40).map((i) => i * SOURCES + 3)],
  ['a range of a partition', { from: 50, to: 60, partition: 'source-0' }, [50, 55, 60]],
  ['a partition that has no event', { partition: 'nobody' }, []],
  ['a range that goes beyond the position, up to it', { from: 195, to: 1_000 }, range(195, 5)],
])('of %s gives exactly that', async (_, request, numbers) => {
  const it = await caughtUp(200);
  const plan = await it.calls.replay(request);
  expect(plan.events).toBe(numbers.length);
  await ended(it.calls);
  expect([...replayedBy(it.observer)].sort((a, b) => a - b)).toEqual(numbers);
  await isWhole(it);
  it.observer.end();
});

it('from a time on', async () => {
  const it = await caughtUp(20);
  const last = Number((await served.client.read({ sequence: it.sequence })).at(-1)?.recorded?.seconds);
  await awaitFact('the second is over', () => Date.now() / 1_000 > last + 1.05);
  await fill(it.sequence, 10);
  await it.calls.awaitPosition(30);
  expect(await it.calls.replay({ fromTime: { seconds: last + 1 } })).toMatchObject({ from: 20, to: 29, events: 10 });
  await ended(it.calls);
  expect(new Set(replayedBy(it.observer))).toEqual(new Set(range(20, 10)));
  it.observer.end();
});

it('as a dry run says how many events there would be, and does nothing', async () => {
  const it = await caughtUp(100);
  expect(await it.calls.replay({ dryRun: true, from: 10, to: 19 })).toMatchObject({ from: 10, to: 19, events: 10 });
  expect(await it.calls.replay({ dryRun: true, partition: 'source-1' })).toMatchObject({ from: 0, to: 99, events: 20 });
  await awaitFact('a rate is known', async () => (await it.calls.get()).rate > 0);
  const { estimate } = await it.calls.replay({ dryRun: true });
  expect(Number(estimate?.seconds) + Number(estimate?.nanos) / 1e9).toBeGreaterThan(0);
  expect((await it.calls.get()).replay).toBeNull();
  await fill(it.sequence, 1);
  await it.calls.awaitPosition(101);
  expect(replayedBy(it.observer)).toEqual([]);
  it.observer.end();
});

it('of nothing is refused', async () => {
  const it = await caughtUp(10);
  expect(await refusal(it.calls.replay({ from: 10 }))).toMatchObject({ code: 'NOTHING_TO_REPLAY', field: 'from' });
  expect(await refusal(it.calls.replay({ from: 5, to: 4 }))).toMatchObject({ code: 'NOTHING_TO_REPLAY' });
  it.observer.end();
});

it('shows its progress, is paused and resumed, and its state is told', async () => {
  const it = await caughtUp(1_000, { deliverySize: 20 });
  const { calls, observer } = it;
  observer.handling = sayNothing;
  await calls.replay();
  await awaitFact('it has begun', () => replayedBy(observer).length === 100);
  const open = observer.deliveries.filter(({ replay }) => replay);
  expect(await calls.awaitState('REPLAYING')).toMatchObject({
    position: 1_000,
    replay: { from: 0, to: 999, done: 0, total: 1_000 },
  });
  await calls.pause();
  expect((await calls.get()).state).toBe('OBSERVER_STATE_PAUSED');
  observer.acknowledge(...open.map((delivery) => handled(delivery)));
  await awaitFact('what was answered counts', async () => (await calls.get()).replay?.done === 100);
  expect(replayedBy(observer)).toHaveLength(100);

  observer.handling = handleAll;
  await calls.resume();
  await ended(calls);
  await calls.awaitState('ACTIVE');
  await isWhole(it, { replays: [{ from: 0, to: 999 }] });
  observer.end();
});

it('is cancelled where it stands; the observer goes on where it was before', async () => {
  const it = await caughtUp(500, { deliverySize: 10 });
  const { sequence, calls, observer } = it;
  observer.handling = sayNothing;
  await calls.replay();
  await awaitFact('it has begun', () => replayedBy(observer).length === 50);
  expect(await calls.cancelReplay()).toBe(true);
  expect(await calls.cancelReplay()).toBe(false);
  observer.handling = handleAll;
  await fill(sequence, 10);
  await calls.awaitPosition(510);
  expect(await calls.get()).toMatchObject({ replay: null, state: 'OBSERVER_STATE_ACTIVE' });
  expect(replayedBy(observer)).toHaveLength(50);
  await isWhole(it);
  observer.end();
});

it.each([
  ['everything', {}, 2_000],
  ['a partition', { partition: 'source-2' }, 400],
])('of %s goes on after the server has stopped and another has started', async (_, request, total) => {
  const register = { credits: 200, deliverySize: 20 };
  const it = await caughtUp(2_000, register);
  const { sequence, calls, observer, book } = it;
  let answered = 0;
  observer.handling = (delivery) => (++answered <= 10 ? [handled(delivery)] : []);
  await calls.replay(request);
  await awaitFact('some of it is done', async () => ((await calls.get()).replay?.done ?? 0) >= 200);
  await served.stop();
  served = await serve(database.url);

  const after = new ObserverCalls(served.client, calls.id);
  expect((await after.get()).replay).toMatchObject({ done: 200, total });
  const second = new RawObserver(served.client.address, registration(calls.id, sequence, {}, register), { book });
  await ended(after);
  await fill(sequence, 5);
  await after.awaitPosition(2_005);
  await isWhole({ ...it, calls: after }, { replays: [{ from: 0, to: 1_999, ...request }] });
  // It began again near where it was, not from the front.
  expect(replayedBy(second).length).toBeLessThan(total);
  second.end();
});

describe('while a partition is held', () => {
  const POISON = 13;
  const heldAt = async (): Promise<Scene> => {
    const it = await caughtUp(10);
    it.observer.handling = failOn(new Set([POISON]), 'broken', true);
    await fill(it.sequence, 90);
    await it.calls.awaitPosition(100);
    await it.calls.awaitFailed(1);
    return it;
  };

  it.each([
    ['before its event', { from: 0, to: 9 }],
    ['around its event', { from: 10, to: 20 }],
    ['behind its event', { from: 50, to: 60 }],
    ['of another partition', { partition: 'source-0' }],
  ])('a replay %s does not lose what is held', async (_, request) => {
    const it = await heldAt();
    const { calls, observer } = it;
    await calls.replay(request);
    await ended(calls);
    // A server that stops and starts in between must know of it as well.
    const [held] = await calls.failed();
    expect(held?.partition).toBe('source-3');
    observer.handling = handleAll;
    await calls.retry('source-3');
    await calls.awaitFailed(0);
    await calls.awaitPosition(100);
    await isWhole(it);
    observer.end();
  });

  it('a retry in the middle of a replay catches up with all that was held', async () => {
    const it = await heldAt();
    const { calls, observer } = it;
    observer.handling = (delivery) => (delivery.replay ? [] : [handled(delivery)]);
    await calls.replay({ from: 50, to: 60 });
    await awaitFact('it has begun', () => replayedBy(observer).length > 0);
    await calls.retry('source-3');
    await calls.awaitFailed(0);
    await calls.cancelReplay();
    await fill(it.sequence, 10);
    await calls.awaitPosition(110);
    await isWhole(it);
    observer.end();
  });

  it('a replay from before gives its partition everything from there on, in order, once it is healed', async () => {
    const it = await heldAt();
    const { calls, observer, book } = it;
    const from = book.length;
    observer.handling = handleAll;
    await calls.replay();
    await ended(calls);
    await calls.awaitFailed(0);
    await isWhole(it);
    const numbers = book
      .slice(from)
      .flatMap((r) => (r.kind === 'handled' && r.partition === 'source-3' ? [r.number] : []));
    const whole = range(0, 20).map((i) => i * SOURCES + 3);
    // A retry that came due before the replay began may have healed the partition first; then it has all of it twice.
    expect(numbers.slice(-whole.length)).toEqual(whole);
    observer.end();
  });
});

it('an event that fails in a replay holds its partition, which catches up afterwards', async () => {
  const it = await caughtUp(200);
  const { calls, observer } = it;
  observer.handling = failOn(new Set([42]), 'broken by the fix', true);
  await calls.replay();
  await ended(calls);
  const [held] = await calls.awaitFailed(1);
  expect(held).toMatchObject({ partition: 'source-2', heldFrom: 42 });
  await fill(it.sequence, 10);
  await calls.awaitPosition(210);
  observer.handling = handleAll;
  await calls.retry('source-2');
  await calls.awaitFailed(0);
  await fill(it.sequence, 10);
  await calls.awaitPosition(220);
  await isWhole(it);
  observer.end();
});
