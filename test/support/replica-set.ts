/**
 * A replica set of its own for a suite or a benchmark: real `mongod`s on a temporary folder, whose members
 * can be killed and started again, and whose primary can be told to step down.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, MongoServerError } from 'mongodb';
import { findMongod } from '../../src/storage/embedded/find-mongod';
import { MongodProcess } from '../../src/storage/embedded/mongod-process';
import { freePort } from '../../src/storage/embedded/ports';
import { reachPrimary } from '../../src/storage/embedded/replica-set-state';

const NAME = 'suite';

/** Suites are small; several sets run beside each other. */
const CACHE_GB = 0.25;

/** A set of three needs about six seconds on two cores. */
const PRIMARY_WITHIN_MS = 60_000;

/** A primary that is killed is missed after this long, where MongoDB's default is 10 s: suites kill many. */
const ELECTION_TIMEOUT_MS = 1_000;

/** How long a primary that stepped down keeps from standing again. */
const STEPPED_DOWN_FOR_S = 5;

/** How long it waits for a secondary to have everything first; must be shorter. */
const CATCH_UP_WITHIN_S = 3;

export interface Member {
  readonly port: number;
  /** Of its run now, or of its last one. */
  readonly pid: number;
}

export interface ReplicaSet {
  readonly url: string;
  readonly members: readonly Member[];
  /** Index of the member that is primary now; waits for one. */
  primary(): Promise<number>;
  /** `kill -9`; resolves when it has ended. */
  kill(member: number): Promise<void>;
  /** Starts a killed member on its port and data; resolves when the set has a primary. */
  restart(member: number): Promise<void>;
  /** Tells the primary to step down; resolves when another one (or, alone, the same) is elected. */
  stepDown(): Promise<void>;
  /** Stops all and removes the data. */
  stop(): Promise<void>;
}

export async function startReplicaSet(
  options: {
    readonly members?: number;
    readonly ports?: readonly number[];
    readonly cacheGb?: number;
    readonly within?: string;
  } = {},
): Promise<ReplicaSet> {
  const binary = await findMongod({ env: process.env, onProgress: () => undefined });
  const folder = await mkdtemp(join(options.within ?? tmpdir(), 'annals-replica-set-'));
  const count = options.ports?.length ?? options.members ?? 1;

  const launch = async (member: number, port: number): Promise<MongodProcess> => {
    const dbPath = join(folder, String(member));
    await mkdir(dbPath, { recursive: true });
    return MongodProcess.launch({ binary, dbPath, port, replicaSet: NAME, cacheGb: options.cacheGb ?? CACHE_GB });
  };
  const running = await Promise.all(
    Array.from({ length: count }, async (_, member) => launch(member, options.ports?.[member] ?? (await freePort()))),
  );
  const at = (member: number): MongodProcess => {
    const mongod = running[member];
    if (mongod === undefined) throw new Error(`there is no member ${member}`);
    return mongod;
  };
  const hosts: [string, ...string[]] = [at(0).host, ...running.slice(1).map((mongod) => mongod.host)];
  const url = `mongodb://${hosts.join(',')}/?replicaSet=${NAME}`;
  // The configuration is in place after the first start; from then on any member may be asked.
  const awaitPrimary = async (asked: number) =>
    reachPrimary({
      name: NAME,
      hosts: [at(asked).host, ...hosts.filter((host) => host !== at(asked).host)],
      settings: { electionTimeoutMillis: ELECTION_TIMEOUT_MS },
      signal: AbortSignal.timeout(PRIMARY_WITHIN_MS),
    });
  const stop = async () => {
    await Promise.all(running.map(async (mongod) => mongod.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await awaitPrimary(0);
    await untilAllServe(url);
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    url,
    get members() {
      return running.map((mongod) => ({ port: Number(mongod.host.split(':')[1]), pid: mongod.pid }));
    },
    primary: async () => {
      const host = await primaryHost(url);
      return running.findIndex((mongod) => mongod.host === host);
    },
    kill: async (member) => {
      process.kill(at(member).pid, 'SIGKILL');
      await at(member).exit;
      await at(member).stop(); // so that nothing of the run is left
    },
    restart: async (member) => {
      running[member] = await launch(member, Number(at(member).host.split(':')[1]));
      await awaitPrimary(member);
    },
    stepDown: async () => {
      await stepPrimaryDown(url, count);
      await primaryHost(url);
    },
    stop,
  };
}

const withClient = async <T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> => {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: PRIMARY_WITHIN_MS });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
};

async function primaryHost(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const hello = await client.db('admin').command({ hello: 1 });
    return String(hello['me']);
  });
}

async function stepPrimaryDown(url: string, count: number): Promise<void> {
  await withClient(url, async (client) => {
    try {
      await client
        .db('admin')
        .command(
          count === 1
            ? { replSetStepDown: 1, force: true }
            : { replSetStepDown: STEPPED_DOWN_FOR_S, secondaryCatchUpPeriodSecs: CATCH_UP_WITHIN_S },
        );
    } catch (error) {
      if (error instanceof MongoServerError) throw error; // it refused; a lost connection is what it does when it obeys
    }
  });
}

/** Until then a set of three is one vote away from losing its majority. */
async function untilAllServe(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (;;) {
      const status = await client.db('admin').command({ replSetGetStatus: 1 });
      // The documented form of the answer.
      const members = status['members'] as readonly { readonly stateStr: string }[];
      if (members.every(({ stateStr }) => stateStr === 'PRIMARY' || stateStr === 'SECONDARY')) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
}
