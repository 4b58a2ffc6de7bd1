/**
 * Guarantee 1: an acknowledged event is readable for ever; here, after what ends a process without
 * a word. With it go 2 (numbers contiguous), 3 (batches whole) and 5 (the same ids sent again).
 */
import { connect, type Annals } from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy';
import { judgeUnderLoad } from './torture/load';
import { seeded } from './torture/random';

/** Acknowledgements that show that a server is at work. */
const SOME = 200;

let database: ReplicaSet;
let server: AnnalsProcess;
/** Keeps the address that clients know over the server's restarts. */
let wire: TcpProxy;
let clients: [Annals, ...Annals[]];

beforeEach(async () => {
  database = await startReplicaSet({ members: 1 });
  server = await startAnnals({ mongodb: database.url });
  wire = await startTcpProxy(server.port);
  const client = () => connect(`annals://${wire.address}/default`);
  clients = [client(), client(), client(), client()];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await wire.close();
  await server.kill9();
  await database.stop();
});

async function restartServer(): Promise<void> {
  server = await startAnnals({ mongodb: database.url });
  wire.retarget(server.port);
}

it('acknowledged events are readable after a kill -9 of the server under load', async () => {
  const objections = await judgeUnderLoad(clients, { random: seeded(1), some: SOME }, async () => {
    await server.kill9();
    await restartServer();
  });
  expect(objections).toEqual([]);
});

it('acknowledged events are readable after a kill -9 of mongod under load, through the same server', async () => {
  const { pid } = server;
  const objections = await judgeUnderLoad(clients, { random: seeded(2), some: SOME }, async () => {
    await database.kill(0);
    await database.restart(0);
  });
  expect(objections).toEqual([]);
  expect([server.pid, server.hasExited()]).toEqual([pid, false]);
});

it('acknowledged events are readable after both were killed at once', async () => {
  const objections = await judgeUnderLoad(clients, { random: seeded(3), some: SOME }, async () => {
    await Promise.all([server.kill9(), database.kill(0)]);
    await database.restart(0);
    await restartServer();
  });
  expect(objections).toEqual([]);
});
