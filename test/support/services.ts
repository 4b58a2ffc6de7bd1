/** Services with an outbox and an inbox each, on servers inside the test's process, and what suites of the relay ask of them. */
import { connect, type Annals, type LinkInfo, type RecordedEvent } from '../../src/client';
import { awaitValue } from './await-fact';
import { serve, type ServedHere } from './in-process-server';
import { startReplicaSet, type ReplicaSet } from './replica-set';

export interface Services {
  readonly databases: readonly ReplicaSet[];
  readonly servers: readonly ServedHere[];
  /** A new store, and a client of it. @param at which of the deployments it is in. */
  service(name: string, at?: number): Promise<Annals>;
  /** How a link names the service's store from another deployment. */
  connection(service: Annals, at: number): string;
  stop(): Promise<void>;
}

/** @param deployments each with a database and a server of its own. */
export async function startServices(deployments = 1): Promise<Services> {
  const databases = await Promise.all(Array.from({ length: deployments }, async () => startReplicaSet()));
  const servers = await Promise.all(databases.map(async ({ url }) => serve(url)));
  const clients: Annals[] = [];
  let serial = 0;
  const address = (at: number): string => servers[at]?.server.address ?? '';
  return {
    databases,
    servers,
    service: async (name, at = 0) => {
      // Names are the suite's, and each test has services of its own.
      const store = `${name}-${++serial}`;
      const client = connect(`annals://${address(at)}/${store}`);
      clients.push(client);
      await client.stores.ensure(store);
      return client;
    },
    connection: ({ store }, at) => `annals://${address(at)}/${store}`,
    stop: async () => {
      await Promise.all(clients.map(async (client) => client.close()));
      await Promise.all(servers.map(async (server) => server.stop()));
      await Promise.all(databases.map(async (database) => database.stop()));
    },
  };
}

/** Every event and announcement of a sequence, with every generation. */
export async function all(sequence: ReturnType<Annals['sequence']>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of sequence.read({ filters: [{ announcements: true }], allGenerations: true })) {
    events.push(event);
  }
  return events;
}

/** The link has come past everything that its source has. */
export async function level(target: Annals, source: Annals, id = 'link', sequence = 'outbox'): Promise<LinkInfo> {
  const tail = (await source.sequence(sequence).tail({ filters: [{ announcements: true }] })) ?? -1;
  return until(target, `${id} is past ${tail}`, ({ position }) => position > tail, id);
}

/** The link once it is as wanted. */
export async function until(
  target: Annals,
  what: string,
  isSo: (link: LinkInfo) => boolean,
  id = 'link',
): Promise<LinkInfo> {
  let last = '';
  return awaitValue(
    what,
    async () => {
      const link = await target.links.get(id);
      last = JSON.stringify(link);
      return isSo(link) ? link : undefined;
    },
    { withinMs: 40_000, instead: () => last },
  );
}
