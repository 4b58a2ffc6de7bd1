/**
 * A page of a trace. What fits one page is one tree. What does not comes by when it was recorded, each page a tree
 * of its own, and costs what a page costs: nothing of the pages before is remembered but where they ended.
 */
import { downwards, upwards } from './chain';
import { placeKey, type FoundEvent } from './found';
import { itemsOf, missingItem, type Ingredients, type Item } from './items';
import type { Lookup } from './lookup';
import { KnownNodes } from './parents';
import { notOurs, pageToken, type PageState } from './page-token';
import { nodesOf, type EventNode } from './sightings';

export type TraceAbout =
  { readonly kind: 'correlation'; readonly id: string } | { readonly kind: 'event'; readonly id: string };

export interface TracePage extends Ingredients {
  readonly items: readonly Item[];
  /** Empty: that was all. */
  readonly next: string;
}

/** How far up and down from an event, into other correlations. */
const DEPTH = 1_000;

export async function tracePage(
  lookup: Lookup,
  about: TraceAbout,
  page: PageState | undefined,
  size: number,
): Promise<TracePage> {
  if (page !== undefined && about.kind === 'correlation' && page.correlationIds.join() !== about.id) throw notOurs();
  const starts = about.kind === 'event' && page === undefined ? await lookup.byEventIds([about.id]) : [];
  const correlationIds = page?.correlationIds ?? correlationsOf(about, starts);
  const taken = await lookup.members(correlationIds, page?.cursors, size);
  const isWhole = page === undefined && taken.ended;
  const around =
    about.kind === 'event' && page === undefined ? await surroundings(lookup, about.id, starts, size) : NONE;
  const announced = await lookup.announced(taken.events);
  // Those of the correlation have pages of their own.
  const isElsewhere = (event: FoundEvent): boolean => !isWhole && correlationIds.includes(event.correlationId);
  const ofMembers = placesAnnounced(taken.events);
  const beside = [
    ...around.events,
    ...announced.filter((event) => !isElsewhere(event) && ofMembers.has(placeKey(event.at))),
  ];
  const nodes = await pageNodes(lookup, taken.events, beside, isWhole);
  const { others, elsewhere } = await causes(lookup, nodes, announced, isElsewhere);
  const copies = [...nodes, ...nodesOf(others, lookup.deployment)].flatMap((node) => node.copies);
  const all = others.length === 0 ? nodes : nodesOf(copies, lookup.deployment);
  const inPage = new Set(nodes.map(({ id }) => id));
  const eventIds = [...new Set(nodes.map(({ event }) => event.eventId))];
  const sequences = await lookup.orderedSequences(page === undefined ? correlationIds : [], eventIds);
  const shown = isWhole
    ? sequences
    : sequences.filter(({ correlationId }) => page === undefined && correlationIds.includes(correlationId));
  const ingredients = {
    nodes: all,
    sequences,
    elsewhere,
    cut: around.cut,
    // Why a cause of another correlation came about is not part of this one.
    tops: new Set(all.filter(({ id }) => !inPage.has(id)).map(({ id }) => id)),
    deployment: lookup.deployment,
  };
  const items = withStart(itemsOf({ ...ingredients, sequences: shown }), about, starts, page);
  return { ...ingredients, items, next: taken.ended ? '' : pageToken({ correlationIds, cursors: taken.cursors }) };
}

const NONE = { events: [] as readonly FoundEvent[], cut: new Set<string>() };

function correlationsOf(about: TraceAbout, starts: readonly FoundEvent[]): string[] {
  return about.kind === 'correlation' ? [about.id] : [...new Set(starts.map(({ correlationId }) => correlationId))];
}

/** What led to an event and what came of it, in other correlations too. */
async function surroundings(lookup: Lookup, eventId: string, starts: readonly FoundEvent[], size: number) {
  const up = await Promise.all(nodesOf(starts, lookup.deployment).map(async (start) => upwards(lookup, start, DEPTH)));
  const down = await downwards(lookup, starts, [eventId], DEPTH, size);
  const above = up.flatMap(({ chain }) => chain.flatMap(({ copies }) => copies));
  return { events: [...starts, ...above, ...down.events], cut: down.cut };
}

/** The places of what was announced of events. */
const placesAnnounced = (events: readonly FoundEvent[]): Set<string> =>
  new Set(events.flatMap(({ at, announcedAt }) => announcedAt.map((number) => placeKey({ ...at, number }))));

/** The nodes of a page, each on one page alone: that of the place where its event was appended. */
async function pageNodes(
  lookup: Lookup,
  members: readonly FoundEvent[],
  beside: readonly FoundEvent[],
  isWhole: boolean,
): Promise<EventNode[]> {
  const { deployment } = lookup;
  if (isWhole || !lookup.far) return nodesOf([...members, ...beside], deployment);
  const everywhere = await lookup.byEventIds(
    members.map(({ eventId }) => eventId),
    true,
  );
  const here = new Set([...members, ...beside].map(keyOf));
  return nodesOf([...members, ...beside, ...everywhere], deployment).filter(({ event }) => here.has(keyOf(event)));
}

/** The causes of a page's events that are not on it. */
async function causes(
  lookup: Lookup,
  nodes: readonly EventNode[],
  announced: readonly FoundEvent[],
  isElsewhere: (event: FoundEvent) => boolean,
): Promise<{ readonly others: FoundEvent[]; readonly elsewhere: ReadonlyMap<string, string> }> {
  const { deployment } = lookup;
  const known = new KnownNodes(nodes);
  const orphans = nodes.filter((node) => known.parentOf(node) === undefined);
  const found = await lookup.byEventIds(orphans.map(({ event }) => event.causationId));
  const candidates = nodesOf([...found, ...announced], deployment);
  const all = new KnownNodes(candidates);
  const others: FoundEvent[] = [];
  const elsewhere = new Map<string, string>();
  for (const orphan of orphans) {
    const parent = all.parentOf(orphan);
    if (parent === undefined) continue;
    if (isElsewhere(parent.event)) elsewhere.set(orphan.id, parent.id);
    else others.push(...parent.copies);
  }
  return { others, elsewhere };
}

/** An event that is recorded nowhere is missing, also when nothing came of it. */
function withStart(
  items: Item[],
  about: TraceAbout,
  starts: readonly FoundEvent[],
  page: PageState | undefined,
): Item[] {
  if (about.kind !== 'event' || page !== undefined || starts.length > 0 || items.length > 0) return items;
  return [missingItem(about.id)];
}

const keyOf = ({ at }: FoundEvent): string => `${at.deployment}:${placeKey(at)}`;
