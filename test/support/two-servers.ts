/** Two servers on one database: what one of them promises must hold through the other. */
import { serve, type ServedHere } from './in-process-server';
import type { RawClient } from './raw-client';
import { startReplicaSet, type ReplicaSet } from './replica-set';

export interface TwoServers {
  readonly database: ReplicaSet;
  readonly a: RawClient;
  readonly b: RawClient;
  /** The one or the other, by turns. */
  readonly either: (i: number) => RawClient;
  stop(): Promise<void>;
}

export async function serveTwice(): Promise<TwoServers> {
  const database = await startReplicaSet();
  const servers: [ServedHere, ServedHere] = [await serve(database.url), await serve(database.url)];
  const [a, b] = servers;
  return {
    database,
    a: a.client,
    b: b.client,
    either: (i) => (i % 2 === 0 ? a : b).client,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await database.stop();
    },
  };
}
