/**
 * Guarantee 12: memory stays bounded with any number of slow consumers, oversized requests and long logs. The server
 * runs in a process of its own, and says itself how much memory it has.
 */
import { TUNING } from '../src/sequences/tuning';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact, pause } from './support/await-fact';
import { serve } from './support/in-process-server';
import {
  event,
  events,
  freshSequence,
  json,
  numbersOf,
  range,
  RawClient,
  type SequenceRef,
} from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { openSilently, requestBytes, subscribeSilently, type SilentStream } from './support/silent-client';

const MIB = 1024 * 1024;

/** Bytes that the server may have, whoever does not read. */
const MEMORY_BYTES = 250 * MIB;

/** Consumers that never read. Each is a connection of its own, so that none is held back by another's window. */
const CONSUMERS = 100;

/** AppendStreams whose answers nobody reads. */
const STREAMS = 20;

/** Messages of a thousand appends that each of them sends: far more than a stream may have unanswered. */
const MESSAGES = 60;

/** Milliseconds between two looks at the memory: a page or an answer lives longer. */
const LOOK_EVERY_MS = 50;

/** Bytes of events that are recorded meanwhile: kept for each consumer, a thirtieth of them would be too much. */
const LOG_MIB = 50;
const LOG_BYTES = LOG_MIB * MIB;

let database: ReplicaSet;
let server: AnnalsProcess;
let writer: RawClient;
let silent: SilentStream[];

beforeAll(async () => {
  database = await startReplicaSet();
});
afterAll(() => database.stop());

beforeEach(async () => {
  server = await startAnnals({ mongodb: database.url });
  writer = new RawClient(server.address);
  silent = [];
});
afterEach(async () => {
  for (const client of [writer, ...silent]) client.close();
  await server.kill9();
});

const memory = async (): Promise<number> => (await writer.info()).memoryBytes;

/** The highest of what the server said while `work` ran, and after it. */
async function peakDuring(work: () => Promise<void>): Promise<number> {
  let peak = 0;
  let working = true;
  const watching = (async () => {
    while (working) {
      peak = Math.max(peak, await memory());
      await pause(LOOK_EVERY_MS);
    }
  })();
  await work().finally(() => (working = false));
  await watching;
  return Math.max(peak, await memory());
}

async function subscribeWithoutReading(sequence: SequenceRef): Promise<void> {
  for (const i of range(0, CONSUMERS)) {
    const contentType = i % 2 === 0 ? 'CONTENT_TYPE_BSON' : 'CONTENT_TYPE_JSON';
    silent.push(await subscribeSilently(server.address, { sequence, contentType }));
  }
}

describe.each([
  ['of 5 KB', 5_000, 200, MEMORY_BYTES],
  // A message cannot be less than one event, which is there twice while gRPC hands it to HTTP/2: as the message, whose
  // buffer may be a quarter larger, and as the frame that gRPC made of it.
  ['of 900 KB', 900_000, 5, MEMORY_BYTES + CONSUMERS * 2.5 * MIB],
])(`events %s`, (_, size, batch, most) => {
  const content = json({ text: 'x'.repeat(size) });
  const rounds = Math.ceil(LOG_BYTES / size / batch);
  const write = async (sequence: SequenceRef): Promise<void> => {
    for (const _round of range(0, rounds)) await writer.appended({ sequence, events: events(batch, { content }) });
  };

  it(`${CONSUMERS} subscribers that never read cost no memory while ${LOG_MIB} MiB are recorded, and a reader gets all`, async () => {
    const sequence = freshSequence();
    const follower = writer.subscribe({ sequence, contentType: 'CONTENT_TYPE_BSON' });
    await subscribeWithoutReading(sequence);
    const peak = await peakDuring(async () => {
      await write(sequence);
      await awaitFact('the reader has all', () => follower.events.length >= rounds * batch, { withinMs: 60_000 });
    });
    follower.cancel();
    expect(numbersOf(follower.events)).toEqual(range(0, rounds * batch));
    expect(peak / MIB).toBeLessThan(most / MIB);
  });

  it(`${CONSUMERS} subscribers that never read begin at 0 of a log of ${LOG_MIB} MiB`, async () => {
    const sequence = freshSequence();
    await write(sequence);
    const peak = await peakDuring(async () => {
      await subscribeWithoutReading(sequence);
      // One that comes after all of them and reads to the end shows that the server has served them meanwhile.
      expect(await writer.read({ sequence })).toHaveLength(rounds * batch);
    });
    expect(peak / MIB).toBeLessThan(most / MIB);
  });
});

