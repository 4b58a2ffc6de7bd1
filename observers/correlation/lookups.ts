/** What a lookup begins with: the namespaces here that it looks at, each as it is at that moment, and the servers that it asks. */
import type { MongoClient } from 'mongodb';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Catalogue } from '../../src/storage/catalogue';
import { namespaceDatabase } from '../../src/storage/names';
import { wordsOf } from '../relay/trouble';
import type { Gap } from './found';
import type { LinksKnown } from './links-known';
import { Lookup } from './lookup';
import { namespaceKey, type NamespaceAddress } from './ownership';
import { territory, type AskedServer, type KnownLink } from './reach';
import { sequencesKept } from './sequences-kept';
import type { Servers } from './servers';
import type { SequencesOfTrace } from './traced-sequences';
import { NamespaceView } from './view';

export interface LookupsOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly deployment: string;
  readonly links: LinksKnown;
  readonly servers: Servers;
  /** Somebody waits for a namespace's projection. */
  readonly hurry: (namespace: NamespaceAddress) => void;
}

/** How far a lookup goes. */
export interface Reach {
  readonly local: boolean;
  readonly peers: readonly AskedServer[];
  readonly hops: number;
  readonly visited: readonly string[];
}

interface Asked {
  /** The log of ordered sequences is looked at too. */
  readonly sequenceLog: boolean;
  /** How long each server may take for an answer, in ms. */
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Lookups {
  readonly #sequences: SequencesOfTrace;

  constructor(private readonly options: LookupsOptions) {
    this.#sequences = sequencesKept(options.client);
  }

  /** @throws AnnalsError UNKNOWN_STORE, UNKNOWN_NAMESPACE for those that were asked for */
  async open(
    from: readonly NamespaceAddress[],
    { local, peers, hops, visited }: Reach,
    { sequenceLog, waitMs, signal }: Asked,
  ): Promise<Lookup> {
    const { catalogue, deployment, servers } = this.options;
    for (const { store, namespace } of from) await catalogue.require(store, namespace);
    const links = await this.options.links.all();
    const reached = territory({ links, from, deployment, local, visited, peers });
    const gaps: Gap[] = [];
    const views = await Promise.all(
      reached.namespaces.map(async (address) => {
        try {
          await catalogue.require(address.store, address.namespace);
        } catch (error) {
          if (!(error instanceof AnnalsError)) throw error;
          // A link may be made before its source.
          gaps.push({ where: namespaceKey(address), reason: wordsOf(error) });
          return undefined;
        }
        return this.#view(address, links, sequenceLog);
      }),
    );
    return new Lookup({
      deployment,
      views: views.filter((view) => view !== undefined),
      sequences: this.#sequences,
      asked: reached.servers,
      servers,
      hops,
      visited,
      waitMs,
      sequenceLog,
      gaps,
      signal,
    });
  }

  async #view(address: NamespaceAddress, links: readonly KnownLink[], sequenceLog: boolean): Promise<NamespaceView> {
    const { client, deployment, hurry } = this.options;
    const into = links.filter(({ target }) => namespaceKey(target) === namespaceKey(address));
    const sources = new Map(
      into.map(({ link, source, sourceDeployment }) => [
        link,
        source.hosts.length === 0 ? deployment : sourceDeployment,
      ]),
    );
    return NamespaceView.open({
      db: client.db(namespaceDatabase(address.store, address.namespace)),
      address,
      deployment,
      sourceOf: (link) => sources.get(link) ?? '',
      sequenceLog,
      hurry: () => {
        hurry(address);
      },
    });
  }
}
