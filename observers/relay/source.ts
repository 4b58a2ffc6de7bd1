/**
 * The source's end of a link: the client that any program reads with, also when the source is this very
 * server. One way for all, so that what holds for a server far away holds here.
 */
import { connect, type Annals, type Filter, type RecordedEvent } from '../../src/client';
import type { EventFilter } from '../../src/kernel/event-filter';
import type { LinkSourceAddress } from '../../src/storage/link-records';
import { sourceEvent, type SourceEvent } from './source-event';
import { SourceAway, wordsOf } from './trouble';
import { RELAY } from './tuning';

/** What a source has of one event type, for a comparison with the target. */
export interface SourceType {
  readonly type: string;
  readonly latestGeneration: number;
}

export class Source {
  readonly #annals: Annals;
  readonly #sequence: string;

  /** @param here where this server itself is reached. */
  constructor({ hosts, store, namespace, sequence }: LinkSourceAddress, here: () => string) {
    const servers = hosts.length === 0 ? here() : hosts.join(',');
    this.#annals = connect(`annals://${servers}/${store}?namespace=${namespace}`, { timeoutMs: RELAY.sourceMs });
    this.#sequence = sequence;
  }

  /** The deployment that answers; empty from a server that does not say. */
  async deployment(signal?: AbortSignal): Promise<string> {
    return told(async () => (await this.#annals.server.info({ signal })).deploymentId);
  }

  /** The number that the source's next event gets. */
  async next(signal?: AbortSignal): Promise<number> {
    return told(async () => {
      const tail = await this.#annals.sequence(this.#sequence).tail({}, { signal });
      return tail === undefined ? 0 : tail + 1;
    });
  }

  /** The event or announcement with this number; undefined when there is none for readers. */
  async at(number: number, signal?: AbortSignal): Promise<SourceEvent | undefined> {
    for await (const [event] of this.read(number, number, [], signal)) return event;
    return undefined;
  }

  /** The first event or announcement of a range, inclusive, that matches. */
  async firstFrom(
    from: number,
    to: number,
    filters: readonly EventFilter[] = [],
    signal?: AbortSignal,
  ): Promise<SourceEvent | undefined> {
    for await (const [event] of this.read(from, to, filters, signal, 1)) return event;
    return undefined;
  }

  /** The types that the source's store has registered. */
  async types(): Promise<readonly SourceType[]> {
    return told(async () =>
      (await this.#annals.eventTypes.list()).map(({ definition, latestGeneration }) => ({
        type: definition.type,
        latestGeneration,
      })),
    );
  }

  /** What matches of a range, inclusive, with announcements. */
  async *read(
    from: number,
    to: number,
    filters: readonly EventFilter[],
    signal?: AbortSignal,
    limit?: number,
  ): AsyncGenerator<readonly SourceEvent[], void, undefined> {
    const options = {
      from,
      to,
      limit,
      signal,
      filters: sourceFilters(filters),
      as: 'bson',
      allGenerations: true,
    } as const;
    const batches = this.#annals.sequence(this.#sequence).read(options).batches();
    for (;;) {
      const { done, value } = await told(async () => batches.next());
      if (done === true) return;
      yield value.map(sourceEvent);
    }
  }

  /** What matches from a number on, and what is recorded later. @param interrupted the connection was lost. */
  follow(
    from: number,
    filters: readonly EventFilter[],
    signal: AbortSignal,
    interrupted: () => void,
  ): AsyncIterable<readonly SourceEvent[]> {
    const subscription = this.#annals.sequence(this.#sequence).subscribe({
      from,
      signal,
      filters: sourceFilters(filters),
      as: 'bson',
      allGenerations: true,
      onStateChange: (state) => {
        if (state === 'reconnecting') interrupted();
      },
    });
    return converted(subscription.batches());
  }

  async close(): Promise<void> {
    await this.#annals.close();
  }
}

async function* converted(batches: AsyncIterator<RecordedEvent[], undefined>): AsyncGenerator<readonly SourceEvent[]> {
  for (;;) {
    const { done, value } = await told(async () => batches.next());
    if (done === true) return;
    yield value.map(sourceEvent);
  }
}

/** What happened to an event follows it, whatever filter selects it. */
const sourceFilters = (filters: readonly EventFilter[]): Filter[] =>
  filters.length === 0 ? [{ announcements: true }] : filters.map((filter) => ({ ...filter, announcements: true }));

/** Whatever goes wrong with a question to the source is the source's. */
async function told<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof SourceAway ? error : new SourceAway(wordsOf(error), { cause: error });
  }
}
