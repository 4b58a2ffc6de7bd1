/** What is known of events beside the log: observers that stand at them, who caused them, and the ordered sequences that they are parts of. */
import type { MongoClient } from 'mongodb';
import type { IdentityRecord } from '../../src/storage/identities';
import { namespaceDatabase } from '../../src/storage/names';
import { ObserverStore } from '../../src/storage/observers';
import type { Failure, FoundEvent, Part, Sighting, Told } from './found';
import type { IdentityLookup } from './identity-lookup';
import { namespaceKey } from './ownership';
import type { EventNode } from './sightings';
import type { FoundSequence } from './traced-sequences';

export interface AnnotationParts {
  readonly client: MongoClient;
  readonly identities: IdentityLookup;
  readonly deployment: string;
}

const NONE: readonly never[] = [];

/** By the ids of the nodes. */
export async function annotated(
  parts: AnnotationParts,
  nodes: readonly EventNode[],
  sequences: readonly FoundSequence[],
): Promise<Map<string, Told>> {
  const here = nodes.flatMap(({ copies }) => copies.filter(({ told }) => told === undefined));
  const [failures, identities] = await Promise.all([failuresAt(parts, here), identitiesOf(parts, here)]);
  const places = partsByEvent(sequences);
  // As nearly all events are: nothing but who caused them is known of them.
  const isPlain = failures.size === 0 && places.size === 0;
  return new Map(
    nodes.map((node): [string, Told] => {
      const { event, copies } = node;
      if (isPlain && event.told === undefined && copies.length === 1)
        return [node.id, { identity: identities.get(identityKey(event)), failures: NONE, parts: NONE }];
      const told = copies.flatMap((copy) => copy.told ?? []);
      const own = copies.flatMap(({ at }) => failures.get(at) ?? []);
      const identity = identities.get(identityKey(event)) ?? told.find((of) => of.identity !== undefined)?.identity;
      const partOf = copies.flatMap(({ eventId, at }) => places.get(partKey(at, eventId)) ?? []);
      return [
        node.id,
        {
          identity,
          failures: [...own, ...told.flatMap((of) => of.failures)],
          parts: distinct([...partOf, ...told.flatMap((of) => of.parts)]),
        },
      ];
    }),
  );
}

async function failuresAt(
  { client }: AnnotationParts,
  events: readonly FoundEvent[],
): Promise<Map<Sighting, Failure[]>> {
  const failures = new Map<Sighting, Failure[]>();
  await Promise.all(
    [...grouped(events, ({ at }) => namespaceKey(at)).values()].map(async (some) => {
      const [first] = some;
      if (first === undefined) return;
      const db = client.db(namespaceDatabase(first.at.store, first.at.namespace));
      const store = new ObserverStore(client, db);
      const standing = await store.failuresAt(some.map(({ at }) => at.number));
      if (standing.length === 0) return;
      const observers = new Map((await store.list()).map((observer) => [observer.id, observer]));
      const byPlace = new Map(some.map(({ at }) => [`${at.sequence}/${at.number}`, at]));
      for (const { observer, failure } of standing) {
        const record = observers.get(observer);
        const at = byPlace.get(`${record?.definition.sequence}/${failure.heldFrom}`);
        if (at === undefined) continue;
        const { attemptCount, attempts, nextRetry } = failure;
        const message = attempts.at(-1)?.message ?? '';
        const quarantined = nextRetry === undefined;
        const of = { observer, attempts: attemptCount, message, quarantined, at };
        failures.set(at, [...(failures.get(at) ?? []), of]);
      }
    }),
  );
  return failures;
}

async function identitiesOf(
  { identities }: AnnotationParts,
  events: readonly FoundEvent[],
): Promise<Map<string, IdentityRecord>> {
  const found = await Promise.all(
    [...grouped(events, ({ at }) => at.store)].map(async ([store, some]) => {
      const records = await identities.find(
        store,
        some.map(({ causedBy }) => causedBy),
      );
      return [...records].map(([id, record]) => [`${store}/${id}`, record] as const);
    }),
  );
  return new Map(found.flat());
}

const identityKey = ({ at, causedBy }: FoundEvent): string => `${at.store}/${causedBy}`;

const partKey = (at: Pick<Sighting, 'deployment' | 'store' | 'namespace'>, eventId: string): string =>
  `${at.deployment}/${at.store}/${at.namespace}/${eventId}`;

/** An ordered sequence is about events of its own namespace. */
function partsByEvent(sequences: readonly FoundSequence[]): Map<string, Part[]> {
  const parts = new Map<string, Part[]>();
  const add = (sequence: FoundSequence, eventId: string, part: Part): void => {
    const key = partKey(sequence, eventId);
    parts.set(key, [...(parts.get(key) ?? []), part]);
  };
  for (const sequence of sequences) {
    const { sequenceId, name, status, phase } = sequence;
    for (const step of sequence.steps) {
      const { order } = step;
      add(sequence, step.eventId, { sequenceId, name, status: step.status, order, compensating: false, phase });
    }
    for (const eventId of sequence.compensatingEventIds) {
      add(sequence, eventId, { sequenceId, name, status, order: 0, compensating: true, phase });
    }
  }
  return parts;
}

const distinct = (parts: readonly Part[]): Part[] => [
  ...new Map(parts.map((part) => [`${part.sequenceId}/${part.order}/${part.compensating}`, part])).values(),
];

function grouped<Of>(all: readonly Of[], keyOf: (one: Of) => string): Map<string, Of[]> {
  const groups = new Map<string, Of[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
