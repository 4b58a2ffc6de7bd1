/**
 * Guarantee 8: a partition whose event cannot be handled is held, retried and, in the end, left to a person. The other
 * partitions are not held up, the position never passes an event that nothing speaks of, and a healed partition catches
 * up and rejoins in order.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { OBSERVATION } from '../src/observation/tuning';
import { startAnnals } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { event, freshSequence, json, range, RawClient, refusal, type SequenceRef } from './support/raw-client';
import { failedAt, failOn, handleAll, handled, RawObserver, type IncomingDelivery } from './support/raw-observer';
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

const BATCH = 1_000;

/** Events around the poison event: enough for several windows. ANNALS_POISON_EVENTS=1000000 is for a run by hand. */
const POISON_EVENTS = Number(process.env['ANNALS_POISON_EVENTS'] ?? 60_000);

/** Milliseconds for them to be recorded, observed and read back: ten times what two busy cores need. */
const POISON_WITHIN_MS = Math.max(60_000, POISON_EVENTS / 2);
jest.setTimeout(POISON_WITHIN_MS);

/** Number i is of the source i mod `sources`. */
async function fill(sequence: SequenceRef, count: number, sources: number, first = 0): Promise<void> {
  for (let at = first; at < first + count; at += BATCH) {
    const list = range(at, Math.min(BATCH, first + count - at)).map((i) =>
      event({ eventSourceId: `source-${i % sources}`, content: json({ i }) }),
    );
    await served.client.appended({ sequence, events: list });
  }
}

interface Scene {
  readonly sequence: SequenceRef;
  readonly calls: ObserverCalls;
  readonly book: ObservationRecord[];
}

const scene = (): Scene => ({
  sequence: freshSequence(),
  calls: new ObserverCalls(served.client, freshObserver()),
  book: [],
});

const observe = ({ sequence, calls, book }: Scene, options = {}, register = {}, address = served.client.address) =>
  new RawObserver(address, registration(calls.id, sequence, {}, register), { book, ...options });

async function isWhole({ sequence, calls, book }: Scene, demands = {}): Promise<void> {
  await calls.writePositionDown(book);
  expect(checkObservations(book, await expectedOf(served.client, sequence), demands).slice(0, 5)).toEqual([]);
}

