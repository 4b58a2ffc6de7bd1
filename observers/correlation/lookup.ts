/**
 * Everything that one lookup may look at, as if it were one place: namespaces of this deployment and other
 * servers. What cannot be reached is noted and left out.
 */
import type { LookRequest } from '../../src/contract/generated/annals/v1/LookRequest';
import type { LookResponse__Output } from '../../src/contract/generated/annals/v1/LookResponse';
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import { wordsOf } from '../relay/trouble';
import { placeKey, type FoundEvent, type Gap } from './found';
import { takePage, type Chunk, type MemberStream, type Taken } from './merge';
import type { NamespaceAddress } from './ownership';
import { placeInToken } from './page-token';
import { serverKey, type AskedServer } from './reach';
import type { Servers } from './servers';
import type { FoundSequence, SequencesOfTrace } from './traced-sequences';
import { CORRELATION } from './tuning';
import type { EventNode } from './sightings';
import type { NamespaceView } from './view';
import { eventsFrom, sequencesFrom } from './wire';

export interface LookupOptions {
  readonly deployment: string;
  /** Those that it was asked of first. */
  readonly views: readonly NamespaceView[];
  readonly sequences: SequencesOfTrace;
  readonly asked: readonly AskedServer[];
  readonly servers: Servers;
  /** Servers that may be behind each other, from this one on. */
  readonly hops: number;
  readonly visited: readonly string[];
  /** How long each server may take for an answer, in ms. */
  readonly waitMs: number;
  readonly sequenceLog: boolean;
  readonly gaps: readonly Gap[];
  readonly signal: AbortSignal | undefined;
}

/** What a server needs itself, of the time that it has for asking others, in ms. */
const OWN_MS = 500;

/** The least that a server gets, in ms. */
const LEAST_MS = 200;

export class Lookup {
  readonly #gaps = new Map<string, Gap>();
  readonly #gone = new Set<string>();
  /** What other servers said of ordered sequences on the way. */
  readonly #toldSequences: FoundSequence[] = [];
  readonly #announcedFar: FoundEvent[] = [];

  constructor(private readonly options: LookupOptions) {
    for (const gap of options.gaps) this.#note(gap);
  }

  get deployment(): string {
    return this.options.deployment;
  }

  /** Whether an event can be recorded at several places that are looked at. */
  get far(): boolean {
    return this.options.views.length + this.options.asked.length > 1;
  }

