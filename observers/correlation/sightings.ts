/**
 * An event that was relayed is one thing seen at several places: its copies have its event id and say where they
 * came from. Events of different origin may have the same event id, which is unique in an event sequence only.
 */
import { placeKey, samePlace, type FoundEvent, type Sighting } from './found';

/** An event with all places where it was seen. */
export interface EventNode {
  /** Of the place where it was appended, as far as that is known. */
  readonly id: string;
  /** At the place that is nearest to where it was appended. */
  readonly event: FoundEvent;
  /** That place first, and then by how many links it came through. */
  readonly copies: readonly FoundEvent[];
}

/** The events as nodes, in the order of the log as far as there is one. @param ours the deployment that needs no name. */
export function nodesOf(events: Iterable<FoundEvent>, ours: string): EventNode[] {
  const byEventId = new Map<string, FoundEvent[]>();
  for (const event of events) {
    const others = byEventId.get(event.eventId);
    if (others === undefined) byEventId.set(event.eventId, [event]);
    else if (!others.some(({ at }) => isSame(at, event.at))) others.push(event);
  }
  const nodes: EventNode[] = [];
  for (const same of byEventId.values()) {
    for (const copies of grouped(same)) nodes.push(nodeOf(copies, ours));
  }
  return nodes.sort((a, b) => byRecording(a.event, b.event));
}

/** By when they were recorded, and by the log where that says nothing. */
export const byRecording = (a: FoundEvent, b: FoundEvent): number =>
  a.at.recorded.getTime() - b.at.recorded.getTime() || byPlace(a.at, b.at);

const byPlace = (a: Sighting, b: Sighting): number =>
  compare(a.store, b.store) ||
  compare(a.namespace, b.namespace) ||
  compare(a.sequence, b.sequence) ||
  compare(a.deployment, b.deployment) ||
  a.number - b.number;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isSame = (a: Sighting, b: Sighting): boolean => placeKey(a) === placeKey(b) && a.deployment === b.deployment;

/** Splits events of one id into those that are the same event. */
function grouped(events: readonly FoundEvent[]): (readonly FoundEvent[])[] {
  if (events.length === 1) return [events];
  const groups: FoundEvent[][] = [];
  for (const event of events) {
    const related = groups.filter((group) => group.some((other) => areCopies(event, other)));
    const merged = [...related.flat(), event];
    for (const group of related) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups;
}

/** One was relayed from the other, or both from the same place. */
export function areCopies(a: FoundEvent, b: FoundEvent): boolean {
  if (a.origin !== undefined && samePlace(a.origin, b.at)) return true;
  if (b.origin !== undefined && samePlace(b.origin, a.at)) return true;
  return a.origin !== undefined && b.origin !== undefined && samePlace(a.origin, b.origin);
}

function nodeOf(group: readonly FoundEvent[], ours: string): EventNode {
  const [only] = group;
  if (only !== undefined && group.length === 1)
    return { id: nodeId(only.origin ?? only.at, ours), event: only, copies: group };
  const copies = group.toSorted((a, b) => a.hops - b.hops || byRecording(a, b));
  const event = copies[0];
  if (event === undefined) throw new Error('a node has an event');
  return { id: nodeId(event.origin ?? event.at, ours), event, copies };
}

function nodeId(place: Sighting, ours: string): string {
  const { deployment } = place;
  return deployment === '' || deployment === ours ? placeKey(place) : `${deployment}:${placeKey(place)}`;
}

/** All places where the event is recorded: where it was seen, and where it must be since it was relayed from there. */
export function sightingsOf({ copies }: EventNode): Sighting[] {
  const seen = copies.map(({ at }) => at);
  const origins = copies.flatMap(({ origin }) => origin ?? []);
  const unseen: Sighting[] = [];
  for (const origin of origins) {
    if (![...seen, ...unseen].some((at) => samePlace(at, origin))) unseen.push(origin);
  }
  return [...unseen, ...seen];
}
