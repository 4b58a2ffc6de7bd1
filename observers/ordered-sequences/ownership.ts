/** What it takes to own the ordered sequences of a namespace: its lease, its log, and the engine that works them. */
import type { MongoClient } from 'mongodb';
import { ORDERED_SEQUENCES_LOG } from '../../src/kernel/names';
import { lastNumber } from '../../src/sequences/reader';
import type { Catalogue } from '../../src/storage/catalogue';
import { namespaceDatabase, sequenceCollection } from '../../src/storage/names';
import type { Ownable } from '../../src/storage/ownership';
import { OrderedSequencesEngine, type EngineOptions } from './engine';
import type { NamespaceAddress } from './journal';

export interface OwnableParts extends Pick<EngineOptions, 'client' | 'sequences' | 'logger' | 'address'> {
  readonly catalogue: Catalogue;
}

const PREFIX = 'ordered-sequences/';

const databaseOf = (client: MongoClient, { store, namespace }: NamespaceAddress) =>
  client.db(namespaceDatabase(store, namespace));

/** Whether the log of a namespace says anything of ordered sequences. */
export async function hasAny(client: MongoClient, namespace: NamespaceAddress): Promise<boolean> {
  const place = { db: databaseOf(client, namespace), collection: sequenceCollection(ORDERED_SEQUENCES_LOG) };
  return (await lastNumber(place, [])) !== undefined;
}

export function ownableNamespaces(parts: OwnableParts): Ownable<NamespaceAddress, OrderedSequencesEngine> {
  const { client, catalogue, sequences, logger, address } = parts;
  return {
    kind: 'namespace of ordered sequences',
    prefix: PREFIX,
    leaseName: ({ store, namespace }) => `${PREFIX}${store}/${namespace}`,
    addressOf: (lease) => {
      const [store = '', namespace = ''] = lease.slice(PREFIX.length).split('/');
      return { store, namespace };
    },
    all: async function* () {
      for (const { name: store, namespaces } of await catalogue.list()) {
        for (const namespace of namespaces) {
          if (await hasAny(client, { store, namespace })) yield { store, namespace };
        }
      }
    },
    require: async ({ store, namespace }) => catalogue.require(store, namespace),
    start: async (namespace) => {
      const db = databaseOf(client, namespace);
      return OrderedSequencesEngine.start({ namespace, client, db, sequences, logger, address });
    },
    expected: ['UNKNOWN_STORE', 'UNKNOWN_NAMESPACE'],
  };
}
