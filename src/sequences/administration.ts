/** What is administered: stores and namespaces. Each act is an event on `system`, so that the audit costs nothing. */
import { overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_NAMESPACE } from '../kernel/names';
import type { Catalogue, StoreEntry } from '../storage/catalogue';
import type { Sequences } from './sequences';

/** Makes a store and its namespaces unless they are there. `created`: something was not. */
export async function ensureStore(
  catalogue: Catalogue,
  sequences: Sequences,
  store: string,
  namespaces: readonly string[],
): Promise<{ entry: StoreEntry; created: boolean }> {
  checkName(store, 'store');
  namespaces.forEach((namespace, i) => checkName(namespace, `namespaces[${i}]`));
  if (namespaces.length > LIMITS.namespacesPerEnsure) {
    throw overLimit('namespaces', LIMITS.namespacesPerEnsure, namespaces.length, 'namespaces');
  }
  const { entry, added } = await catalogue.ensure(store, namespaces);
  // Recorded for all that are there, not only what was added now: after a crash between the two steps
  // the next call makes up for it, and the event id makes the rest duplicates.
  for (const namespace of new Set([DEFAULT_NAMESPACE, ...namespaces])) {
    await sequences.recordAct(store, namespace, 'NamespaceCreated', { store, namespace });
  }
  return { entry, created: added.length > 0 };
}
