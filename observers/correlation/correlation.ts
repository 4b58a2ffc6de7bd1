/** Who caused what: what people and other servers ask of this one, and the projections that it runs. */
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Catalogue } from '../../src/storage/catalogue';
import { CorrelationStore } from '../../src/storage/correlation';
import { Leases } from '../../src/storage/leases';
import { namespaceDatabase } from '../../src/storage/names';
import { Ownership, OWNERSHIP } from '../../src/storage/ownership';
import { TracedEvents } from '../../src/storage/traced-events';
import { wordsOf } from '../relay/trouble';
import { annotated } from './annotations';
import { downwards, upwards } from './chain';
import type { FoundEvent, Gap } from './found';
import type { IdentityLookup } from './identity-lookup';
import { itemsOf, missingItem, NOTHING_TOLD, type Item, type TraceItem } from './items';
import { LinksKnown } from './links-known';
import { Lookup } from './lookup';
import { namespaceKey, ownableProjections, type NamespaceAddress } from './ownership';
import { pageToken, parsedPageToken } from './page-token';
import type { Projector } from './projector';
import { linkedFrom, territory, type AskedServer, type KnownLink } from './reach';
import { Servers } from './servers';
import { nodesOf, type EventNode } from './sightings';
import { tracePage, type TraceAbout } from './trace';
import { sequencesKept } from './sequences-kept';
import type { FoundSequence, SequencesOfTrace } from './traced-sequences';
import { CORRELATION } from './tuning';
import { NamespaceView } from './view';

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

/** How far a lookup goes. */
export interface Reach {
  readonly local: boolean;
  readonly peers: readonly AskedServer[];
  readonly hops: number;
  readonly visited: readonly string[];
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

export class Correlation {
  readonly #ownership: Ownership<NamespaceAddress, Projector>;
  readonly #links: LinksKnown;
  readonly #servers = new Servers();
  readonly #sequences: SequencesOfTrace;

