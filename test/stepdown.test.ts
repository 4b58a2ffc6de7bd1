/**
 * Guarantees 1 and 2 over an election: three `mongod`s, and a primary that steps down, or is killed,
 * in the middle of appends.
 */
import { connect, type Annals } from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { judgeUnderLoad } from './torture/load';
import { seeded } from './torture/random';

/** Acknowledgements that show that a server is at work. */
const SOME = 100;
/** Milliseconds for a test: each election costs seconds, and three `mongod`s share the machine. */
const TEST_MS = 180_000;

let database: ReplicaSet;
let server: AnnalsProcess;
let clients: [Annals, ...Annals[]];

beforeAll(async () => {
  database = await startReplicaSet({ members: 3 });
  server = await startAnnals({ mongodb: database.url });
  const client = () => connect(`annals://${server.address}/default`);
  clients = [client(), client(), client(), client()];
}, TEST_MS);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.kill9();
  await database.stop();
}, TEST_MS);

it(
  'appends go on over a stepdown and a killed primary: acknowledged events are there once, numbers contiguous, batches whole',
  async () => {
    const objections = await judgeUnderLoad(clients, { random: seeded(1), some: SOME }, async () => {
      await database.stepDown();
      const primary = await database.primary();
      await database.kill(primary);
      await database.primary();
      await database.restart(primary);
    });
    expect(objections).toEqual([]);
    expect(server.hasExited()).toBe(false);
  },
  TEST_MS,
);
