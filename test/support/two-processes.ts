/** Two servers on one database, each a process of its own that may be killed at any moment. */
import { startAnnals, type AnnalsProcess } from './annals-process';
import { RawClient } from './raw-client';
import { startReplicaSet, type ReplicaSet } from './replica-set';

export class TwoProcesses {
  private constructor(
    readonly database: ReplicaSet,
    readonly servers: [AnnalsProcess, AnnalsProcess],
    readonly clients: [RawClient, RawClient],
  ) {}

  static async start(): Promise<TwoProcesses> {
    const database = await startReplicaSet();
    const start = async () => startAnnals({ mongodb: database.url });
    const servers: [AnnalsProcess, AnnalsProcess] = [await start(), await start()];
    return new TwoProcesses(database, servers, [new RawClient(servers[0].address), new RawClient(servers[1].address)]);
  }

  /** `kill -9`, and another one in its place. */
  async killAndReplace(which: 0 | 1): Promise<void> {
    const { servers, clients, database } = this;
    await servers[which].kill9();
    clients[which].close();
    servers[which] = await startAnnals({ mongodb: database.url });
    clients[which] = new RawClient(servers[which].address);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.servers.map(async (server) => server.kill9()));
    await this.database.stop();
  }
}