  constructor(private readonly options: CorrelationOptions) {
    const { client, catalogue, logger, serverId, address } = options;
    const leases = new Leases(client, serverId, address, OWNERSHIP.leaseMs);
    this.#ownership = new Ownership({ leases, of: ownableProjections({ client, catalogue, logger }), logger });
    this.#links = new LinksKnown(client, catalogue);
    this.#sequences = sequencesKept(client);
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
    const lookup = await this.#lookup([from], reach, { sequenceLog, waitMs: CORRELATION.serverMs, signal });
    const { items, nodes, sequences, next } = await tracePage(lookup, about, page, size);
    return { items: await this.#told(items, nodes, sequences), gaps: await lookup.gaps(), next };
  }

  /** The event first, then its cause, and so on. @param depth causes at most. */
  async causes(
    from: NamespaceAddress,
    eventId: string,
    depth: number,
    reach: Reach,
    signal?: AbortSignal,
  ): Promise<Found> {
    const lookup = await this.#lookup([from], reach, { sequenceLog: true, waitMs: CORRELATION.serverMs, signal });
    const [start] = nodesOf(await lookup.byEventIds([eventId]), this.deployment).sort(
      (a, b) => Number(isIn(from, b)) - Number(isIn(from, a)),
    );
    if (start === undefined)
      return { items: [{ ...missingItem(eventId), told: NOTHING_TOLD }], gaps: await lookup.gaps() };
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
    return { items: await this.#told([...items, ...missing], chain, sequences), gaps: await lookup.gaps() };
  }

  /** What came of an event: so far down, and so many nodes at most. */
  async effects(
    from: NamespaceAddress,
    eventId: string,
    { depth, limit }: { readonly depth: number; readonly limit: number },
    reach: Reach,
    signal?: AbortSignal,
  ): Promise<Found> {
    const lookup = await this.#lookup([from], reach, { sequenceLog: false, waitMs: CORRELATION.serverMs, signal });
    const starts = await lookup.byEventIds([eventId], true);
    const { events, cut } = await downwards(lookup, starts, [eventId], depth, limit);
    const nodes = nodesOf(events, this.deployment);
    const eventIds = nodes.map((node) => node.event.eventId);
    const sequences = await lookup.orderedSequences([], eventIds);
    // What led to the event is not asked about.
    const tops = new Set(nodesOf(starts, this.deployment).map(({ id }) => id));
    const begun = sequences.filter(({ causationId }) => causationId !== '' && eventIds.includes(causationId));
    const items = itemsOf({ nodes, sequences: begun, cut, tops, deployment: this.deployment });
    const all = items.length === 0 ? [missingItem(eventId)] : items;
    return { items: await this.#told(all, nodes, sequences), gaps: await lookup.gaps() };
  }

  /** Answers another server: what is recorded here and behind here, in no order of a tree. */
  async look(from: NamespaceAddress, wanted: LookWanted, reach: Reach, signal?: AbortSignal): Promise<Looked> {
    // Somebody who was asked before is behind somebody who was asked, too.
    if (reach.visited.includes(this.deployment))
      return { nodes: [], told: new Map(), sequences: [], gaps: [], next: '' };
    const { linkedFrom: takers, sequenceLog, waitMs, correlationId, token, limit } = wanted;
    const links = takers === undefined ? [] : await this.#links.all();
    const begin = takers === undefined ? [from] : linkedFrom(links, takers.deployment, takers.namespaces);
    const lookup = await this.#lookup(begin, reach, { sequenceLog, waitMs, signal });
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
    return { nodes, told: await this.#annotated(nodes, sequences), sequences, gaps: await lookup.gaps(), next };
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

  async #lookup(
    from: readonly NamespaceAddress[],
    { local, peers, hops, visited }: Reach,
    { sequenceLog, waitMs, signal }: { sequenceLog: boolean; waitMs: number; signal: AbortSignal | undefined },
  ): Promise<Lookup> {
    const { catalogue, deployment } = this.options;
    for (const { store, namespace } of from) await catalogue.require(store, namespace);
    const links = await this.#links.all();
    const { namespaces, servers } = territory({ links, from, deployment, local, visited, peers });
    const gaps: Gap[] = [];
    const views = await Promise.all(
      namespaces.map(async (address) => {
        try {
          await catalogue.require(address.store, address.namespace);
        } catch (error) {
          if (!(error instanceof AnnalsError)) throw error;
          gaps.push({ where: namespaceKey(address), reason: wordsOf(error) });
          return undefined;
        }
        return this.#view(address, links, sequenceLog);
      }),
    );
    return new Lookup({
      deployment,
      views: views.filter((view) => view !== undefined),
      sequences: this.#sequences,
      asked: servers,
      servers: this.#servers,
      hops,
      visited,
      waitMs,
      sequenceLog,
      gaps,
      signal,
    });
  }

  async #view(address: NamespaceAddress, links: readonly KnownLink[], sequenceLog: boolean): Promise<NamespaceView> {
    const { client, deployment } = this.options;
    const into = links.filter(({ target }) => namespaceKey(target) === namespaceKey(address));
    const sources = new Map(
      into.map(({ link, source, sourceDeployment }) => [
        link,
        source.hosts.length === 0 ? deployment : sourceDeployment,
      ]),
    );
    return NamespaceView.open({
      db: client.db(namespaceDatabase(address.store, address.namespace)),
      address,
      deployment,
      sourceOf: (link) => sources.get(link) ?? '',
      sequenceLog,
      hurry: () => {
        this.#hurry(address);
      },
    });
  }

  async #told(
    items: readonly Item[],
    nodes: readonly EventNode[],
    sequences: readonly FoundSequence[],
  ): Promise<TraceItem[]> {
    const told = await this.#annotated(nodes, sequences);
    return items.map((item) => ({ ...item, told: told.get(item.id) ?? NOTHING_TOLD }));
  }

  async #annotated(nodes: readonly EventNode[], sequences: readonly FoundSequence[]) {
    return annotated(this.options, nodes, sequences);
  }
}

const isIn = ({ store, namespace }: NamespaceAddress, { copies }: EventNode): boolean =>
  copies.some(({ at }) => at.store === store && at.namespace === namespace);
