/**
 * One namespace as it was when a lookup began: what is projected, and beside it what is not yet. So a lookup sees
 * everything that was acknowledged before it, however far the projection has come.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { idHash } from '../../src/kernel/id-hash';
import { ORDERED_SEQUENCES_LOG } from '../../src/kernel/names';
import { CorrelationStore, type EdgeKind, type Projected } from '../../src/storage/correlation';
import {
  TracedEvents,
  type Edges,
  type TracedAnnouncement,
  type TracedEvent,
  type TracedOrigin,
} from '../../src/storage/traced-events';
import type { FoundAnnouncement, FoundEvent, Gap, Sighting } from './found';
import { namespaceKey, type NamespaceAddress } from './ownership';
import { CORRELATION } from './tuning';

export interface ViewOptions {
  readonly db: Db;
  readonly address: NamespaceAddress;
  /** This one. */
  readonly deployment: string;
  /** The deployment that a link of this namespace brings events from; empty: nobody knows any more. */
  readonly sourceOf: (link: string) => string;
  /** The log of ordered sequences is looked at too. */
  readonly sequenceLog: boolean;
  /** Tells the projection that somebody waits. */
  readonly hurry: () => void;
}

export class NamespaceView {
  readonly #store: CorrelationStore;
  readonly #events: TracedEvents;
  /** All of them; what is left out of a tree can still be named as a cause. */
  #sequences: readonly string[] = [];
  #ends: ReadonlyMap<string, number> = new Map();
  #projected: Projected = { generation: 0, positions: new Map() };
  /** What is not projected yet, by sequence. */
  readonly #beside = new Map<string, Edges>();
  #gap: Gap | undefined;

  private constructor(private readonly options: ViewOptions) {
    this.#store = new CorrelationStore(options.db);
    this.#events = new TracedEvents(options.db);
  }

  static async open(options: ViewOptions): Promise<NamespaceView> {
    const view = new NamespaceView(options);
    await view.#open();
    return view;
  }

  get address(): NamespaceAddress {
    return this.options.address;
  }

  /** The sequences whose events are part of trees. */
  get sequences(): readonly string[] {
    return this.#sequences.filter((name) => this.options.sequenceLog || name !== ORDERED_SEQUENCES_LOG);
  }

  get hasOrderedSequences(): boolean {
    return this.#sequences.includes(ORDERED_SEQUENCES_LOG);
  }