describe('a poison event', () => {
  it(`among ${POISON_EVENTS} holds up its partition alone, which after RetryPartition catches up and rejoins in order`, async () => {
    const it = scene();
    const { sequence, calls, book } = it;
    const [total, sources] = [POISON_EVENTS, 200];
    const poison = Math.floor(total * 0.4) + 123;
    const partition = `source-${poison % sources}`;
    await fill(sequence, total, sources);
    const observer = observe(it, {
      handling: failOn(new Set([poison]), 'no such account', true),
      instead: () => undefined,
    });
    await calls.awaitPosition(total, { withinMs: POISON_WITHIN_MS / 2 });
    await calls.writePositionDown(book);
    const [held] = await calls.failed();
    expect(held).toMatchObject({ partition, heldFrom: poison, quarantined: true, attemptCount: 1, nextRetry: null });
    expect(held?.attempts).toMatchObject([{ sequenceNumber: poison, message: 'no such account' }]);
    expect(held?.attempts[0]?.stack).toContain('at handler');
    expect((await calls.get()).failedPartitions).toBe(1);

    observer.handling = handleAll;
    await calls.retry(partition);
    // While it catches up, more arrives for it and for others.
    await fill(sequence, 2_000, sources, total);
    await calls.awaitFailed(0, { withinMs: POISON_WITHIN_MS / 3 });
    await calls.awaitPosition(total + 2_000);
    await isWhole(it);
    observer.end();
  });

  it('is tried again by itself, with longer pauses, and the attempts are told', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 20, 4);
    const attempts: number[] = [];
    const observer = observe(it);
    observer.handling = (delivery) => {
      if (!delivery.events.some((e) => e.sequenceNumber === 6)) return [handled(delivery)];
      attempts.push(delivery.attempt);
      return [attempts.length < 3 ? failedAt(delivery, 6, `attempt ${attempts.length}`) : handled(delivery)];
    };
    const [held] = await calls.awaitFailed(1);
    expect(held).toMatchObject({ partition: 'source-2', heldFrom: 6, quarantined: false });
    await awaitFact('it was tried three times', () => attempts.length === 3);
    await calls.awaitFailed(0);
    expect(attempts).toEqual([1, 2, 3]);
    await isWhole(it);
    const repeats = observer.deliveries.filter(({ attempt }) => attempt > 1);
    expect(repeats.every(({ redelivery }) => redelivery)).toBe(true);
    observer.end();
  });

  it('is quarantined after ten attempts, and tried once more for each RetryPartition', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 12, 3);
    const observer = observe(it, { handling: failOn(new Set([4])) });
    await calls.awaitFailed(1);
    for (const attempt of range(1, OBSERVATION.maxAttempts)) {
      await awaitFact(`attempt ${attempt} has failed`, async () => (await calls.failed())[0]?.attemptCount === attempt);
      if (attempt < OBSERVATION.maxAttempts) await calls.retry('source-1');
    }
    const [held] = await calls.failed();
    expect(held).toMatchObject({ quarantined: true, heldFrom: 4, attemptCount: 10, nextRetry: null });
    expect(held?.attempts).toHaveLength(OBSERVATION.keptAttempts);

    await calls.retry('source-1');
    await awaitFact('it failed once more', async () => (await calls.failed())[0]?.attemptCount === 11);
    expect(await calls.failed()).toMatchObject([{ quarantined: true }]);
    observer.handling = handleAll;
    await calls.retry('source-1');
    await calls.awaitFailed(0);
    await isWhole(it);
    observer.end();
  });

  it('of a second kind in the same partition holds it there, counted anew', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 30, 3);
    const observer = observe(it, { handling: failOn(new Set([4, 10]), 'broken', true) });
    await calls.awaitFailed(1);
    observer.handling = failOn(new Set([10]), 'broken too', true);
    await calls.retry('source-1');
    await awaitFact('it stands at the second', async () => (await calls.failed())[0]?.heldFrom === 10);
    expect(await calls.failed()).toMatchObject([{ attemptCount: 1, attempts: [{ message: 'broken too' }] }]);
    observer.handling = handleAll;
    await calls.retry('source-1');
    await calls.awaitFailed(0);
    await isWhole(it);
    observer.end();
  });

  it('stays on record when its server is killed, and is held by the next one', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 1_000, 10);
    const first = await startAnnals({ mongodb: database.url });
    const failing = observe(it, { handling: failOn(new Set([503]), 'broken', true) }, {}, first.address);
    await calls.awaitFailed(1, { withinMs: 30_000 });
    const before = new ObserverCalls(new RawClient(first.address), calls.id);
    await before.awaitPosition(1_000);
    await first.kill9();
    expect(await failing.awaitEnd()).toBeDefined();
    // The lease of a dead server runs out.
    let next: RawObserver | undefined;
    await awaitFact(
      'the next server owns it',
      async () => {
        next = observe(it);
        await awaitFact('it answers', () => next?.registered !== undefined || next?.ended === true);
        return !next.ended;
      },
      { withinMs: 30_000 },
    );
    await fill(sequence, 100, 10, 1_000);
    await calls.awaitPosition(1_100);
    expect(await calls.failed()).toMatchObject([{ partition: 'source-3', heldFrom: 503 }]);
    await calls.retry('source-3');
    await calls.awaitFailed(0);
    await isWhole(it);
    next?.end();
  });
});

