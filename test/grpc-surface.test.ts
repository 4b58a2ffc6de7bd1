/** What every gRPC tool expects of a server: health, reflection, and what this server says of itself. */
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join } from 'node:path';
import { serve, type ServedHere } from './support/in-process-server';
import { refusal } from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let here: ServedHere;

beforeAll(async () => {
  database = await startReplicaSet();
  here = await serve(database.url);
});
afterAll(async () => {
  await here.stop();
  await database.stop();
});

/** A service of a standard proto that an npm package brings. */
function standardService(folder: string, file: string, service: string, address: string): grpc.Client {
  const loaded = loadSync(file, { includeDirs: [folder], longs: Number, enums: String, oneofs: true });
  // The loader types every entry as the union of services, messages and enums; the name says which it is.
  const definition = loaded[service] as grpc.ServiceDefinition;
  const Client = grpc.makeGenericClientConstructor(definition, service);
  return new Client(address, grpc.credentials.createInsecure());
}

const call = <Response>(client: grpc.Client, method: string, request: object): Promise<Response> =>
  new Promise((resolve, reject) => {
    type Unary = (request: object, done: (error: grpc.ServiceError | null, response?: Response) => void) => void;
    // Clients that are made from a definition have their methods as properties without a type.
    const send = (client as unknown as Record<string, Unary>)[method] as Unary;
    send.call(client, request, (error, response) => (error === null ? resolve(response as Response) : reject(error)));
  });

const HEALTH_PROTO = join(require.resolve('grpc-health-check/package.json'), '../proto');

it('health says SERVING for the server and for its event sequences, and NOT_FOUND for what it has not', async () => {
  const health = standardService(HEALTH_PROTO, 'health/v1/health.proto', 'grpc.health.v1.Health', here.server.address);
  expect(await call(health, 'Check', { service: '' })).toEqual({ status: 'SERVING' });
  expect(await call(health, 'Check', { service: 'annals.v1.EventSequences' })).toEqual({ status: 'SERVING' });
  expect((await refusal(call(health, 'Check', { service: 'nobody' }))).status).toBe(grpc.status.NOT_FOUND);
  health.close();
});

it.each(['v1', 'v1alpha'])('reflection (%s) lists the services of the contract', async (version) => {
  const folder = join(require.resolve('@grpc/reflection'), '../../proto');
  const name = `grpc.reflection.${version}.ServerReflection`;
  const client = standardService(folder, `grpc/reflection/${version}/reflection.proto`, name, here.server.address);
  interface Listed {
    listServicesResponse: { service: { name: string }[] };
  }
  const listed = await new Promise<Listed>((resolve, reject) => {
    type Open = () => grpc.ClientDuplexStream<object, Listed>;
    // As above: a method without a type.
    const stream = ((client as unknown as Record<string, Open>)['ServerReflectionInfo'] as Open).call(client);
    stream.on('data', (response: Listed) => {
      resolve(response);
      stream.end();
    });
    stream.on('error', reject);
    stream.write({ listServices: '' });
  });
  const names = listed.listServicesResponse.service.map((service) => service.name);
  expect(names).toEqual(expect.arrayContaining(['annals.v1.EventSequences', 'annals.v1.Stores', 'annals.v1.Server']));
  client.close();
});

it('Server.GetInfo says what this server is', async () => {
  const before = Date.now();
  const info = await here.client.info();
  expect(info).toMatchObject({
    serverId: here.server.serverId,
    address: here.server.address,
    mongodbVersion: here.server.mongodb.version,
    mongodbEmbedded: false,
    dataFolder: '',
  });
  expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(info.memoryBytes).toBeGreaterThan(0);
  expect(info.started?.seconds).toBeLessThanOrEqual(before / 1_000);
});

it('Server.Diagnose finds MongoDB, disk and clock well, and tells the time', async () => {
  const { findings, now } = await here.client.diagnose();
  expect(findings.map(({ subject, health }) => [subject, health])).toEqual([
    ['mongodb', 'HEALTH_OK'],
    ['transactions', 'HEALTH_OK'],
    ['disk', 'HEALTH_OK'],
    ['clock', 'HEALTH_OK'],
  ]);
  expect(findings.map(({ message }) => message)).not.toContain('');
  expect(Math.abs((now?.seconds ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
});

it('Server.Diagnose says what to do when the disk is nearly full', async () => {
  const tight = await serve(database.url, { minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
  const { findings } = await tight.client.diagnose();
  expect(findings.find(({ subject }) => subject === 'disk')).toMatchObject({
    health: 'HEALTH_FAILING',
    remedy: expect.stringContaining('Make room'),
  });
  await tight.stop();
});

it('a method that the contract has not is UNIMPLEMENTED', async () => {
  const client = new grpc.Client(here.server.address, grpc.credentials.createInsecure());
  const asIs = (bytes: Buffer): Buffer => bytes;
  const error = await new Promise<grpc.ServiceError | null>((resolve) => {
    client.makeUnaryRequest('/annals.v1.EventSequences/Truncate', asIs, asIs, Buffer.alloc(0), resolve);
  });
  expect(error?.code).toBe(grpc.status.UNIMPLEMENTED);
  client.close();
});
