/** A server's own observers under races that the wire is too slow for. */
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import type { SequenceAddress } from '../src/kernel/names';
import { namespaceDatabase, sequenceCollection } from '../src/storage/names';
import { MongoConstraintKeeper } from '../src/constraints/keeper';
import type { TypeSource } from '../src/event-types/types-of-store';
import { newId } from '../src/kernel/ids';
import { ObserverDirectory } from '../src/observation/directory';
import { IDLE_MS, Ownership } from '../src/observation/ownership';
import { Sequences } from '../src/sequences/sequences';
import { typesOf } from '../src/sequences/stored-event.testing';
import { Catalogue } from '../src/storage/catalogue';
import { Leases } from '../src/storage/leases';
import type { ObserverDefinition } from '../src/storage/observers';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** Turns of the microtask queue between the one's look and the other's: giving up is decided within them. */
const TURNS_APART = [0, 1, 2, 3, 4];

const addressOf = (turns: number) => ({ store: 'default', namespace: 'default', observer: `owned-${turns}` });

let database: ReplicaSet;
let served: ServedHere;
let client: MongoClient;
/** One for each observer: a server looks through its observers one after the other. */
let ownerships: Ownership[];

/** Nothing is appended through it: its sequences have no types and no constraints. */
const noTypes = typesOf([]);
const types: TypeSource = {
  known: () => noTypes,
  load: async () => Promise.resolve(noTypes),
  refresh: async () => Promise.resolve(noTypes),
};
beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
  client = await new MongoClient(database.url).connect();
  const logger = pino({ level: 'silent' });
  const catalogue = new Catalogue(client);
  const constraints = ({ store, namespace, sequence }: SequenceAddress): MongoConstraintKeeper =>
    new MongoConstraintKeeper({
      db: client.db(namespaceDatabase(store, namespace)),
      sequence,
      collection: sequenceCollection(sequence),
      cast: () => undefined,
    });
  const sequences = new Sequences({ client, catalogue, types, constraints, logger, gate: () => undefined });
  const directory = new ObserverDirectory(client, catalogue);
  const leases = new Leases(client, newId(), () => '127.0.0.1:1', 10_000);
  ownerships = TURNS_APART.map(() => new Ownership({ leases, directory, sequences, logger }));
  const definition: ObserverDefinition = {
    sequence: 'log',
    filters: [],
    partitionBy: { kind: 'source' },
    content: 'json',
    generations: [],
    allGenerations: false,
  };
  const store = await directory.store(addressOf(0));
  for (const turns of TURNS_APART) await store.create(addressOf(turns).observer, definition, 0);
});
afterAll(async () => {
  for (const ownership of ownerships) await ownership.stop();
  await client.close();
  await served.stop();
  await database.stop();
});

it('who comes in the very moment in which an observer is given up gets one that stays', async () => {
  const pairs = ownerships.map((ownership, i) => ({ ownership, turns: TURNS_APART[i] ?? 0 }));
  for (const { ownership, turns } of pairs) {
    await ownership.with(addressOf(turns), async () => Promise.resolve());
    await ownership.tidy();
  }
  const since = performance.now();
  await awaitFact('nobody has needed them for so long that they go', () => performance.now() - since > IDLE_MS);
  for (const { ownership, turns } of pairs) {
    const address = addressOf(turns);
    const giving = ownership.tidy();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const coming = ownership.with(address, async (engine) => {
      await giving;
      return { engine, here: await ownership.here(address) };
    });
    const { engine, here } = await coming;
    expect({ turns, stays: here === engine }).toEqual({ turns, stays: true });
  }
});
