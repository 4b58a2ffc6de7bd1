/**
 * Where everything is kept: the one place that makes database and collection names.
 * One database for each store and namespace, one for each store's definitions, one for the catalogue.
 */
import { WELL_KNOWN_SEQUENCES } from '../kernel/names';

/** The catalogue of stores, and the servers that work on this deployment. */
export const CATALOGUE_DATABASE = 'annals';

/** Every database of Annals' events starts so; the change stream listens to these alone. */
export const EVENT_DATABASE_PREFIX = 'annals+';

/** The definitions that hold for all namespaces of a store. */
export const storeDatabase = (store: string): string => `${EVENT_DATABASE_PREFIX}${store}`;

/** The store whose definitions a database holds; undefined of any other database. */
export function storeOfDatabase(database: string): string | undefined {
  if (!database.startsWith(EVENT_DATABASE_PREFIX)) return undefined;
  const store = database.slice(EVENT_DATABASE_PREFIX.length);
  return store.includes('+') ? undefined : store;
}

/** A namespace's events, and what is derived from them. */
export const namespaceDatabase = (store: string, namespace: string): string =>
  `${EVENT_DATABASE_PREFIX}${store}+${namespace}`;

/** A custom sequence is set apart by a prefix, so that no user's name can meet an internal collection. */
const CUSTOM_PREFIX = 'sequence+';

const isWellKnown = (name: string): boolean => (WELL_KNOWN_SEQUENCES as readonly string[]).includes(name);

export const sequenceCollection = (sequence: string): string =>
  isWellKnown(sequence) ? sequence : `${CUSTOM_PREFIX}${sequence}`;

/** The sequence that a collection holds; undefined for a collection that is not an event sequence. */
export function sequenceOfCollection(collection: string): string | undefined {
  if (isWellKnown(collection)) return collection;
  return collection.startsWith(CUSTOM_PREFIX) ? collection.slice(CUSTOM_PREFIX.length) : undefined;
}
