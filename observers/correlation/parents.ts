/** Which node an event hangs under: what it announces something about, or the event that its causation id names. */
import { samePlace, type FoundEvent } from './found';
import type { EventNode } from './sightings';

/** Nodes by what others know them by. */
export class KnownNodes {
  readonly #byEventId = new Map<string, EventNode[]>();
  /** By the place of what was announced. */
  readonly #announced = new Map<string, EventNode>();

  constructor(nodes: Iterable<EventNode>) {
    for (const node of nodes) {
      const same = this.#byEventId.get(node.event.eventId);
      if (same === undefined) this.#byEventId.set(node.event.eventId, [node]);
      else same.push(node);
    }
    for (const node of nodes) {
      for (const { at, announcedAt } of node.copies) {
        for (const number of announcedAt) this.#announced.set(placeOf({ ...at, number }), node);
      }
    }
  }

  /** The node that it hangs under, when that is known. */
  parentOf(node: EventNode): EventNode | undefined {
    return this.#announcedOf(node) ?? this.#causeOf(node);
  }

  /** Any node of this event id. */
  named(eventId: string): EventNode | undefined {
    return eventId === '' ? undefined : this.#byEventId.get(eventId)?.[0];
  }

  #announcedOf({ copies }: EventNode): EventNode | undefined {
    for (const { announcement, at } of copies) {
      if (announcement === undefined) continue;
      const about = this.#announced.get(placeOf(at));
      if (about !== undefined) return about;
    }
    return undefined;
  }

  /** An event id is unique in a sequence only: of several the nearest one is meant, and another one than itself. */
  #causeOf(node: EventNode): EventNode | undefined {
    if (node.event.causationId === '') return undefined;
    const named = this.#byEventId.get(node.event.causationId);
    if (named === undefined) return undefined;
    let [nearest] = named;
    if (named.length === 1) return nearest;
    for (const candidate of named) {
      if (nearest === undefined || nearness(node, candidate) > nearness(node, nearest)) nearest = candidate;
    }
    return nearest;
  }
}

const placeOf = ({ deployment, store, namespace, sequence, number }: FoundEvent['at']): string =>
  `${deployment}/${store}/${namespace}/${sequence}/${number}`;

/** How likely it is that `candidate` is the one that `node` names: what weighs more stands higher. */
function nearness(node: EventNode, candidate: EventNode): number {
  if (node.id === candidate.id) return -1;
  const pairs = node.copies.flatMap((a) => candidate.copies.map((b) => [a.at, b.at] as const));
  const sameSequence = pairs.some(([a, b]) => samePlace({ ...a, number: 0 }, { ...b, number: 0 }));
  const sameNamespace = pairs.some(
    ([a, b]) => a.deployment === b.deployment && a.store === b.store && a.namespace === b.namespace,
  );
  const sameCorrelation = node.event.correlationId === candidate.event.correlationId;
  return (sameNamespace ? 4 : 0) + (sameSequence ? 2 : 0) + (sameCorrelation ? 1 : 0);
}