  /** Where it could not look. */
  async gaps(): Promise<Gap[]> {
    const here = await Promise.all(this.options.views.map(async (view) => view.gap()));
    for (const gap of here) if (gap !== undefined) this.#note(gap);
    return [...this.#gaps.values()];
  }

  /** The events with these ids. Other servers are asked for those that are not here, or `everywhere` for all. */
  async byEventIds(eventIds: Iterable<string>, everywhere = false): Promise<FoundEvent[]> {
    const ids = [...new Set(eventIds)].filter((id) => id !== '');
    if (ids.length === 0) return [];
    const found = await this.copies(ids);
    const here = new Set(found.map(({ eventId }) => eventId));
    const left = everywhere ? ids : ids.filter((id) => !here.has(id));
    return [...found, ...(await this.#askAll({ eventIds: left }, left))];
  }

  /** The event with this id where an event is recorded itself, of the namespaces here: nothing elsewhere would be nearer. */
  async near({ copies }: EventNode, eventId: string): Promise<FoundEvent[]> {
    if (eventId === '') return [];
    const views = new Set(
      copies.flatMap(({ at }) => (at.deployment === this.deployment ? (this.#view(at) ?? []) : [])),
    );
    return this.#here([eventId], [...views]);
  }

  /** All that is recorded here of these events. */
  async copies(eventIds: readonly string[]): Promise<FoundEvent[]> {
    return this.#here(eventIds, this.options.views);
  }

  async #here(eventIds: readonly string[], views: readonly NamespaceView[]): Promise<FoundEvent[]> {
    this.#goOn();
    return (await Promise.all(views.map(async (view) => view.byEventIds(eventIds)))).flat();
  }

  /** What these events caused and what was announced of them: so many at each place at most. */
  async effects(eventIds: readonly string[], limit: number): Promise<FoundEvent[]> {
    this.#goOn();
    const found = await Promise.all(this.options.views.map(async (view) => view.effects(eventIds, limit)));
    return [...found.flat(), ...(await this.#askAll({ causationIds: [...eventIds], limit }, eventIds))];
  }

  /** What these announce something about, and what was announced of these: as far as it is recorded here, or was told along. */
  async announced(events: readonly FoundEvent[]): Promise<FoundEvent[]> {
    const changed = events.filter(
      ({ announcement, announcedAt }) => announcement !== undefined || announcedAt.length > 0,
    );
    if (changed.length === 0) return [];
    const wanted = new Map<string, { readonly event: FoundEvent; readonly numbers: Set<number> }>();
    const known = new Set(events.map(({ at }) => placeKey(at)));
    for (const event of changed) {
      const { at, announcement, announcedAt } = event;
      if (at.deployment !== this.deployment) continue;
      for (const number of [...announcedAt, ...(announcement === undefined ? [] : [announcement.number])]) {
        if (known.has(placeKey({ ...at, number }))) continue;
        const key = placeKey({ ...at, number: 0 });
        const of = wanted.get(key) ?? { event, numbers: new Set() };
        wanted.set(key, of);
        of.numbers.add(number);
      }
    }
    const found = await Promise.all(
      [...wanted.values()].map(async ({ event: { at }, numbers }) =>
        this.#view(at)?.byNumbers(at.sequence, [...numbers]),
      ),
    );
    const about = new Set(
      changed.flatMap(({ at, announcedAt }) => announcedAt.map((number) => placeKey({ ...at, number }))),
    );
    const far = this.#announcedFar.filter(({ at }) => about.has(placeKey(at)));
    return [...found.flatMap((some) => some ?? []), ...far];
  }

  /** A page of the members of correlations. @param cursors of the page before; undefined: the first one. */
  async members(
    correlationIds: readonly string[],
    cursors: ReadonlyMap<string, string> | undefined,
    limit: number,
  ): Promise<Taken> {
    const begun = cursors ?? new Map<string, string>();
    const isOpen = (key: string): boolean => cursors === undefined || cursors.has(key);
    const streams: MemberStream[] = [];
    const chunk = this.#chunkFor(limit, correlationIds.length);
    correlationIds.forEach((correlationId, i) => {
      for (const view of this.options.views) {
        for (const sequence of view.sequences) {
          const key = `${i}:${view.address.store}/${view.address.namespace}/${sequence}`;
          const from = placeInToken(begun.get(key) || '0');
          if (isOpen(key))
            streams.push({ key, chunks: this.#localChunks(view.members(correlationId, sequence, from, chunk)) });
        }
      }
      for (const server of this.options.asked) {
        const key = `${i}:${serverKey(server)}`;
        if (isOpen(key))
          streams.push({ key, chunks: this.#remoteChunks(server, correlationId, begun.get(key), chunk) });
      }
    });
    return takePage(streams, begun, limit);
  }

  /** The ordered sequences of these correlations, those of which these events are parts, and those that they caused. */
  async orderedSequences(correlationIds: readonly string[], eventIds: readonly string[]): Promise<FoundSequence[]> {
    const { views, sequences, deployment } = this.options;
    const here = await Promise.all(
      views
        // Without their log there are none.
        .filter((view) => view.hasOrderedSequences)
        .map(async ({ address }) => {
          const found = await Promise.all([
            ...correlationIds.map(async (id) => sequences.byCorrelation(address, id)),
            sequences.byEvents(address, eventIds),
            sequences.causedBy(address, eventIds),
          ]);
          return found.flat().map((sequence) => ({ ...sequence, ...address, deployment, address: '' }));
        }),
    );
    const wanted = { correlations: new Set(correlationIds), events: new Set(eventIds) };
    const told = this.#toldSequences.filter((sequence) => isWanted(sequence, wanted));
    const all = [...here.flat(), ...told];
    return [...new Map(all.map((found) => [sequenceKey(found), found])).values()];
  }

  /** Of each stream a chunk is in memory: together not much more than the page itself. */
  #chunkFor(limit: number, correlations: number): number {
    const { views, asked } = this.options;
    const streams = correlations * views.reduce((sum, { sequences }) => sum + sequences.length, asked.length);
    const share = Math.max(Math.ceil((2 * limit) / streams), CORRELATION.chunkLeastEvents);
    return Math.min(limit, share, CORRELATION.chunkEvents);
  }

  async #askAll(request: LookRequest, ids: readonly string[]): Promise<FoundEvent[]> {
    if (ids.length === 0) return [];
    const answers = await Promise.all(this.options.asked.map(async (server) => this.#ask(server, request)));
    return answers.flatMap((answer) => answer?.events ?? []);
  }

  async *#localChunks(members: AsyncIterable<FoundEvent[]>): AsyncGenerator<Chunk> {
    for await (const events of members) {
      yield { events, cursors: events.map(({ at }) => String(at.number + 1)) };
      this.#goOn();
    }
  }

  async *#remoteChunks(
    server: AskedServer,
    correlationId: string,
    cursor: string | undefined,
    limit: number,
  ): AsyncGenerator<Chunk> {
    let { skip, token } = parsedCursor(cursor);
    for (let some = limit; ; some = limit * CORRELATION.chunkGrowth) {
      const answer = await this.#ask(server, { correlationId, pageToken: token, limit: some });
      if (answer === undefined) return;
      const { next } = answer;
      const events = answer.events.filter((event) => event.correlationId === correlationId);
      // What was announced of members is told with them, whatever correlation id it carries.
      this.#announcedFar.push(...answer.events.filter((event) => event.correlationId !== correlationId));
      const left = events.slice(skip);
      const cursors = left.map((_, i) => `${skip + i + 1}:${token}`);
      if (left.length > 0) yield { events: left, cursors };
      if (next === '') return;
      // The page before may have asked for more at once.
      [skip, token] = [Math.max(0, skip - events.length), next];
    }
  }

  /** What it says; undefined when it says nothing, which is noted. */
  async #ask(
    server: AskedServer,
    request: LookRequest,
  ): Promise<{ readonly events: FoundEvent[]; readonly next: string } | undefined> {
    const { servers, hops, signal, waitMs } = this.options;
    const where = server.hosts.join(',');
    if (this.#gone.has(where)) return undefined;
    if (hops < 1) {
      this.#note({ where, reason: 'more servers are behind each other than the lookup may go through' });
      return undefined;
    }
    try {
      const answer = await servers.look(server.hosts, this.#request(server, request), waitMs, signal);
      return this.#taken(answer, where);
    } catch (error) {
      this.#goOn();
      this.#gone.add(where);
      this.#note({ where, reason: wordsOf(error) });
      return undefined;
    }
  }

  #request(server: AskedServer, request: LookRequest): LookRequest {
    const { deployment, visited, hops, waitMs, views, sequenceLog } = this.options;
    const linkedFrom =
      server.namespace === undefined ? { deployment, namespaces: views.map(({ address }) => ({ ...address })) } : null;
    return {
      ...request,
      namespace: server.namespace ?? null,
      reach: { visited: [...visited, deployment], linkedFrom },
      hops: hops - 1,
      // It answers before we lose patience, also when one behind it does not.
      waitMs: Math.max(LEAST_MS, waitMs - OWN_MS),
      sequenceLog,
    };
  }

  #taken(answer: LookResponse__Output, where: string) {
    for (const gap of answer.gaps) this.#note({ ...gap, where: placeBehind(where, gap.where) });
    this.#toldSequences.push(...sequencesFrom(answer, where));
    return { events: eventsFrom(answer, where), next: answer.nextPageToken };
  }

  #view({ store, namespace }: NamespaceAddress): NamespaceView | undefined {
    return this.options.views.find(({ address }) => address.store === store && address.namespace === namespace);
  }

  /** Nobody may wait for the answer any more. */
  #goOn(): void {
    if (this.options.signal?.aborted === true) throw new AnnalsError('CANCELLED');
  }

  #note(gap: Gap): void {
    if (!this.#gaps.has(gap.where)) this.#gaps.set(gap.where, gap);
  }
}

/** Only a server has a port in its name; a namespace is one of the server that said so. */
const placeBehind = (server: string, where: string): string =>
  where === '' ? server : where.includes(':') ? where : `${server}/${where}`;

function parsedCursor(cursor: string | undefined): { skip: number; token: string } {
  if (cursor === undefined || cursor === '') return { skip: 0, token: '' };
  const [skip = '', ...token] = cursor.split(':');
  // No answer has more, and whoever skipped on would read what nobody is told.
  return { skip: placeInToken(skip, LIMITS.nodesPerTrace), token: token.join(':') };
}

const sequenceKey = ({ deployment, store, namespace, sequenceId }: FoundSequence): string =>
  `${deployment}:${store}/${namespace}/${sequenceId}`;

const isWanted = (
  { correlationId, causationId, steps, compensatingEventIds }: FoundSequence,
  { correlations, events }: { readonly correlations: ReadonlySet<string>; readonly events: ReadonlySet<string> },
): boolean =>
  correlations.has(correlationId) ||
  (causationId !== '' && events.has(causationId)) ||
  steps.some(({ eventId }) => events.has(eventId)) ||
  compensatingEventIds.some((id) => events.has(id));
