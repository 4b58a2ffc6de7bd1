/** Administrative acts. Each is an event on the `system` sequence, so that the audit costs nothing. */
import { BSON } from 'mongodb';
import { ContentType, type AppendRequest } from '../contract/messages';
import { overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_NAMESPACE, SYSTEM_SEQUENCE } from '../kernel/names';
import type { Catalogue, StoreEntry } from '../storage/catalogue';
import type { Sequences } from './sequences';
import { TUNING } from './tuning';

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
    await recordAct(sequences, store, namespace, 'NamespaceCreated', { store, namespace });
  }
  return { entry, created: added.length > 0 };
}

/** @param content names the thing that the act is about; with `type` it makes the event id, so an act is recorded once. */
async function recordAct(
  sequences: Sequences,
  store: string,
  namespace: string,
  type: string,
  content: Readonly<Record<string, string>>,
): Promise<void> {
  const subject = Object.values(content).join('/');
  const request: AppendRequest = {
    sequence: { store, namespace, sequence: SYSTEM_SEQUENCE },
    events: [
      {
        eventId: `${type}:${subject}`,
        type,
        generation: 1,
        eventSourceId: subject,
        tags: [],
        correlationId: '',
        causationId: '',
        causedBy: 'annals',
        occurred: undefined,
        validFrom: undefined,
        content: Buffer.from(BSON.serialize(content)),
        contentType: ContentType.BSON,
      },
    ],
    expectations: [],
  };
  await sequences.record(request.sequence, request, performance.now() + TUNING.appendDeadlineMs);
}
