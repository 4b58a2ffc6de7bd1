/**
 * The ordered sequences of one namespace at work: an entry of their log changes the state of its sequence, the state says
 * what is wanted next, and a worker records and does it. A server that runs this beside another one for a moment does no
 * harm: what is recorded holds only once.
 */
import type { Db, MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import type { Sequences } from '../../src/sequences/sequences';
import { arrived, followed, observed, observerFailed } from './answers';
import { BusinessEvents } from './business-events';
import { appendCompensation, appendedCompensation, renderRollback, type Compensating } from './compensate';
import { Follow } from './follow';
import { handOver } from './hand-over';
import { Journal, type NamespaceAddress, type Recorded } from './journal';
import type { Known } from './known';
import type { SequenceEntry } from './log-entry';
import type { FoundSequence } from './lookup';
import type { World } from './next';
import { ObserverWaits } from './observer-waits';
import { Roster } from './roster';
import type { SequenceState } from './sequence-state';
import { begin } from './start-instance';
import { States } from './states';
import { Timers } from './timers';
import { ORDERED_SEQUENCES } from './tuning';
import { Waits } from './waits';
import { SequenceWorker, type Decide, type Workshop } from './worker';

export interface EngineOptions {
  readonly namespace: NamespaceAddress;
  readonly client: MongoClient;
  /** The namespace's database. */
  readonly db: Db;
  readonly sequences: Sequences;
  readonly logger: Logger;
  /** Where clients reach this server. */
  readonly address: () => string;
}

export class OrderedSequencesEngine {
  readonly roster: Roster;
  readonly events: BusinessEvents;
  readonly follow: Follow;
  readonly #workers = new Map<string, SequenceWorker>();
  readonly #timers: Timers;
  readonly #observers: ObserverWaits;
  readonly #waits: Waits;
  readonly #shop: Workshop;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(state: SequenceState) => void>();
  #heartbeats: NodeJS.Timeout | undefined;
  /** Until then states are read alone, and nothing is decided. */
  #loaded = false;

  private constructor(
    readonly options: EngineOptions,
    readonly journal: Journal,
    private readonly states: States,
  ) {
    const { namespace, sequences, db, logger, address } = options;
    this.events = new BusinessEvents(sequences, namespace);
    this.roster = new Roster({ wanted: (sequenceId) => this.#workers.get(sequenceId)?.poke() });
    this.#timers = new Timers((sequenceId) => this.#workers.get(sequenceId)?.poke());
    this.follow = new Follow({
      db,
      events: this.events,
      logger,
      concerns: async ({ sequenceId, step, as }, event) =>
        this.#happened(sequenceId, (state) =>
          as === 'event' ? arrived(state, step, event) : followed(state, step, event.eventId),
        ),
      starts: async (definition, event) => begin(this, definition, event),
    });
    this.#observers = new ObserverWaits({
      namespace,
      address,
      logger,
      handled: async (sequenceId, step, observer) =>
        this.#happened(sequenceId, (state) => observed(state, step, observer)),
      failed: async (sequenceId, step, observer, message) =>
        this.#happened(sequenceId, (state) => observerFailed(state, step, observer, message)),
    });
    const { follow, stopping } = this;
    this.#waits = new Waits({ journal, follow, observers: this.#observers, logger, stopping });
    this.#shop = this.#workshop();
  }

  static async start(options: EngineOptions): Promise<OrderedSequencesEngine> {
    const { sequences, namespace } = options;
    const journal = await Journal.open(sequences, namespace);
    const engine = new OrderedSequencesEngine(options, journal, await States.open({ ...options, journal }));
    try {
      await engine.#load();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    clearInterval(this.#heartbeats);
    this.#timers.stop();
    // Another server may have them now: a client that connects again finds out.
    this.roster.endAll(new AnnalsError('LEASE_LOST'));
    const workers = [...this.#workers.values()].map(async (worker) => worker.stopped());
    await Promise.all([...workers, this.#observers.stop(), this.follow.stop()]);
    await this.states.stop();
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get known(): Known {
    return this.states.known;
  }

  world(): World {
    return { now: Date.now(), hasProcessor: (eventType) => this.known.hasProcessor(eventType), random: Math.random };
  }

  /** Undefined: there is none. */
  async find(sequenceId: string): Promise<FoundSequence | undefined> {
    return this.states.find(sequenceId);
  }

  /** @throws AnnalsError UNKNOWN_ORDERED_SEQUENCE */
  async require(sequenceId: string): Promise<FoundSequence> {
    const found = await this.states.find(sequenceId);
    if (found !== undefined) return found;
    throw new AnnalsError('UNKNOWN_ORDERED_SEQUENCE', undefined, { field: 'sequence_id' });
  }

  /** Returns the state in which what was decided has been recorded; of one that is settled, as it is. */
  async decide(sequenceId: string, decide: Decide): Promise<SequenceState> {
    const worker = this.#workers.get(sequenceId);
    if (worker !== undefined) return worker.submit(decide);
    const { state } = await this.require(sequenceId);
    const entries = decide(state, this.world());
    if (entries.length > 0) throw new AnnalsError('CANNOT_RESOLVE', 'the sequence is over');
    return state;
  }

  /** Returns once everything that was taken in can be looked up. */
  async flushed(): Promise<void> {
    await this.states.flushed();
  }

  /** Returns once the log has been taken in up to this number, or as far as it goes. @throws AnnalsError LEASE_LOST when it ends first */
  async takenIn(number?: number): Promise<void> {
    await this.states.takenIn(number);
    if (this.#stopping.signal.aborted) throw new AnnalsError('LEASE_LOST');
  }

  listen(listener: (state: SequenceState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Definitions have changed: their first events are looked for. */
  async startsChanged(): Promise<void> {
    for (const [sequence, byType] of this.known.starts()) await this.follow.startBy(sequence, byType);
  }

  /** @param tell how many numbers of the log are done, and how many there are */
  async rebuild(tell: (done: number, of: number) => void): Promise<void> {
    await this.states.rebuild(tell);
  }

  async #load(): Promise<void> {
    await this.states.load({
      worked: (sequenceId) => this.#workers.get(sequenceId)?.state,
      changed: (sequenceId, state) => {
        this.#changed(sequenceId, state);
      },
    });
    const sequences = [...this.#workers.values()].map(({ state }) => state.document.event_sequence ?? DEFAULT_SEQUENCE);
    await this.follow.keepOnly(new Set([...sequences, ...this.known.starts().keys()]));
    this.follow.start();
    await this.startsChanged();
    this.#loaded = true;
    for (const worker of this.#workers.values()) worker.poke();
    this.#heartbeats = setInterval(() => {
      this.#dropSilent();
    }, ORDERED_SEQUENCES.heartbeatMs);
  }

  #changed(sequenceId: string, state: SequenceState): void {
    let worker = this.#workers.get(sequenceId);
    if (worker !== undefined) worker.state = state;
    else if (state.handling.phase !== 'settled') {
      worker = new SequenceWorker(sequenceId, state, this.#shop);
      this.#workers.set(sequenceId, worker);
    }
    if (this.#loaded) worker?.poke();
    // Nobody has begun to work it: all of a log may go by here, and what is over is not kept.
    else if (state.handling.phase === 'settled') this.#workers.delete(sequenceId);
    for (const listener of this.#listeners) listener(state);
  }

  #dropSilent(): void {
    const { heartbeatMs, missedHeartbeats } = ORDERED_SEQUENCES;
    for (const processor of this.roster.silentFor(heartbeatMs * missedHeartbeats)) {
      processor.end(new AnnalsError('CLIENT_SILENT'));
      this.roster.remove(processor.id);
    }
  }

  #workshop(): Workshop {
    const { logger, sequences, namespace } = this.options;
    const compensating: Compensating = { namespace, sequences, events: this.events };
    return {
      roster: this.roster,
      logger,
      stopping: this.stopping,
      world: () => this.world(),
      seen: () => this.states.seen,
      record: async (state, entries, at, seen) => this.#record(state, entries, at, seen),
      takenIn: async (number) => this.takenIn(number),
      render: async (state) => renderRollback(compensating, state),
      append: async (state, place) => appendCompensation(compensating, state, place),
      appended: async (state, place) => appendedCompensation(compensating, state, place),
      hand: async (place, state) => handOver(this.events, place, state),
      waits: (state, waiting) => {
        this.#timers.set(state.document.sequenceId, waiting.until);
        this.#waits.set(state, waiting);
      },
      settled: ({ sequenceId }) => {
        this.#workers.delete(sequenceId);
        this.#timers.set(sequenceId, null);
        this.#waits.forget(sequenceId);
      },
    };
  }

  async #record(
    state: SequenceState,
    entries: readonly SequenceEntry[],
    at: number,
    seen: number | undefined,
  ): Promise<Recorded> {
    const { sequenceId: source, metadata } = state.document;
    const { correlationId } = metadata;
    return this.journal.record(
      entries,
      // They are those that were given.
      (entry) => ({ source, correlationId, causationId: concernedBy(state, entry as SequenceEntry), at }),
      seen,
    );
  }

  /** Something that a sequence may wait for has happened. */
  async #happened(sequenceId: string, decide: Decide): Promise<void> {
    await this.#workers.get(sequenceId)?.submit(decide);
  }
}

/** The business event that an entry is about; empty: there is none. */
function concernedBy({ document, handling }: SequenceState, entry: SequenceEntry): string {
  const step = 'step' in entry ? entry.step : (handling.failure?.step ?? null);
  if (entry.type === 'StepArrived') return entry.eventId;
  const event = step === null ? undefined : (handling.steps[step]?.arrived?.eventId ?? document.events[step]?.eventId);
  return event ?? document.metadata.causationId;
}
