/**
 * What is tortured: two servers on one database, each a process of its own, with a wire that can be
 * cut between it and its clients and another between it and the database. Addresses that clients
 * know stay the same over restarts, as behind a load balancer.
 */
import { startAnnals, type AnnalsProcess, type Exit } from '../support/annals-process';
import { pause, within } from '../support/await-fact';
import { startReplicaSet, type ReplicaSet } from '../support/replica-set';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

/** Unless a run wants another number. */
const SERVERS = 2;

/** Milliseconds between attempts to start a server whose database is down just then. */
const START_AGAIN_MS = 300;
const STARTS_AT_MOST = 40;

/** Milliseconds for a server to drain and stop. */
const DRAIN_WITHIN_MS = 20_000;

export interface Deployment {
  readonly servers: readonly ServerSlot[];
  readonly database: ReplicaSet;
  /** What went wrong beside any call: a server that stopped although nobody stopped it, or did not stop as it should. */
  readonly problems: readonly string[];
  /** Where clients reach the servers, whatever is restarted. */
  readonly addresses: readonly string[];
  /** A client's connection string, with this server first. */
  connectionString(first: number): string;
  /** Every wire whole again. */
  heal(): void;
  stop(): Promise<void>;
}

export class ServerSlot {
  #process: AnnalsProcess | undefined;
  #expectedToStop = false;

  constructor(
    readonly name: string,
    /** Between clients and the server. */
    readonly clientWire: TcpProxy,
    /** Between the server and the database. */
    readonly databaseWire: TcpProxy,
    private readonly problems: string[],
  ) {}

  /** The database may be down just now: then it is tried again, as whoever supervises servers does. */
  async start(): Promise<void> {
    let last: unknown;
    for (let attempt = 0; attempt < STARTS_AT_MOST; attempt += 1) {
      try {
        const mongodb = `mongodb://${this.databaseWire.address}/?directConnection=true`;
        const started = await startAnnals({ mongodb });
        this.#process = started;
        this.#expectedToStop = false;
        this.clientWire.retarget(started.port);
        void started.exited.then((exit) => this.#judgeExit(started, exit));
        return;
      } catch (error) {
        last = error;
        await pause(START_AGAIN_MS);
      }
    }
    throw last;
  }

  async kill9(): Promise<void> {
    this.#expectedToStop = true;
    await this.#process?.kill9();
  }

  /** Stops it in order, which must end with code 0 and in time. */
  async drain(): Promise<void> {
    const stopping = this.#process;
    if (stopping === undefined || stopping.hasExited()) return;
    this.#expectedToStop = true;
    stopping.sigterm();
    try {
      const exit = await within(DRAIN_WITHIN_MS, `${this.name} drains`, stopping.exited);
      if (exit.code !== 0)
        this.problems.push(`${this.name} drained with ${JSON.stringify(exit)}:\n${stopping.output()}`);
    } catch (error) {
      this.problems.push(`${String(error)}:\n${stopping.output()}`);
      await stopping.kill9();
    }
  }

  output = (): string => this.#process?.output() ?? '';

  #judgeExit({ output }: AnnalsProcess, exit: Exit): void {
    if (!this.#expectedToStop)
      this.problems.push(`${this.name} stopped by itself with ${JSON.stringify(exit)}:\n${output()}`);
  }
}

export async function deploy(count = SERVERS): Promise<Deployment> {
  const problems: string[] = [];
  const database = await startReplicaSet({ members: 1 });
  const databasePort = database.members[0]?.port ?? 0;
  const servers: ServerSlot[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.kill9()));
    await Promise.all(servers.flatMap((server) => [server.clientWire.close(), server.databaseWire.close()]));
    await database.stop();
  };
  try {
    for (let i = 0; i < count; i += 1) {
      // Port 9 is never asked: a wire to clients gets its target when the server listens.
      const [clientWire, databaseWire] = [await startTcpProxy(9), await startTcpProxy(databasePort)];
      servers.push(new ServerSlot(`server-${i + 1}`, clientWire, databaseWire, problems));
    }
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = servers.map(({ clientWire }) => clientWire.address);
  return {
    servers,
    database,
    problems,
    addresses,
    connectionString: (first) => {
      const inOrder = addresses.map((_, i) => addresses[(first + i) % addresses.length] ?? '');
      return `annals://${inOrder.join(',')}/default`;
    },
    heal: () => {
      for (const { clientWire, databaseWire } of servers) {
        for (const wire of [clientWire, databaseWire]) {
          wire.release();
          wire.refuseNew(false);
        }
      }
    },
    stop,
  };
}
