/** What it takes to own a namespace's projection of causes: its lease, and what projects. */
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import type { Catalogue } from '../../src/storage/catalogue';
import { CorrelationStore } from '../../src/storage/correlation';
import { namespaceDatabase } from '../../src/storage/names';
import type { Ownable } from '../../src/storage/ownership';
import { TracedEvents } from '../../src/storage/traced-events';
import { Projector } from './projector';

export interface NamespaceAddress {
  readonly store: string;
  readonly namespace: string;
}

const LEASE_PREFIX = 'correlation/';

/** No name can hold a slash. */
export const namespaceKey = ({ store, namespace }: NamespaceAddress): string => `${store}/${namespace}`;

export interface ProjectorParts {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
}

export const ownableProjections = (parts: ProjectorParts): Ownable<NamespaceAddress, Projector> => ({
  kind: 'projection of causes',
  prefix: LEASE_PREFIX,
  leaseName: (address) => `${LEASE_PREFIX}${namespaceKey(address)}`,
  addressOf: (lease) => {
    const [store = '', namespace = ''] = lease.slice(LEASE_PREFIX.length).split('/');
    return { store, namespace };
  },
  all: () => namespaces(parts.catalogue),
  require: async ({ store, namespace }) => parts.catalogue.require(store, namespace),
  // What it writes is a function of the log, so an earlier owner that still writes does no harm, and no epoch is needed.
  start: async (address) => {
    const db = parts.client.db(namespaceDatabase(address.store, address.namespace));
    const projector = new Projector({
      store: new CorrelationStore(db),
      events: new TracedEvents(db),
      logger: parts.logger,
      name: namespaceKey(address),
    });
    await projector.start();
    return projector;
  },
  expected: [],
});

/** Every namespace of the deployment. */
export async function* namespaces(catalogue: Catalogue): AsyncGenerator<NamespaceAddress> {
  for (const { name: store, namespaces: all } of await catalogue.list()) {
    for (const namespace of all) yield { store, namespace };
  }
}
