/**
 * Guarantee 1: an acknowledged event is readable for ever; a standalone `mongod` or a weaker write concern is refused
 * at start. What is killed, and when, is test/durability.test.ts; here is what is refused, and an orderly restart.
 */
import { MongoMemoryServer } from 'mongodb-memory-server-core';
import { AnnalsError } from '../src/kernel/annals-error';
import { findMongod } from '../src/storage/embedded/find-mongod';
import { freePort } from '../src/storage/embedded/ports';
import { serve } from './support/in-process-server';
import { event, events, freshSequence, json, range, type RawClient } from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;

beforeAll(async () => {
  database = await startReplicaSet();
});
afterAll(() => database.stop());

async function refusalAtStart(mongodbUrl: string): Promise<AnnalsError> {
  let started;
  try {
    started = await serve(mongodbUrl);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  await started.stop();
  throw new Error('the server started');
}

describe('a deployment that could lose what was acknowledged', () => {
  let standalone: MongoMemoryServer;

  beforeAll(async () => {
    const { path, version } = await findMongod({ env: process.env, onProgress: () => undefined });
    standalone = await MongoMemoryServer.create({
      instance: { port: await freePort(), storageEngine: 'wiredTiger' },
      binary: { systemBinary: path, version },
    });
  });
  afterAll(() => standalone.stop());

  it('a standalone mongod is refused, with what to do', async () => {
    const error = await refusalAtStart(standalone.getUri());
    expect(error).toMatchObject({ code: 'STANDALONE_MONGODB', field: '--mongodb' });
    expect(error.remedy).toMatch(/--replSet/);
  });

  it('--unsafe names the risk and starts on a standalone mongod, which can then be diagnosed', async () => {
    const { client, stop } = await serve(standalone.getUri(), { unsafe: true });
    const { findings } = await client.diagnose();
    expect(findings[0]).toMatchObject({ subject: 'mongodb', health: 'HEALTH_WARNING' });
    expect(findings[0]?.message).toMatch(/can be lost/);
    await client.appended({ events: [event({ eventId: 'on a standalone' })] });
    expect((await client.read()).map(({ eventId }) => eventId)).toEqual(['on a standalone']);
    await stop();
  });
});

it.each([
  ['w=1', 'w=1'],
  ['w=0', 'w=0'],
  ['journal=false', 'journal=false'],
  ['w=1&journal=false', 'w=1,journal=false'],
])('a MongoDB URL with %s is refused, and the message says what stands in the way', async (parameters, asked) => {
  const error = await refusalAtStart(`${database.url}&${parameters}`);
  expect(error).toMatchObject({ code: 'WEAK_WRITE_CONCERN', field: '--mongodb', metadata: { asked } });
});

it.each(['w=majority', 'journal=true', 'w=majority&journal=true'])(
  'a URL with %s asks for nothing weaker',
  async (p) => {
    const { stop } = await serve(`${database.url}&${p}`);
    await stop();
  },
);

it('--unsafe accepts a weaker write concern in the URL, and still writes with majority and journal', async () => {
  const { client, stop } = await serve(`${database.url}&w=1&journal=false`, { unsafe: true });
  await client.appended({ sequence: freshSequence(), events: [event()] });
  await stop();
});

it('no MongoDB at the address is MONGODB_UNREACHABLE, without the password in the message', async () => {
  const port = await freePort();
  const error = await refusalAtStart(`mongodb://me:s3cret@127.0.0.1:${port}/?serverSelectionTimeoutMS=200`);
  expect(error.code).toBe('MONGODB_UNREACHABLE');
  expect(error.message).toContain(`127.0.0.1:${port}`);
  expect(error.message).not.toContain('s3cret');
});

it('an address that is taken is ADDRESS_IN_USE', async () => {
  const first = await serve(database.url);
  await expect(serve(database.url, { listen: first.server.address })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
  await first.stop();
});

it('acknowledged events are there after the server was stopped and another one started, whole and with their numbers', async () => {
  const sequence = freshSequence();
  const wanted = [
    event({ tags: ['a', 'b'], causationId: 'cause', causedBy: 'me', correlationId: 'all', content: json({ n: 1 }) }),
    ...events(20),
  ];
  const whole = async (client: RawClient) => client.read({ sequence });

  const first = await serve(database.url);
  const single = await first.client.appended({ sequence, events: wanted.slice(0, 1) });
  const batch = await first.client.appended({ sequence, events: wanted.slice(1) });
  const before = await whole(first.client);
  await first.stop();

  const second = await serve(database.url);
  const after = await whole(second.client);
  expect(after).toEqual(before);
  expect(after.map(({ eventId }) => eventId)).toEqual(wanted.map(({ eventId }) => eventId));
  expect([single.firstSequenceNumber, batch.firstSequenceNumber, batch.lastSequenceNumber]).toEqual([0, 1, 20]);
  const next = await second.client.appended({ sequence, events: [event()] });
  expect(next.firstSequenceNumber).toBe(21);
  expect(after.map(({ sequenceNumber }) => sequenceNumber)).toEqual(range(0, 21));
  await second.stop();
});
