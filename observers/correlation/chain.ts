/** Up and down from an event along what caused what, through whatever correlation ids. */
import { placeKey, type FoundEvent } from './found';
import type { Lookup } from './lookup';
import { KnownNodes } from './parents';
import { nodesOf, type EventNode } from './sightings';

export interface Upwards {
  /** The event, then its cause, and so on. */
  readonly chain: readonly EventNode[];
  /** Why there is no more: the last one has no cause, is among those that it caused, or was as far as was asked for. The cause that is nowhere is named. */
  readonly end:
    | { readonly kind: 'root' }
    | { readonly kind: 'circular' }
    | { readonly kind: 'cut' }
    | { readonly kind: 'missing'; readonly eventId: string };
}

export async function upwards(lookup: Lookup, start: EventNode, depth: number): Promise<Upwards> {
  const chain = [start];
  for (let at = start; ;) {
    const cause = await causeOf(lookup, at);
    if (cause === undefined) {
      const { causationId: eventId } = at.event;
      return { chain, end: eventId === '' ? { kind: 'root' } : { kind: 'missing', eventId } };
    }
    if (chain.some(({ id }) => id === cause.id)) return { chain, end: { kind: 'circular' } };
    if (chain.length > depth) return { chain, end: { kind: 'cut' } };
    chain.push(cause);
    at = cause;
  }
}

async function causeOf(lookup: Lookup, node: EventNode): Promise<EventNode | undefined> {
  const about = await lookup.announced(node.copies.filter(({ announcement }) => announcement !== undefined));
  const named = await lookup.byEventIds([node.event.causationId]);
  const all = nodesOf([...node.copies, ...about, ...named], lookup.deployment);
  const self = all.find(({ copies }) => copies.some(({ at }) => placeKey(at) === placeKey(node.event.at)));
  return self === undefined ? undefined : new KnownNodes(all).parentOf(self);
}

export interface Downwards {
  /** What it began with, too. */
  readonly events: readonly FoundEvent[];
  /** The ids of nodes of which more came. */
  readonly cut: ReadonlySet<string>;
}

/** @param ids of events that may not be recorded anywhere, too. @param limit nodes at most. */
export async function downwards(
  lookup: Lookup,
  starts: readonly FoundEvent[],
  ids: readonly string[],
  depth: number,
  limit: number,
): Promise<Downwards> {
  const { deployment } = lookup;
  const known = new Map(starts.map((event) => [keyOf(event), event]));
  let nodes = nodesOf(known.values(), deployment);
  const cut = new Set<string>();
  let frontier = [...ids];
  for (let level = 1; frontier.length > 0; level++) {
    const room = limit - nodes.length;
    const found = (await lookup.effects(frontier, Math.max(1, room) + 1)).filter((event) => !known.has(keyOf(event)));
    if (found.length === 0) break;
    const before = new Set(nodes.map(({ id }) => id));
    const all = nodesOf([...known.values(), ...found], deployment);
    const fresh = all.filter(({ id }) => !before.has(id));
    const kept = level > depth ? [] : fresh.slice(0, Math.max(0, room));
    const parents = new KnownNodes(all);
    for (const left of fresh.slice(kept.length)) {
      const parent = parents.parentOf(left);
      if (parent !== undefined) cut.add(parent.id);
    }
    const left = new Set(fresh.slice(kept.length).flatMap(({ copies }) => copies.map(keyOf)));
    for (const event of found) if (!left.has(keyOf(event))) known.set(keyOf(event), event);
    nodes = nodesOf(known.values(), deployment);
    if (level > depth) break;
    frontier = [...new Set(kept.map(({ event }) => event.eventId))];
    // What came of the last ones is looked at once more, to tell that there is more.
    if (kept.length < fresh.length) level = depth;
  }
  return { events: [...known.values()], cut };
}

const keyOf = ({ at }: FoundEvent): string => `${at.deployment}:${placeKey(at)}`;
