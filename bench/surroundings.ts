/**
 * What every measure works with: a MongoDB, the server and the client, each in a process of its own
 * (the client in this one), and the floor's connection to the same MongoDB.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Annals } from '../src/client';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../src/kernel/names';
import { startEmbeddedMongod } from '../src/storage/embedded/embedded-mongod';
import { namespaceDatabase } from '../src/storage/names';
import { SharedLog } from './catch-up';
import { Floor, type FloorCollection } from './floor';
import { OBSERVER_PREFIX } from './observing';
import { processes, type Processes } from './processes';
import { startServerProcess, type ServerProcess } from './server-process';
import { forgetTypedStore, TypedStore } from './typed-store';

/** The sequence that is read from zero. */
export const LOG = 'bench-log';

export interface Surroundings {
  readonly annals: Annals;
  readonly server: ServerProcess;
  readonly floor: Floor;
  readonly processes: Processes;
  /** Where Annals keeps a sequence. */
  stored(sequence: string): FloorCollection;
  /** What the reading measures read. */
  readonly log: SharedLog;
  /** Where types are registered. */
  readonly typed: TypedStore;
  stop(): Promise<void>;
}

export interface SurroundingsOptions {
  /** Somebody's own replica set; absent: one is started on a temporary folder. */
  readonly mongodbUrl: string | undefined;
  readonly tell: (text: string) => void;
}

/** Runs what was put on it, last first. */
type Undo = (() => Promise<unknown>)[];

const undoAll = async (undo: Undo): Promise<void> => {
  for (const step of undo.splice(0).reverse()) await step();
};

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
  return {
    annals,
    server,
    floor,
    processes: processes(server.pid, mongod?.pid),
    stored: (sequence) => floor.sequenceOf(database, sequence),
    log,
    typed,
    stop: () => undoAll(undo),
  };
}

async function startMongod(undo: Undo, tell: (text: string) => void) {
  const dataFolder = await mkdtemp(join(tmpdir(), 'annals-bench-'));
  undo.push(() => rm(dataFolder, { recursive: true, force: true }));
  const mongod = await startEmbeddedMongod({
    dataFolder,
    onProgress: (progress) => {
      if (progress.kind === 'step') tell(progress.text);
    },
  });
  undo.push(() => mongod.stop());
  return mongod;
}
