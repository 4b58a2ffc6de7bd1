/**
 * What every measure works with: a MongoDB, the server and the client, each in a process of its own
 * (the client in this one), and the floor's connection to the same MongoDB.
 */
import { connect, type Annals } from '../src/client';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../src/kernel/names';
import { namespaceDatabase } from '../src/storage/names';
import { SharedLog } from './catch-up';
import { Elsewhere } from './elsewhere';
import { Floor, type FloorCollection } from './floor';
import { startMongod, undoAll, type Undo } from './mongod';
import { OBSERVER_PREFIX } from './observing';
import { processes, type Processes } from './processes';
import { forgetRelayStores } from './relay-names';
import { forgetSagaStore } from './saga-names';
import { startServerProcess, type ServerProcess } from './server-process';
import { forgetCausesStore } from './trace-names';
import { forgetTypedStore, TypedStore } from './typed-store';

/** The sequence that is read from zero. */
export const LOG = 'bench-log';

export interface Surroundings {
  readonly annals: Annals;
  readonly server: ServerProcess;
  readonly floor: Floor;
  /** Undefined of a MongoDB that is not ours. */
  readonly mongodPid: number | undefined;
  readonly processes: Processes;
  /** Where Annals keeps a sequence. */
  stored(sequence: string): FloorCollection;
  /** What the reading measures read. */
  readonly log: SharedLog;
  /** Where types are registered. */
  readonly typed: TypedStore;
  /** Another deployment, for what goes between two. */
  readonly elsewhere: Elsewhere;
  /** For a person, about progress. */
  readonly tell: (text: string) => void;
  stop(): Promise<void>;
}

export interface SurroundingsOptions {
  /** Somebody's own replica set; absent: one is started on a temporary folder. */
  readonly mongodbUrl: string | undefined;
  readonly tell: (text: string) => void;
}

export async function startSurroundings(options: SurroundingsOptions): Promise<Surroundings> {
  const undo: Undo = [];
  try {
    return await start(options, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function start({ mongodbUrl, tell }: SurroundingsOptions, undo: Undo): Promise<Surroundings> {
  const mongod = mongodbUrl === undefined ? await startMongod(undo, tell) : undefined;
  const url = mongodbUrl ?? mongod?.url ?? '';
  await forgetTypedStore(url);
  undo.push(() => forgetTypedStore(url));
  await forgetRelayStores(url);
  undo.push(() => forgetRelayStores(url));
  await forgetSagaStore(url);
  undo.push(() => forgetSagaStore(url));
  await forgetCausesStore(url);
  undo.push(() => forgetCausesStore(url));
  const server = await startServerProcess(url);
  undo.push(() => server.stop());
  const floor = await Floor.connect(url);
  undo.push(() => floor.close());
  const database = namespaceDatabase(DEFAULT_STORE, DEFAULT_NAMESPACE);
  // What a run that was cut short has left stands at other logs' numbers. This server has not looked at it yet.
  await floor.forgetObservers(database, OBSERVER_PREFIX);
  undo.push(() => floor.forgetObservers(database, OBSERVER_PREFIX));
  const log = new SharedLog(() => floor.collection(LOG, database));
  undo.push(() => log.drop());
  const annals = connect(`annals://${server.address}`);
  undo.push(() => annals.close());
  const typed = new TypedStore(server.address);
  undo.push(() => typed.close());
  const elsewhere = new Elsewhere(tell);
  undo.push(() => elsewhere.stop());
  return {
    annals,
    server,
    floor,
    mongodPid: mongod?.pid,
    processes: processes([server.pid], [mongod?.pid]),
    stored: (sequence) => floor.sequenceOf(database, sequence),
    log,
    typed,
    elsewhere,
    tell,
    stop: () => undoAll(undo),
  };
}
