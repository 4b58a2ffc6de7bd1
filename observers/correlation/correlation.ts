/** Who caused what: what people and other servers ask of this one, and the projections that it runs. */
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import type { Catalogue } from '../../src/storage/catalogue';
import { CorrelationStore } from '../../src/storage/correlation';
import { Leases } from '../../src/storage/leases';
import { namespaceDatabase } from '../../src/storage/names';
import { Ownership, OWNERSHIP } from '../../src/storage/ownership';
import { TracedEvents } from '../../src/storage/traced-events';
import { annotated } from './annotations';
import { downwards, upwards } from './chain';
import type { FoundEvent, Gap } from './found';
import type { IdentityLookup } from './identity-lookup';
import { itemsOf, missingItem, NOTHING_TOLD, type Item, type TraceItem } from './items';
import { LinksKnown } from './links-known';
import type { Lookup } from './lookup';
import { Lookups, type Reach } from './lookups';
import { namespaceKey, ownableProjections, type NamespaceAddress } from './ownership';
import { pageToken, parsedPageToken } from './page-token';
import type { Projector } from './projector';
import { linkedFrom } from './reach';
import { Servers } from './servers';
import { nodesOf, type EventNode } from './sightings';
import { tracePage, type TraceAbout } from './trace';
import type { FoundSequence } from './traced-sequences';
import { CORRELATION } from './tuning';

export interface CorrelationOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly identities: IdentityLookup;
  readonly logger: Logger;
  readonly serverId: string;
  /** Which deployment this server belongs to. */
  readonly deployment: string;
  /** Where clients reach it; known once it listens. */
  readonly address: () => string;
}

export interface Found {
  readonly items: readonly TraceItem[];
  readonly gaps: readonly Gap[];
}

export interface TraceWanted {
  readonly about: TraceAbout;
  readonly size: number;
  /** Empty: the first page. */
  readonly token: string;
  readonly sequenceLog: boolean;
}

/** What another server asks. */
export interface LookWanted {
  readonly eventIds: readonly string[];
  readonly causationIds: readonly string[];
  /** Empty: none. */
  readonly correlationId: string;
  readonly token: string;
  readonly limit: number;
  readonly sequenceLog: boolean;
  readonly waitMs: number;
  /** It asks for what takes from these, instead of a namespace. */
  readonly linkedFrom: { readonly deployment: string; readonly namespaces: readonly NamespaceAddress[] } | undefined;
}

export interface Looked {
  readonly nodes: readonly EventNode[];
  readonly told: ReadonlyMap<string, TraceItem['told']>;
  readonly sequences: readonly FoundSequence[];
  readonly gaps: readonly Gap[];
  readonly next: string;
}

export interface SequenceProgress {
  readonly sequence: string;
  readonly position: number;
  readonly tail: number | undefined;
}

/** Namespaces that a message names at most. */
const NAMED = 3;

export class Correlation {
  readonly #ownership: Ownership<NamespaceAddress, Projector>;
  readonly #links: LinksKnown;
  readonly #servers = new Servers();
  readonly #lookups: Lookups;