  /** What it could not look at. Asked at the end. */
  async gap(): Promise<Gap | undefined> {
    if (this.#gap !== undefined) return this.#gap;
    // Where there was none yet, nothing of it was looked at: that it began since then is no gap.
    if (this.#projected.generation === 0) return undefined;
    const { generation } = await this.#store.projected();
    const where = namespaceKey(this.address);
    return generation === this.#projected.generation
      ? undefined
      : { where, reason: 'the projection was dropped while it was looked at' };
  }

  /** The events with these ids, in any sequence. */
  async byEventIds(eventIds: readonly string[]): Promise<FoundEvent[]> {
    return eventIds.length === 0 ? [] : this.#found(await this.#events.byEventIds(this.#sequences, eventIds));
  }

  /** Those of these sequences, by their numbers. */
  async byNumbers(sequence: string, numbers: readonly number[]): Promise<FoundEvent[]> {
    return this.#found(await this.#events.byNumbers(sequence, numbers));
  }

  /** What these events caused, and what was announced of them: so many at most. */
  async effects(eventIds: readonly string[], limit: number): Promise<FoundEvent[]> {
    const wanted = new Set(eventIds.filter((id) => id !== ''));
    if (wanted.size === 0) return [];
    const [causes, ...caused] = await Promise.all([
      this.byEventIds([...wanted]),
      ...this.sequences.map(async (sequence) => this.#caused(wanted, sequence, limit)),
    ]);
    const announced = await Promise.all(
      causes
        .filter(({ announcedAt }) => announcedAt.length > 0)
        .map(async ({ at, announcedAt }) => this.byNumbers(at.sequence, announcedAt)),
    );
    return [...caused.flat(), ...announced.flat()].slice(0, limit);
  }

  /** The members of a correlation in one sequence from a number on, in chunks, in the order of the log. */
  async *members(correlationId: string, sequence: string, from: number, chunk: number): AsyncGenerator<FoundEvent[]> {
    const is = (event: TracedEvent): boolean => event.correlationId === correlationId;
    const hash = idHash(correlationId);
    const below = this.#projectedBelow(sequence);
    if (from < below) {
      for await (const numbers of this.#store.ascending('correlation', hash, sequence, from, below)) {
        yield* this.#read(sequence, numbers, chunk, is);
      }
    }
    const beside = this.#numbersBeside('correlation', new Set([hash]), sequence);
    const left = beside.filter((number) => number >= from);
    yield* this.#read(sequence, left, chunk, is);
  }

  async #caused(wanted: ReadonlySet<string>, sequence: string, limit: number): Promise<FoundEvent[]> {
    const is = (event: TracedEvent): boolean => wanted.has(event.causationId);
    const all = [...wanted].map(idHash);
    const events: FoundEvent[] = [];
    const below = this.#projectedBelow(sequence);
    const chunk = Math.min(limit, CORRELATION.chunkEvents);
    for (let i = 0; below > 0 && i < all.length; i += CORRELATION.idsAtOnce) {
      const hashes = new Set(all.slice(i, i + CORRELATION.idsAtOnce));
      for await (const numbers of this.#store.anywhere('causation', hashes, sequence, below)) {
        for await (const found of this.#read(sequence, numbers, chunk, is)) events.push(...found);
        if (events.length >= limit) return events;
      }
    }
    const beside = this.#numbersBeside('causation', new Set(all), sequence);
    for await (const found of this.#read(sequence, beside, chunk, is)) {
      events.push(...found);
      if (events.length >= limit) return events;
    }
    return events;
  }

  /** Two ids may have the same hash, so the events themselves decide. */
  async *#read(
    sequence: string,
    numbers: readonly number[],
    chunk: number,
    is: (event: TracedEvent) => boolean,
  ): AsyncGenerator<FoundEvent[]> {
    // Who goes on asking gets more at once; most have all that they want with the first.
    for (let i = 0, size = chunk; i < numbers.length; i += size, size = chunk * CORRELATION.chunkGrowth) {
      const events = await this.#events.byNumbers(sequence, numbers.slice(i, i + size));
      const found = this.#found(events.filter(is));
      if (found.length > 0) yield found;
    }
  }

  #projectedBelow(sequence: string): number {
    return Math.min(this.#projected.positions.get(sequence) ?? 0, this.#ends.get(sequence) ?? 0);
  }

  #numbersBeside(kind: EdgeKind, hashes: ReadonlySet<number>, sequence: string): number[] {
    const beside = this.#beside.get(sequence);
    if (beside === undefined) return [];
    const all = kind === 'correlation' ? beside.correlations : beside.causations;
    return all.flatMap((hash, i) => (hashes.has(hash) ? [beside.first + i] : []));
  }

  async #open(): Promise<void> {
    // Whatever is projected meanwhile is read beside the projection all the same.
    [this.#projected, this.#sequences] = await Promise.all([this.#store.projected(), this.#events.sequences()]);
    this.#ends = await this.#events.ends(this.#sequences);
    const deadline = performance.now() + CORRELATION.waitMs;
    for (; ; this.#projected = await this.#store.projected()) {
      const behind = this.#behind();
      if (behind <= CORRELATION.besideEvents) break;
      if (performance.now() >= deadline) {
        const reason = `the projection is ${behind} events behind; the newest events may be missing here`;
        this.#gap = { where: namespaceKey(this.address), reason };
        return;
      }
      this.options.hurry();
      await sleep(CORRELATION.waitLookMs);
    }
    await Promise.all(this.sequences.map(async (sequence) => this.#readBeside(sequence)));
  }

  #behind(): number {
    let behind = 0;
    for (const [sequence, end] of this.#ends) {
      behind += Math.max(0, end - (this.#projected.positions.get(sequence) ?? 0));
    }
    return behind;
  }

  async #readBeside(sequence: string): Promise<void> {
    const first = this.#projected.positions.get(sequence) ?? 0;
    const end = this.#ends.get(sequence) ?? 0;
    const beside: Edges = { first, correlations: [], causations: [] };
    for (let from = first; from < end;) {
      const { correlations, causations } = await this.#events.edges(sequence, from, end - from);
      if (correlations.length === 0) break;
      beside.correlations.push(...correlations);
      beside.causations.push(...causations);
      from += correlations.length;
    }
    if (beside.correlations.length > 0) this.#beside.set(sequence, beside);
  }

  #found(events: readonly TracedEvent[]): FoundEvent[] {
    const found: FoundEvent[] = [];
    for (const event of events) {
      const { announcement } = event;
      // Where a constraint came into force is nobody's event.
      if (announcement === undefined || isDelivered(announcement)) found.push(this.#foundOne(event, announcement));
    }
    return found;
  }

  /** Field by field: copying objects as a whole would be most of what a large trace costs. */
  #foundOne(event: TracedEvent, announcement: FoundAnnouncement | undefined): FoundEvent {
    const { sequence, number, recorded, origin } = event;
    const { deployment, address } = this.options;
    const { store, namespace } = address;
    return {
      eventId: event.eventId,
      type: event.type,
      eventSourceId: event.eventSourceId,
      correlationId: event.correlationId,
      causationId: event.causationId,
      causedBy: event.causedBy,
      occurred: event.occurred,
      tags: event.tags,
      traceParent: event.traceParent,
      announcement,
      redacted: event.redacted,
      compensations: event.compensations,
      announcedAt: event.announcedAt,
      at: { deployment, store, namespace, sequence, number, recorded, link: origin?.link ?? '', address: '' },
      origin: origin && this.#origin(origin),
      hops: origin?.hops ?? 0,
      told: undefined,
    };
  }

  #origin({ hops: _, link, ...place }: TracedOrigin): Sighting {
    return { ...place, deployment: this.options.sourceOf(link), link: '', address: '' };
  }
}

const isDelivered = (announcement: TracedAnnouncement): announcement is FoundAnnouncement =>
  announcement.kind !== 'constraint';
