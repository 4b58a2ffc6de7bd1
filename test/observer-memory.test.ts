/**
 * Guarantee 12, for observers: what an observer costs the server does not grow with the number of its partitions. A
 * partition that has nothing to do is not kept, and what is read ahead is bounded.
 */
import { readFileSync } from 'node:fs';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { event, freshSequence, json, range, RawClient, type SequenceRef } from './support/raw-client';
import { failedAt, RawObserver, sayNothing } from './support/raw-observer';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

const MIB = 1024 * 1024;
const KEYS = 200_000;
/** Events of one append, as many as fit. */
const BATCH = 2_000;
const PAGE_BYTES = 4_096;

/** MiB that the server may grow by while an observer works through all keys: two windows of 32 MiB, frames on their way, and what is not collected yet. */
const GROWTH_MIB = 160;

let database: ReplicaSet;
let server: AnnalsProcess;
let client: RawClient;
let sequence: SequenceRef;

beforeAll(async () => {
  database = await startReplicaSet();
  server = await startAnnals({ mongodb: database.url });
  client = new RawClient(server.address);
  sequence = freshSequence();
  for (let at = 0; at < KEYS; at += BATCH) {
    const list = range(at, BATCH).map((i) =>
      event({ eventSourceId: `customer-${i}`, content: json({ key: `key-${i}` }) }),
    );
    await client.appended({ sequence, events: list });
  }
});
afterAll(async () => {
  client.close();
  await server.kill9();
  await database.stop();
});

const residentMib = (): number => {
  const pages = Number(readFileSync(`/proc/${server.pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * PAGE_BYTES) / MIB;
};

/** The most that the server grew by while something was going on. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = residentMib();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, residentMib())), 20);
  try {
    await work();
  } finally {
    clearInterval(sampling);
  }
  return Math.max(most, residentMib()) - before;
}

it.each([
  ['event sources', {}],
  ['values of a property', { partitionKey: { property: 'key' } }],
])(`${KEYS} %s as partitions: the server grows by less than ${GROWTH_MIB} MiB`, async (_, definition) => {
  const calls = new ObserverCalls(client, freshObserver());
  let partitions = 0;
  const grown = await growthDuring(async () => {
    const observer = new RawObserver(server.address, registration(calls.id, sequence, definition), {
      instead: () => partitions++,
    });
    await calls.awaitPosition(KEYS, { withinMs: 45_000 });
    observer.end();
  });
  process.stderr.write(
    `${KEYS} partitions: the server grew by ${grown.toFixed(0)} MiB to ${residentMib().toFixed(0)} MiB\n`,
  );
  expect(partitions).toBe(KEYS);
  expect(grown).toBeLessThan(GROWTH_MIB);
});

it('a client that takes everything and says nothing: no more is read ahead than the window', async () => {
  const calls = new ObserverCalls(client, freshObserver());
  const grown = await growthDuring(async () => {
    const silent = new RawObserver(server.address, registration(calls.id, sequence, {}, { credits: 20_000 }), {
      handling: sayNothing,
    });
    await awaitFact('its credits are used up', () => silent.numbers.length === 20_000, { withinMs: 30_000 });
    silent.cancel();
  });
  expect(grown).toBeLessThan(GROWTH_MIB);
});

it('an observer that throws on every event, with long stacks: what failed is kept as long as texts may be, no more', async () => {
  const calls = new ObserverCalls(client, freshObserver());
  const grown = await growthDuring(async () => {
    const throwing = new RawObserver(server.address, registration(calls.id, sequence, {}, { credits: 1_000 }), {
      // Each answer goes by itself: a thousand of them would be more than one message may be.
      handling: async (delivery) =>
        Promise.resolve([failedAt(delivery, delivery.events[0]?.sequenceNumber ?? 0, 'x'.repeat(20_000))]),
      instead: () => undefined,
    });
    await calls.awaitState('QUARANTINED', { withinMs: 45_000 });
    throwing.end();
  });
  process.stderr.write(`throwing on every event: the server grew by ${grown.toFixed(0)} MiB\n`);
  expect((await calls.get()).failedPartitions).toBeLessThan(5_000);
  expect(grown).toBeLessThan(2 * GROWTH_MIB);
});
