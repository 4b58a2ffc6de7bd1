/** The catalogue of stores and their namespaces, kept in the `annals` database and remembered here. */
import type { Collection, MongoClient } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_NAMESPACE, WELL_KNOWN_SEQUENCES } from '../kernel/names';
import { ensureEventCollection } from './event-collections';
import { WRITE_CONCERN } from './insert-events';
import { CATALOGUE_DATABASE, namespaceDatabase } from './names';

interface StoreDocument {
  readonly _id: string;
  readonly namespaces: string[];
  readonly created: Date;
}

export interface StoreEntry {
  readonly name: string;
  readonly namespaces: readonly string[];
}

export class Catalogue {
  /** What is known to exist. A store is never removed, so a hit needs no second look. */
  readonly #known = new Map<string, Set<string>>();
  readonly #stores: Collection<StoreDocument>;

  constructor(private readonly client: MongoClient) {
    this.#stores = client.db(CATALOGUE_DATABASE).collection('stores');
  }

  /** Passes when the namespace exists; otherwise UNKNOWN_STORE or UNKNOWN_NAMESPACE, naming what there is. */
  async require(store: string, namespace: string): Promise<void> {
    if (this.#known.get(store)?.has(namespace) === true) return;
    const found = await this.#stores.findOne({ _id: store });
    if (found === null) {
      throw new AnnalsError('UNKNOWN_STORE', `there is no store ${store}`, {
        field: 'sequence.store',
        metadata: { store },
      });
    }
    this.#known.set(store, new Set(found.namespaces));
    if (found.namespaces.includes(namespace)) return;
    throw new AnnalsError('UNKNOWN_NAMESPACE', `the store ${store} has no namespace ${namespace}`, {
      field: 'sequence.namespace',
      metadata: { store, namespace },
    });
  }

  /** Whether `require` would pass without asking the database. */
  knows(store: string, namespace: string): boolean {
    return this.#known.get(store)?.has(namespace) === true;
  }

  /**
   * Makes a store and its namespaces with their collections, each unless it is there. Returns the
   * store and the namespaces that were not in the catalogue before.
   */
  async ensure(store: string, namespaces: readonly string[]): Promise<{ entry: StoreEntry; added: string[] }> {
    const wanted = [...new Set([DEFAULT_NAMESPACE, ...namespaces])];
    // Collections first: a namespace that the catalogue names is complete, whatever crashes in between.
    for (const namespace of wanted) {
      if (this.knows(store, namespace)) continue;
      const db = this.client.db(namespaceDatabase(store, namespace));
      for (const sequence of WELL_KNOWN_SEQUENCES) await ensureEventCollection(db, sequence);
    }
    const before = await this.#stores.findOneAndUpdate(
      { _id: store },
      { $addToSet: { namespaces: { $each: wanted } }, $setOnInsert: { created: new Date() } },
      { upsert: true, returnDocument: 'before', writeConcern: WRITE_CONCERN },
    );
    const existing = before?.namespaces ?? [];
    const added = wanted.filter((namespace) => !existing.includes(namespace));
    const all = [...existing, ...added];
    this.#known.set(store, new Set(all));
    return { entry: { name: store, namespaces: all }, added };
  }

  /** One store. @throws AnnalsError UNKNOWN_STORE */
  async entry(store: string): Promise<StoreEntry> {
    await this.require(store, DEFAULT_NAMESPACE);
    const found = await this.#stores.findOne({ _id: store });
    return { name: store, namespaces: found?.namespaces ?? [] };
  }

  async list(): Promise<StoreEntry[]> {
    const stores = await this.#stores.find().sort({ _id: 1 }).toArray();
    return stores.map(({ _id, namespaces }) => ({ name: _id, namespaces }));
  }
}
