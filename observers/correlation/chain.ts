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
  const { chain, end } = await climbed(lookup, start, depth);
  return { chain: lookup.far ? await withCopies(lookup, chain) : chain, end };
}

async function climbed(lookup: Lookup, start: EventNode, depth: number): Promise<Upwards> {
  const chain = [start];
  const passed = new Set([start.id]);
  for (let at = start; ;) {
    const cause = await causeOf(lookup, at);
    if (cause === undefined) {
      const { causationId: eventId } = at.event;
      return { chain, end: eventId === '' ? { kind: 'root' } : { kind: 'missing', eventId } };
    }
    if (passed.has(cause.id)) return { chain, end: { kind: 'circular' } };
    if (chain.length > depth) return { chain, end: { kind: 'cut' } };
    chain.push(cause);
    passed.add(cause.id);
    at = cause;
  }
}

/** On the way up each event was looked for near the one below it; it may be recorded elsewhere too. */
async function withCopies(lookup: Lookup, chain: readonly EventNode[]): Promise<EventNode[]> {
  const found = await lookup.copies(chain.map(({ event }) => event.eventId));
  const whole = new Map<string, EventNode>();
  for (const node of nodesOf([...chain.flatMap(({ copies }) => copies), ...found], lookup.deployment)) {
    for (const copy of node.copies) whole.set(keyOf(copy), node);
  }
  return chain.map((node) => whole.get(keyOf(node.event)) ?? node);
}

async function causeOf(lookup: Lookup, node: EventNode): Promise<EventNode | undefined> {
  const { causationId } = node.event;
  const about = await lookup.announced(node.copies.filter(({ announcement }) => announcement !== undefined));
  const near = about.length > 0 ? [] : await lookup.near(node, causationId);
  // An event that names its own id may mean another one of that id.
  const isNear = near.some(({ eventId }) => eventId !== node.event.eventId);
  const named = isNear ? near : await lookup.byEventIds([causationId]);
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
  const known = new KnownEvents();
  for (const event of starts) known.add(event);
  let above = nodesOf(starts, deployment);
  let count = above.length;
  /** Where those stand of which more came. */
  const cutAt = new Set<string>();
  let frontier = [...ids];
  for (let level = 1; frontier.length > 0; level++) {
    const room = Math.max(0, limit - count);
    const found = (await lookup.effects(frontier, Math.max(1, room) + 1)).filter((event) => !known.has(event));
    if (found.length === 0) break;
    // What is known already may have been found at another place. To look through all of it again at each level would
    // cost the square of what a deep tree has.
    const fresh = nodesOf([...known.named(found), ...found], deployment).filter(
      ({ copies }) => !copies.some((copy) => known.has(copy)),
    );
    const kept = level > depth ? [] : fresh.slice(0, room);
    const left = fresh.slice(kept.length);
    const parents = new KnownNodes([...above, ...fresh]);
    for (const node of left) {
      const parent = parents.parentOf(node);
      if (parent !== undefined) cutAt.add(keyOf(parent.event));
    }
    const leftOut = new Set(left.flatMap(({ copies }) => copies.map(keyOf)));
    for (const event of found) if (!leftOut.has(keyOf(event))) known.add(event);
    if (level > depth) break;
    [above, count] = [kept, count + kept.length];
    frontier = [...new Set(kept.map(({ event }) => event.eventId))];
    // What came of the last ones is looked at once more, to tell that there is more.
    if (left.length > 0) level = depth;
  }
  const events = known.all();
  const isCut = ({ copies }: EventNode): boolean => copies.some((copy) => cutAt.has(keyOf(copy)));
  const cut = cutAt.size === 0 ? [] : nodesOf(events, deployment).filter(isCut);
  return { events, cut: new Set(cut.map(({ id }) => id)) };
}

/** Events by where they stand and by what they are called. */
class KnownEvents {
  readonly #byPlace = new Map<string, FoundEvent>();
  readonly #byEventId = new Map<string, FoundEvent[]>();

  has(event: FoundEvent): boolean {
    return this.#byPlace.has(keyOf(event));
  }

  add(event: FoundEvent): void {
    if (this.has(event)) return;
    this.#byPlace.set(keyOf(event), event);
    const same = this.#byEventId.get(event.eventId);
    if (same === undefined) this.#byEventId.set(event.eventId, [event]);
    else same.push(event);
  }

  /** Those that have the ids of these. */
  named(events: readonly FoundEvent[]): FoundEvent[] {
    const ids = new Set(events.map(({ eventId }) => eventId));
    return [...ids].flatMap((id) => this.#byEventId.get(id) ?? []);
  }

  all(): FoundEvent[] {
    return [...this.#byPlace.values()];
  }
}

const keyOf = ({ at }: FoundEvent): string => `${at.deployment}:${placeKey(at)}`;