it('AppendStream clients that never read their answers are held back, and cost others nothing', async () => {
  const sequence = freshSequence();
  // Refused at once, so that there are many answers, each longer than what it answers.
  const items = range(0, 1_000).map((requestId) => ({ requestId, append: { sequence, events: [{ type: 'x' }] } }));
  const message = requestBytes('AppendStream', { items });
  const open = async (messages: number): Promise<SilentStream> => {
    const stream = await openSilently(server.address, 'AppendStream');
    silent.push(stream);
    for (const _ of range(0, messages)) stream.send(message);
    return stream;
  };
  const peak = await peakDuring(async () => {
    const streams = await Promise.all(range(0, STREAMS).map(() => open(MESSAGES)));
    // One that does read shows that others are served meanwhile.
    const reading = await open(MESSAGES / 3);
    reading.read();
    await awaitFact('the server has taken all from the stream that reads', () => reading.untaken() === 0);
    for (const _ of range(0, 20)) await writer.appended({ sequence, events: [event()] });
    expect(streams.filter((stream) => stream.untaken() === 0)).toEqual([]);
  });
  expect(await writer.tail({ sequence })).toBe(19);
  expect(peak / MIB).toBeLessThan(MEMORY_BYTES / MIB);
});

it('oversized requests are turned away without being kept', async () => {
  const sequence = freshSequence();
  const tooMuch = events(40, { content: json({ text: 'x'.repeat(1_000_000) }) });
  const peak = await peakDuring(async () => {
    // Twelve of 40 MB: what is kept of a few of them would be seen.
    for (const _ of range(0, 3)) {
      const outcomes = await Promise.allSettled(range(0, 4).map(() => writer.append({ sequence, events: tooMuch })));
      expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    }
  });
  expect(await writer.tail({ sequence })).toBeUndefined();
  expect(peak / MIB).toBeLessThan(MEMORY_BYTES / MIB);
});

it('a queue that is full answers OVERLOADED, records nothing of what it answered so, and loses nothing of the rest', async () => {
  // In this process, since answers are counted and not memory.
  const here = await serve(database.url);
  const sequence = freshSequence();
  const stream = here.client.appendStream();
  const answered = new Map<number, string>();
  stream.on('data', (response: { results: { requestId: number; failure?: { code: string } | null }[] }) => {
    for (const { requestId, failure } of response.results) answered.set(requestId, failure?.code ?? 'recorded');
  });
  stream.on('error', () => undefined);
  // Calls of many events: the queue counts events, and a stream has no more than so many calls open.
  const calls = range(0, (3 * TUNING.queueEvents) / 100).map((requestId) => ({
    requestId,
    append: { sequence, events: events(100, { correlationId: `call ${requestId}` }) },
  }));
  stream.write({ items: calls });
  await awaitFact('all are answered', () => answered.size === calls.length, { withinMs: 40_000 });
  const codes = new Set(answered.values());
  expect(codes).toEqual(new Set(['recorded', 'OVERLOADED']));

  const log = await here.client.read({ sequence, contentType: 'CONTENT_TYPE_BSON' });
  const recorded = calls.filter(({ requestId }) => answered.get(requestId) === 'recorded');
  expect(log).toHaveLength(recorded.length * 100);
  expect(new Set(log.map(({ correlationId }) => correlationId))).toEqual(
    new Set(recorded.map(({ requestId }) => `call ${requestId}`)),
  );
  // What was turned away can be sent again.
  const [turnedAway] = calls.filter(({ requestId }) => answered.get(requestId) === 'OVERLOADED');
  expect(await here.client.appended(turnedAway?.append ?? {})).toMatchObject({
    firstSequenceNumber: log.length,
    duplicate: false,
  });
  stream.end();
  await here.stop();
});