  constructor(private readonly options: CorrelationOptions) {
    const { client, catalogue, logger, serverId, address } = options;
    const leases = new Leases(client, serverId, address, OWNERSHIP.leaseMs);
    this.#ownership = new Ownership({ leases, of: ownableProjections({ client, catalogue, logger }), logger });
    this.#links = new LinksKnown(client, catalogue);
    this.#lookups = new Lookups({
      ...options,
      links: this.#links,
      servers: this.#servers,
      hurry: (namespace) => {
        this.#hurry(namespace);
      },
    });
  }

  get deployment(): string {
    return this.options.deployment;
  }

  /** A page of a trace. @throws AnnalsError UNKNOWN_STORE, UNKNOWN_NAMESPACE, INVALID_FIELD */
  async trace(
    from: NamespaceAddress,
    wanted: TraceWanted,
    reach: Reach,
    signal?: AbortSignal,
  ): Promise<Found & { readonly next: string }> {
    const { about, size, token, sequenceLog } = wanted;
    const page = token === '' ? undefined : parsedPageToken(token);
    const lookup = await this.#lookups.open([from], reach, { sequenceLog, waitMs: CORRELATION.serverMs, signal });
    const { items, nodes, sequences, next } = await tracePage(lookup, about, page, size);
    return { ...(await this.#found(lookup, items, nodes, sequences)), next };
  }

  /** The event first, then its cause, and so on. @param depth causes at most. */
  async causes(
    from: NamespaceAddress,
    eventId: string,
    depth: number,
    reach: Reach,
    signal?: AbortSignal,
  ): Promise<Found> {
    const lookup = await this.#lookups.open([from], reach, { sequenceLog: true, waitMs: CORRELATION.serverMs, signal });
    const [start] = nodesOf(await lookup.byEventIds([eventId]), this.deployment).sort(
      (a, b) => Number(isIn(from, b)) - Number(isIn(from, a)),
    );
    if (start === undefined)
      return { items: [{ item: missingItem(eventId), told: NOTHING_TOLD }], gaps: await lookup.gaps() };
    const { chain, end } = await upwards(lookup, start, depth);
    const sequences = await lookup.orderedSequences(
      [],
      chain.map(({ event }) => event.eventId),
    );
    const missing = end.kind === 'missing' ? [missingItem(end.eventId)] : [];
    const below = chain.length - 1 + missing.length;
    const items = chain.map((node, i): Item => {
      const isLast = i === chain.length - 1;
      return {
        id: node.id,
        parent: isLast ? missing[0]?.id : chain[i + 1]?.id,
        depth: below - i,
        parentElsewhere: false,
        circular: isLast && end.kind === 'circular',
        cut: isLast && end.kind === 'cut',
        of: { kind: 'event', node },
      };
    });
    return this.#found(lookup, [...items, ...missing], chain, sequences);
  }

  /** What came of an event: so far down, and so many nodes at most. */
  async effects(
    from: NamespaceAddress,
    eventId: string,
    { depth, limit }: { readonly depth: number; readonly limit: number },
    reach: Reach,
    signal?: AbortSignal,
  ): Promise<Found> {
    const lookup = await this.#lookups.open([from], reach, {
      sequenceLog: false,
      waitMs: CORRELATION.serverMs,
      signal,
    });
    const starts = await lookup.byEventIds([eventId], true);
    const { events, cut } = await downwards(lookup, starts, [eventId], depth, limit);
    const nodes = nodesOf(events, this.deployment);
    const eventIds = new Set(nodes.map((node) => node.event.eventId));
    const sequences = await lookup.orderedSequences([], [...eventIds]);
    // What led to the event is not asked about.
    const tops = new Set(nodesOf(starts, this.deployment).map(({ id }) => id));
    const begun = sequences.filter(({ causationId }) => eventIds.has(causationId));
    const items = itemsOf({ nodes, sequences: begun, cut, tops, deployment: this.deployment });
    const all = items.length === 0 ? [missingItem(eventId)] : items;
    return this.#found(lookup, all, nodes, sequences);
  }

  /** Answers another server: what is recorded here and behind here, in no order of a tree. */
  async look(from: NamespaceAddress, wanted: LookWanted, reach: Reach, signal?: AbortSignal): Promise<Looked> {
    // Somebody who was asked before is behind somebody who was asked, too.
    if (reach.visited.includes(this.deployment))
      return { nodes: [], told: new Map(), sequences: [], gaps: [], next: '' };
    const { linkedFrom: takers, sequenceLog, waitMs, correlationId, token, limit } = wanted;
    const links = takers === undefined ? [] : await this.#links.all();
    const begin = takers === undefined ? [from] : linkedFrom(links, takers.deployment, takers.namespaces);
    if (takers !== undefined && begin.length === 0)
      return { nodes: [], told: new Map(), sequences: [], gaps: [nothingTakes(takers.namespaces)], next: '' };
    const lookup = await this.#lookups.open(begin, reach, { sequenceLog, waitMs, signal });
    const found: FoundEvent[] = [
      ...(await lookup.byEventIds(wanted.eventIds, true)),
      ...(wanted.causationIds.length === 0 ? [] : await lookup.effects(wanted.causationIds, limit)),
    ];
    let next = '';
    if (correlationId !== '') {
      const page = token === '' ? undefined : parsedPageToken(token);
      const taken = await lookup.members([correlationId], page?.cursors, limit);
      const announced = await lookup.announced(taken.events);
      found.push(...taken.events, ...announced.filter((event) => event.correlationId !== correlationId));
      if (!taken.ended) next = pageToken({ correlationIds: [correlationId], cursors: taken.cursors });
    }
    const correlations = correlationId === '' || token !== '' ? [] : [correlationId];
    const sequences = await lookup.orderedSequences(
      correlations,
      found.map(({ eventId }) => eventId),
    );
    // Each sighting by itself, and in the order of the page: whoever asks puts them together.
    const nodes = found.map((event, i) => ({ id: String(i), event, copies: [event] }));
    const [told, gaps] = await Promise.all([annotated(this.options, nodes, sequences), lookup.gaps()]);
    return { nodes, told, sequences, gaps, next };
  }

  async progress({ store, namespace }: NamespaceAddress): Promise<SequenceProgress[]> {
    await this.options.catalogue.require(store, namespace);
    const db = this.options.client.db(namespaceDatabase(store, namespace));
    const events = new TracedEvents(db);
    const sequences = await events.sequences();
    const [ends, { positions }] = await Promise.all([events.ends(sequences), new CorrelationStore(db).projected()]);
    return sequences.map((sequence) => {
      const end = ends.get(sequence);
      return { sequence, position: positions.get(sequence) ?? 0, tail: end === undefined ? undefined : end - 1 };
    });
  }

  /** Drops the projection; whoever owns it makes it anew. */
  async rebuild(address: NamespaceAddress): Promise<void> {
    const { store, namespace } = address;
    await this.options.catalogue.require(store, namespace);
    await new CorrelationStore(this.options.client.db(namespaceDatabase(store, namespace))).drop();
    this.#hurry(address);
  }

  /** Takes projections that nobody runs. Called regularly. */
  async tend(): Promise<void> {
    await this.#ownership.tend();
  }

  /** Leaves no lease behind. */
  async stop(): Promise<void> {
    await this.#ownership.stop();
    this.#servers.close();
  }

  /** A projection that waits for its next look looks now; one that nobody runs yet is taken. */
  #hurry(address: NamespaceAddress): void {
    this.#ownership
      .with(address, async (projector) => Promise.resolve(projector.hurry()))
      // Another server owns it, or this one stops.
      .catch(() => undefined);
  }

  async #found(
    lookup: Lookup,
    items: readonly Item[],
    nodes: readonly EventNode[],
    sequences: readonly FoundSequence[],
  ): Promise<Found> {
    const [told, gaps] = await Promise.all([annotated(this.options, nodes, sequences), lookup.gaps()]);
    return { items: items.map((item) => ({ item, told: told.get(item.id) ?? NOTHING_TOLD })), gaps };
  }
}

/** A peer that was named without a store is looked through for what has links from here, and may have none. */
const nothingTakes = (namespaces: readonly NamespaceAddress[]): Gap => ({
  where: '',
  reason:
    `nothing there has a link from ${namespaces.map(namespaceKey).slice(0, NAMED).join(', ')}; ` +
    'name the namespace that is meant, as annals://host:port/store?namespace=name',
});

const isIn = ({ store, namespace }: NamespaceAddress, { copies }: EventNode): boolean =>
  copies.some(({ at }) => at.store === store && at.namespace === namespace);