describe('what a person does', () => {
  it('SkipEvent goes past the event that the partition stands at, and is audited with its reason', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 30, 3);
    const observer = observe(it, { handling: failOn(new Set([7]), 'broken', true) });
    await calls.awaitFailed(1);
    await calls.skip('source-1', 7, 'a duplicate of 4, says accounting');
    await calls.awaitFailed(0);
    await fill(sequence, 3, 3, 30);
    await calls.awaitPosition(33);
    await isWhole(it, { skipped: [7] });
    const audit = await served.client.read({
      sequence: { sequence: 'system' },
      filters: [{ types: ['ObserverEventSkipped'] }],
    });
    const acts = audit.map((act) => JSON.parse(act.content.toString()) as Record<string, unknown>);
    expect(acts.filter(({ observer: id }) => id === calls.id)).toMatchObject([
      { partition: 'source-1', sequenceNumber: '7', reason: 'a duplicate of 4, says accounting' },
    ]);
    observer.end();
  });

  it.each([
    ['answers', (first: RawObserver, open: IncomingDelivery) => first.acknowledge(failedAt(open, 7, 'too late'))],
    ['goes', (first: RawObserver) => first.cancel()],
  ])('after SkipEvent nobody gets the partition before who is at work on it %s', async (_, lets) => {
    const it = scene();
    const { sequence, calls } = it;
    const partition = 'source-1';
    await fill(sequence, 30, 3);
    const first = observe(it, { handling: failOn(new Set([7]), 'broken', true) });
    await calls.awaitFailed(1);
    const of = (observer: RawObserver) => observer.deliveries.filter((delivery) => delivery.partition === partition);
    const before = of(first).length;
    first.handling = (delivery) => (delivery.partition === partition ? [] : [handled(delivery)]);
    await calls.retry(partition);
    await awaitFact('it is at work on it', () => of(first).length > before);
    const second = observe(it);
    await second.awaitRegistered();
    await calls.skip(partition, 7);
    // The others go on meanwhile, which takes longer than a delivery would.
    for (const more of [30, 33, 36]) {
      await fill(sequence, 3, 3, more);
      await calls.awaitPosition(more + 3);
    }
    expect([of(first).length, of(second).length]).toEqual([before + 1, 0]);
    first.handling = handleAll;
    lets(first, of(first).at(-1) as IncomingDelivery);
    await calls.awaitFailed(0);
    await isWhole(it, { skipped: [7] });
    first.end();
    second.end();
  });

  it('SkipEvent of an event that the partition does not stand at changes nothing', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 30, 3);
    const observer = observe(it, { handling: failOn(new Set([7]), 'broken', true) });
    await calls.awaitFailed(1);
    const wrong: [string, number][] = [
      ['source-1', 4],
      ['source-1', 10],
      ['source-2', 7],
      ['nobody', 7],
    ];
    for (const [partition, number] of wrong) {
      expect(await refusal(calls.skip(partition, number))).toMatchObject({ code: 'PARTITION_NOT_FAILED' });
    }
    expect(await refusal(calls.retry('source-2'))).toMatchObject({ code: 'PARTITION_NOT_FAILED', field: 'partition' });
    expect(await calls.failed()).toMatchObject([{ heldFrom: 7 }]);
    observer.end();
  });

  it('RetryPartition while no client is there is not forgotten', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 30, 3);
    const observer = observe(it, { handling: failOn(new Set([7]), 'broken', true) });
    await calls.awaitFailed(1);
    observer.end();
    await calls.awaitState('DISCONNECTED');
    await calls.retry('source-1');
    // The server lets go of an observer that nobody uses.
    await awaitFact('nobody owns it', async () => (await calls.get()).ownerAddress === '');
    const second = observe(it);
    await calls.awaitFailed(0);
    await isWhole(it);
    second.end();
  });

  it('WaitFor a number in a held partition says so and names the failure; in others it says handled', async () => {
    const it = scene();
    const { sequence, calls } = it;
    await fill(sequence, 30, 3);
    const observer = observe(it, { handling: failOn(new Set([7]), 'broken', true) });
    await calls.awaitFailed(1);
    expect(await calls.waitFor(8)).toMatchObject({ handled: true, held: null });
    expect(await calls.waitFor(4)).toMatchObject({ handled: true, held: null });
    expect(await calls.waitFor(10)).toMatchObject({ handled: false, held: { partition: 'source-1', heldFrom: 7 } });
    observer.end();
  });
});

describe('an observer that throws on every event', () => {
  it('ends up quarantined as a whole, with so many failed partitions and no more than were on their way; Resume goes on', async () => {
    const it = scene();
    const { sequence, calls } = it;
    const sources = 5_000;
    await fill(sequence, 20_000, sources);
    const credits = 500;
    const everything = (delivery: Parameters<typeof handled>[0]) => [
      failedAt(delivery, delivery.events[0]?.sequenceNumber ?? 0, 'always broken', true),
    ];
    const observer = observe(it, { handling: everything, instead: () => undefined }, { credits });
    await calls.awaitState('QUARANTINED', { withinMs: 30_000 });
    const { failedPartitions } = await calls.get();
    expect(failedPartitions).toBeGreaterThan(OBSERVATION.maxFailedPartitions);
    expect(failedPartitions).toBeLessThanOrEqual(OBSERVATION.maxFailedPartitions + 2 * credits);
    await calls.writePositionDown(it.book);

    observer.handling = handleAll;
    await calls.resume();
    await calls.awaitPosition(20_000, { withinMs: 30_000 });
    for (const { partition } of (await calls.failed()).slice(0, 20)) await calls.retry(partition);
    await calls.awaitFailed(failedPartitions - 20, { withinMs: 30_000 });
    observer.end();
  });
});
