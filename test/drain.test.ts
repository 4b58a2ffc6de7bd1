/** Guarantee 13: a stop by SIGTERM drains. What was taken in is answered, and nothing that was acknowledged is lost. */
import { connect, type Annals } from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { within } from './support/await-fact';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy';
import { judgeUnderLoad } from './torture/load';
import { seeded } from './torture/random';

/** Milliseconds in which a server under load is gone: what was queued is committed, what is open is closed. */
const GONE_WITHIN_MS = 15_000;
/** Acknowledgements that show that a server is at work. */
const SOME = 200;

let database: ReplicaSet;
let server: AnnalsProcess;
let wire: TcpProxy;
let clients: [Annals, ...Annals[]];

beforeAll(async () => {
  database = await startReplicaSet({ members: 1 });
});
afterAll(() => database.stop());

beforeEach(async () => {
  server = await startAnnals({ mongodb: database.url });
  wire = await startTcpProxy(server.port);
  const client = () => connect(`annals://${wire.address}/default`);
  clients = [client(), client(), client(), client()];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await wire.close();
  await server.kill9();
});

it('a server under load stops in time with code 0, every acknowledged event is there, and a fresh server goes on', async () => {
  const objections = await judgeUnderLoad(clients, { random: seeded(1), some: SOME }, async () => {
    server.sigterm();
    expect(await within(GONE_WITHIN_MS, 'the server is gone', server.exited)).toEqual({ code: 0, signal: null });
    server = await startAnnals({ mongodb: database.url });
    wire.retarget(server.port);
  });
  expect(objections).toEqual([]);
});

it('a subscriber that is waiting for events does not hold a stop up', async () => {
  const [subscriber] = clients;
  const states: string[] = [];
  const ended = new AbortController();
  const following = (async () => {
    const events = subscriber.eventLog.subscribe({
      signal: ended.signal,
      onStateChange: (state) => {
        states.push(state);
        if (state === 'live') server.sigterm();
      },
    });
    for await (const _ of events) continue;
  })().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  expect(await within(GONE_WITHIN_MS, 'the server is gone', server.exited)).toEqual({ code: 0, signal: null });
  expect(states).toContain('live');
  ended.abort();
  await following;
});

it('an idle server stops with code 0', async () => {
  server.sigterm();
  expect(await within(GONE_WITHIN_MS, 'the server is gone', server.exited)).toEqual({ code: 0, signal: null });
});
