/**
 * Everything that one lookup may look at, as if it were one place: namespaces of this deployment and other
 * servers. What cannot be reached is noted and left out.
 */
import type { LookRequest } from '../../src/contract/generated/annals/v1/LookRequest';
import type { LookResponse__Output } from '../../src/contract/generated/annals/v1/LookResponse';
import { wordsOf } from '../relay/trouble';
import { placeKey, type FoundEvent, type Gap } from './found';
import { takePage, type Chunk, type MemberStream, type Taken } from './merge';
import type { NamespaceAddress } from './ownership';
import { serverKey, type AskedServer } from './reach';
import type { Servers } from './servers';
import type { FoundSequence, SequencesOfTrace } from './traced-sequences';
import { CORRELATION } from './tuning';
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
    for (const view of this.options.views) {
      const gap = await view.gap();
      if (gap !== undefined) this.#note(gap);
    }
    return [...this.#gaps.values()];
  }

  /** The events with these ids. Other servers are asked for those that are not here, or `everywhere` for all. */
  async byEventIds(eventIds: Iterable<string>, everywhere = false): Promise<FoundEvent[]> {
    const ids = [...new Set(eventIds)].filter((id) => id !== '');
    if (ids.length === 0) return [];
    const found = (await Promise.all(this.options.views.map(async (view) => view.byEventIds(ids)))).flat();
    const here = new Set(found.map(({ eventId }) => eventId));
    const left = everywhere ? ids : ids.filter((id) => !here.has(id));
    return [...found, ...(await this.#askAll({ eventIds: left }, left))];
  }

  /** What these events caused and what was announced of them: so many at each place at most. */
  async effects(eventIds: readonly string[], limit: number): Promise<FoundEvent[]> {
    const found = await Promise.all(this.options.views.map(async (view) => view.effects(eventIds, limit)));
    return [...found.flat(), ...(await this.#askAll({ causationIds: [...eventIds], limit }, eventIds))];
  }

  /** What these announce something about, and what was announced of these: as far as it is recorded here, or was told along. */
  async announced(events: readonly FoundEvent[]): Promise<FoundEvent[]> {
    const wanted = new Map<string, { readonly event: FoundEvent; readonly numbers: Set<number> }>();
    const known = new Set(events.map(({ at }) => placeKey(at)));
    for (const event of events) {
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
      events.flatMap(({ at, announcedAt }) => announcedAt.map((number) => placeKey({ ...at, number }))),
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
    const chunk = Math.min(limit, CORRELATION.chunkEvents);
    correlationIds.forEach((correlationId, i) => {
      for (const view of this.options.views) {
        for (const sequence of view.sequences) {
          const key = `${i}:${view.address.store}/${view.address.namespace}/${sequence}`;
          const from = Number(begun.get(key) ?? 0);
          if (isOpen(key))
            streams.push({ key, chunks: localChunks(view.members(correlationId, sequence, from, chunk)) });
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
    const told = this.#toldSequences.filter((sequence) => isWanted(sequence, correlationIds, eventIds));
    const all = [...here.flat(), ...told];
    return [...new Map(all.map((found) => [sequenceKey(found), found])).values()];
  }

  async #askAll(request: LookRequest, ids: readonly string[]): Promise<FoundEvent[]> {
    if (ids.length === 0) return [];
    const answers = await Promise.all(this.options.asked.map(async (server) => this.#ask(server, request)));
    return answers.flatMap((answer) => answer?.events ?? []);
  }

  async *#remoteChunks(
    server: AskedServer,
    correlationId: string,
    cursor: string | undefined,
    limit: number,
  ): AsyncGenerator<Chunk> {
    let { skip, token } = parsedCursor(cursor ?? '');
    for (;;) {
      const answer = await this.#ask(server, { correlationId, pageToken: token, limit });
      if (answer === undefined) return;
      const { next } = answer;
      const events = answer.events.filter((event) => event.correlationId === correlationId);
      // What was announced of members is told with them, whatever correlation id it carries.
      this.#announcedFar.push(...answer.events.filter((event) => event.correlationId !== correlationId));
      const left = events.slice(skip);
      const cursors = left.map((_, i) => `${skip + i + 1}:${token}`);
      if (left.length > 0) yield { events: left, cursors };
      if (next === '') return;
      [skip, token] = [0, next];
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
      if (signal?.aborted === true) throw error;
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
    for (const gap of answer.gaps)
      this.#note({ ...gap, where: gap.where.includes(':') ? gap.where : `${where}/${gap.where}` });
    this.#toldSequences.push(...sequencesFrom(answer, where));
    return { events: eventsFrom(answer, where), next: answer.nextPageToken };
  }

  #view({ store, namespace }: NamespaceAddress): NamespaceView | undefined {
    return this.options.views.find(({ address }) => address.store === store && address.namespace === namespace);
  }

  #note(gap: Gap): void {
    if (!this.#gaps.has(gap.where)) this.#gaps.set(gap.where, gap);
  }
}

async function* localChunks(members: AsyncIterable<FoundEvent[]>): AsyncGenerator<Chunk> {
  for await (const events of members) yield { events, cursors: events.map(({ at }) => String(at.number + 1)) };
}

function parsedCursor(cursor: string): { skip: number; token: string } {
  const [skip = '', ...token] = cursor.split(':');
  return { skip: Number(skip), token: token.join(':') };
}

const sequenceKey = ({ deployment, store, namespace, sequenceId }: FoundSequence): string =>
  `${deployment}:${store}/${namespace}/${sequenceId}`;

const isWanted = (
  { correlationId, causationId, steps, compensatingEventIds }: FoundSequence,
  correlationIds: readonly string[],
  eventIds: readonly string[],
): boolean =>
  correlationIds.includes(correlationId) ||
  (causationId !== '' && eventIds.includes(causationId)) ||
  steps.some(({ eventId }) => eventIds.includes(eventId)) ||
  compensatingEventIds.some((id) => eventIds.includes(id));
