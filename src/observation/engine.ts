/**
 * One observer at work, on the server that owns it: reads ahead, gives events to clients, takes their
 * answers, holds back what fails, and keeps the offset. The decisions are the dispatcher's; here are
 * time, the database and the clients.
 *
 * Orders that are load-bearing:
 * - A number may be delivered only after the record says so (`deliveredBelow`): a crash in between
 *   would otherwise repeat it without a flag.
 * - A failure is on record before the position passes its event: a crash in between would lose it.
 * - A lane ends (its partition gets new events again) before its record goes: a crash in between
 *   repeats some events in order and loses none.
 */
import type { Logger } from 'pino';
import { ContentType, type EventFilter } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import type { OpenSequence } from '../sequences/sequences';
import {
  LostLease,
  type FailureRecord,
  type ObserverChange,
  type ObserverDefinition,
  type ObserverRecord,
  type ObserverStore,
  type ReplayRecord,
} from '../storage/observers';
import { afterFailure, type FailedAttempt } from './backoff';
import { ClientRoster, type ObserverClient } from './client-roster';
import type { Delivery, Dispatcher } from './dispatcher';
import { EventSource } from './event-source';
import { partitionKey } from './partition-key';
import { RateMeter } from './rate-meter';
import { Track } from './track';
import { OBSERVATION } from './tuning';

export interface EngineOptions {
  readonly record: ObserverRecord;
  readonly failures: readonly FailureRecord[];
  readonly epoch: number;
  readonly store: ObserverStore;
  readonly sequence: OpenSequence;
  readonly logger: Logger;
  /** The lease is lost, or the observer cannot go on: the engine has stopped by itself. */
  readonly lost: (reason: Error) => void;
}

export interface Acknowledgement {
  readonly deliveryId: number;
  readonly handledThrough: number | undefined;
  readonly failure: Omit<FailedAttempt, 'number'> | undefined;
}

/** A failed partition on its way to catch up. */
interface Lane {
  readonly track: Track;
  readonly partition: string;
}

const WINDOW = {
  windowEvents: OBSERVATION.windowEvents,
  windowBytes: OBSERVATION.windowBytes,
  deliveryBytes: OBSERVATION.deliveryBytes,
};

const LANE_WINDOW = { ...WINDOW, windowEvents: OBSERVATION.laneEvents };

/** How often deadlines, heartbeats and retries are looked at, in ms. */
const SWEEP_MS = 100;

export class ObserverEngine {
  readonly #options: EngineOptions;
  readonly #clients: ClientRoster;
  readonly #failures: Map<string, FailureRecord>;
  readonly #lanes = new Map<string, Lane>();
  /** Where a delivery came from, until it is answered. */
  readonly #sent = new Map<number, { readonly track: Track; readonly deadline: number; readonly client: string }>();
  readonly #rate = new RateMeter(OBSERVATION.rateWindowMs);
  readonly #waiters = new Set<{ readonly number: number; readonly settle: () => void }>();
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;
  #source: EventSource;
  #track: Track;
  #deliveryId = 1;
  #record: ObserverRecord;
  /** Numbers below it may be delivered: the database knows. */
  #reserved: number;
  #reserving = false;
  /** Numbers below it may have been delivered by the main track, as far as this engine knows. */
  #sentBelow: number;
  #handledSinceWrite = 0;
  #writtenAt = 0;
  #writing: Promise<void> | undefined;
  #replayDone = 0;
  #stopped = false;
  #scheduled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#failures = new Map(options.failures.map((failure) => [failure.partition, failure]));
    this.#reserved = options.record.deliveredBelow;
    this.#sentBelow = options.record.deliveredBelow;
    this.#source = this.#newSource(options.record.definition);
    this.#track = this.#startTrack();
    this.#clients = new ClientRoster();
    this.#stopListening = options.sequence.tail.listen(() => this.#soon());
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#soon();
  }

  /** What is known of the observer at this moment, without asking the database. */
  get state() {
    const { tail } = this.#options.sequence;
    return {
      record: {
        ...this.#record,
        position: this.#mainPosition(),
        replay: this.#replayRecord(),
        rate: this.#rate.perSecond(),
      },
      tail: tail.next === 0 ? undefined : tail.next - 1,
      failedPartitions: this.#failures.size,
      clients: this.#clients.list().map(({ id, name }) => ({ id, name, inFlight: this.#inFlightOf(id) })),
    };
  }

  get hasClients(): boolean {
    return this.#clients.size > 0;
  }

  get definition(): ObserverDefinition {
    return this.#record.definition;
  }

  failures(): FailureRecord[] {
    return [...this.#failures.values()];
  }

  // --- clients ---

  addClient(client: ObserverClient): void {
    this.#clients.add(client);
    for (const dispatcher of this.#dispatchers()) dispatcher.addClient(client.id, client);
    this.#soon();
  }

  /** The client takes nothing new. */
  leaving(id: string): void {
    for (const dispatcher of this.#dispatchers()) dispatcher.leaving(id);
    this.#soon();
  }

  /** The client is gone. What was on its way to it goes to others, flagged. */
  removeClient(id: string): void {
    if (!this.#clients.remove(id)) return;
    for (const dispatcher of this.#dispatchers()) dispatcher.removeClient(id);
    for (const [delivery, sent] of this.#sent) if (sent.client === id) this.#sent.delete(delivery);
    this.#soon();
  }

  /** Sends all clients away. */
  dismiss(reason: AnnalsError): void {
    for (const client of this.#clients.list()) {
      this.removeClient(client.id);
      client.end(reason);
    }
  }

  heard(id: string): void {
    this.#clients.heard(id);
  }

  /** Takes a client's answers. What is late, repeated or somebody else's changes nothing. */
  acknowledge(client: string, answers: readonly Acknowledgement[]): void {
    this.#clients.heard(client);
    for (const { deliveryId, handledThrough, failure } of answers) {
      const sent = this.#sent.get(deliveryId);
      if (sent === undefined || sent.client !== client) continue;
      const { dispatcher } = sent.track;
      // With a failure and no number nothing was handled; without either all was.
      if (failure === undefined || handledThrough !== undefined) {
        this.#handled(sent.track, dispatcher.acknowledge(client, deliveryId, handledThrough));
      }
      if (failure !== undefined) this.#fail(sent.track, client, deliveryId, failure);
      if (failure !== undefined || !dispatcher.isOpen(deliveryId)) this.#sent.delete(deliveryId);
    }
    this.#soon();
  }

  // --- what a person asks for ---

  async pause(paused: boolean): Promise<void> {
    // A person who resumes an observer that had been quarantined has acted.
    await this.#change({ paused, ...(paused ? {} : { quarantined: false }) });
    this.#soon();
  }

  async redefine(definition: ObserverDefinition): Promise<void> {
    await this.#change({ definition, ...this.#whereItStands() });
    this.#source = this.#newSource(definition);
    this.#switchTrack();
  }

  async replay(replay: ReplayRecord): Promise<void> {
    await this.#change({ replay, ...this.#whereItStands() });
    this.#replayDone = 0;
    this.#switchTrack();
  }

  async cancelReplay(): Promise<boolean> {
    if (this.#record.replay === undefined) return false;
    await this.#change({ replay: undefined });
    this.#switchTrack();
    return true;
  }

  /** Tries a failed partition again now. False when it has not failed. */
  retry(partition: string): boolean {
    const failure = this.#failures.get(partition);
    if (failure === undefined) return false;
    this.#failures.set(partition, { ...failure, nextRetry: new Date(0) });
    this.#soon();
    return true;
  }

  /** Goes past the event that a failed partition stands at. False when it does not stand there. */
  async skip(partition: string, number: number): Promise<boolean> {
    const failure = this.#failures.get(partition);
    if (failure === undefined || failure.heldFrom !== number) return false;
    this.#dropLane(partition);
    const beyond: FailureRecord = {
      partition,
      heldFrom: number + 1,
      attemptCount: 0,
      attempts: failure.attempts,
      nextRetry: new Date(0),
    };
    await this.#putOnRecord(beyond);
    this.#soon();
    return true;
  }

  /** Settles once everything below and at `number` is handled or held, or the signal aborts. */
  async waitFor(number: number, signal: AbortSignal): Promise<void> {
    if (this.#mainPosition() > number) return;
    await new Promise<void>((resolve) => {
      const waiter = { number, settle: resolve };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', () => {
        this.#waiters.delete(waiter);
        resolve();
      });
    });
  }

  /** Stops delivering, writes the offset, and lets go of everything. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    await this.#writing?.catch(() => undefined);
    // An orderly stop knows what was delivered, so that nothing is flagged that was not.
    const deliveredBelow = this.#track.replay ? this.#sentBelow : this.#track.dispatcher.next;
    await this.#write()
      .then(() => this.#change({ deliveredBelow }))
      .catch((error: unknown) => this.#trouble(error));
    this.#end();
  }

  // --- the work ---

  /** Everything that happens leads here, once for what happens in one turn of the event loop. */
  #soon(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#stopped) this.#work();
    });
  }

  #work(): void {
    const { paused, quarantined } = this.#record;
    if (!paused && !quarantined && this.#clients.size > 0) {
      this.#startLanes();
      for (const track of this.#tracks()) {
        track.pump(
          () => this.#soon(),
          (error) => this.#readFailed(error),
        );
        this.#send(track);
      }
    }
    this.#endLanes();
    if (this.#track.replay && this.#track.finished && this.#track.dispatcher.quiet) void this.#replayEnded();
    this.#writeSoon();
    this.#settleWaiters();
  }

  #send(track: Track): void {
    // Only the main track goes where nobody has been; a replay and a lane are flagged anyway.
    if (track === this.#track && !track.replay && !this.#reserve(track.dispatcher.next)) return;
    const now = performance.now();
    const byClient = new Map<string, Delivery[]>();
    for (const delivery of track.deliveries()) {
      const client = this.#clients.get(delivery.client);
      if (client === undefined) continue;
      this.#sent.set(delivery.id, { track, deadline: now + client.deadlineMs, client: client.id });
      const list = byClient.get(client.id) ?? [];
      list.push(delivery);
      byClient.set(client.id, list);
    }
    for (const [id, deliveries] of byClient) {
      const attempt = this.#attemptOf(track);
      this.#clients
        .get(id)
        ?.send(deliveries.map((d) => ({ ...d, replay: track.replay, attempt: d.attempt + attempt })));
    }
  }

  /** Whether numbers below `next` may be delivered. Asks for more room in time, so that nobody waits for it. */
  #reserve(next: number): boolean {
    if (next + OBSERVATION.deliveryReserve / 2 > this.#reserved && !this.#reserving) {
      this.#reserving = true;
      const deliveredBelow = next + 2 * OBSERVATION.deliveryReserve;
      this.#change({ deliveredBelow })
        .then(() => {
          this.#reserved = deliveredBelow;
          this.#soon();
        })
        .catch((error: unknown) => this.#trouble(error))
        .finally(() => {
          this.#reserving = false;
        });
    }
    return next <= this.#reserved;
  }

  #handled(track: Track, events: number): void {
    this.#handledSinceWrite += events;
    this.#rate.add(events);
    if (track.replay) this.#replayDone += events;
  }

  #fail(track: Track, client: string, deliveryId: number, failure: Omit<FailedAttempt, 'number'>): void {
    const failed = track.dispatcher.fail(client, deliveryId);
    if (failed === undefined) return;
    const { partition, number } = failed;
    this.#dropLane(partition);
    const record = afterFailure(partition, this.#failures.get(partition), { ...failure, number }, new Date());
    this.#putOnRecord(record)
      .then(() => {
        // Only now may the position pass it.
        track.dispatcher.recorded(partition);
        this.#soon();
      })
      .catch((error: unknown) => this.#trouble(error));
  }

  async #putOnRecord(record: FailureRecord): Promise<void> {
    const { store, epoch } = this.#options;
    this.#failures.set(record.partition, record);
    await this.#persistently(() => store.recordFailure(this.#record.id, epoch, record));
    if (this.#failures.size > OBSERVATION.maxFailedPartitions && !this.#record.quarantined) {
      await this.#change({ quarantined: true });
    }
  }

  // --- lanes ---

  #startLanes(): void {
    const now = Date.now();
    for (const failure of this.#failures.values()) {
      const { partition, nextRetry, heldFrom } = failure;
      if (nextRetry === undefined || nextRetry.getTime() > now || this.#lanes.has(partition)) continue;
      if (!this.#track.dispatcher.isHeld(partition)) continue;
      const track = new Track({
        source: this.#newSource(this.#record.definition, partition),
        from: heldFrom,
        end: () => this.#track.dispatcher.next - 1,
        partition,
        redeliveryBelow: Number.POSITIVE_INFINITY,
        replay: false,
        limits: LANE_WINDOW,
        newDeliveryId: () => this.#deliveryId++,
      });
      for (const client of this.#clients.list()) track.dispatcher.addClient(client.id, client);
      this.#lanes.set(partition, { track, partition });
    }
  }

  /** A lane that has come as far as the track gives its partition back. */
  #endLanes(): void {
    for (const { track, partition } of this.#lanes.values()) {
      if (!track.finished || !track.dispatcher.quiet) continue;
      this.#lanes.delete(partition);
      this.#failures.delete(partition);
      this.#track.dispatcher.release(partition);
      const { store, epoch } = this.#options;
      this.#persistently(() => store.clearFailure(this.#record.id, epoch, partition)).catch((error: unknown) =>
        this.#trouble(error),
      );
      this.#soon();
    }
  }

  #dropLane(partition: string): void {
    const lane = this.#lanes.get(partition);
    if (lane === undefined) return;
    this.#lanes.delete(partition);
    for (const [id, sent] of this.#sent) if (sent.track === lane.track) this.#sent.delete(id);
  }

  #attemptOf(track: Track): number {
    for (const lane of this.#lanes.values()) {
      if (lane.track === track) return this.#failures.get(lane.partition)?.attemptCount ?? 0;
    }
    return 0;
  }

  // --- tracks ---

  #startTrack(): Track {
    const { replay, position, ahead } = this.#record;
    const { tail } = this.#options.sequence;
    const track = new Track({
      source: this.#source,
      from: replay?.position ?? position,
      end: replay === undefined ? () => tail.next - 1 : () => Math.min(replay.to, tail.next - 1),
      partition: replay?.partition,
      ahead: replay === undefined ? ahead : new Map(),
      redeliveryBelow: replay === undefined ? this.#sentBelow : Number.POSITIVE_INFINITY,
      replay: replay !== undefined,
      limits: WINDOW,
      newDeliveryId: () => this.#deliveryId++,
    });
    for (const failure of this.#failures.values()) track.dispatcher.recorded(failure.partition);
    return track;
  }

  /** Leaves the track for the one that the record asks for. What is on its way is taken back: late answers change nothing. */
  #switchTrack(): void {
    if (!this.#track.replay) this.#sentBelow = this.#track.dispatcher.next;
    this.#sent.clear();
    this.#lanes.clear();
    this.#track = this.#startTrack();
    for (const client of this.#clients.list()) this.#track.dispatcher.addClient(client.id, client);
    this.#soon();
  }

  async #replayEnded(): Promise<void> {
    if (this.#record.replay === undefined) return;
    this.#record = { ...this.#record, replay: undefined };
    this.#switchTrack();
    await this.#change({ replay: undefined }).catch((error: unknown) => this.#trouble(error));
  }

  /** @param partition the one that is wanted, so that an index can lead to it. */
  #newSource({ filters, partitionBy, content }: ObserverDefinition, partition?: string): EventSource {
    const narrowed = partition !== undefined && partitionBy.kind === 'source' ? ofSource(filters, partition) : filters;
    return new EventSource({
      sequence: this.#options.sequence,
      filters: narrowed,
      contentType: content === 'bson' ? ContentType.BSON : ContentType.JSON,
      partitionOf: partitionKey(partitionBy),
    });
  }

  // --- the record ---

  #mainPosition(): number {
    return this.#track.replay ? this.#record.position : this.#track.dispatcher.position;
  }

  #replayRecord(): ReplayRecord | undefined {
    const { replay } = this.#record;
    if (replay === undefined || !this.#track.replay) return replay;
    return { ...replay, position: this.#track.dispatcher.position, done: replay.done + this.#replayDone };
  }

  #writeSoon(): void {
    if (this.#writing !== undefined) return;
    const since = performance.now() - this.#writtenAt;
    const due =
      since >= OBSERVATION.offsetWriteMs ||
      (this.#handledSinceWrite >= OBSERVATION.offsetWriteEvents && since >= OBSERVATION.offsetWriteLeastMs);
    const changed = this.#handledSinceWrite > 0 || this.#mainPosition() !== this.#record.position;
    if (!due || !changed) return;
    this.#writing = this.#write()
      .catch((error: unknown) => this.#trouble(error))
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #write(): Promise<void> {
    this.#writtenAt = performance.now();
    this.#handledSinceWrite = 0;
    const replay = this.#replayRecord();
    const rate = this.#rate.perSecond();
    if (this.#track.replay) {
      this.#replayDone = 0;
      await this.#change({ replay, rate });
      return;
    }
    await this.#change({ ...this.#whereItStands(), rate });
  }

  #whereItStands(): Pick<ObserverRecord, 'position' | 'ahead'> {
    if (this.#track.replay) return { position: this.#record.position, ahead: this.#record.ahead };
    const { dispatcher } = this.#track;
    return {
      position: dispatcher.position,
      ahead: new Map([...dispatcher.ahead()].slice(0, OBSERVATION.rememberedAhead)),
    };
  }

  async #change(change: ObserverChange): Promise<void> {
    const { store, epoch } = this.#options;
    await store.update(this.#record.id, epoch, change);
    this.#record = { ...this.#record, ...change };
  }

  /** Again until it succeeds or the lease is lost: what depends on it must not happen before. */
  async #persistently(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (error instanceof LostLease || this.#stopped) throw error;
        this.#options.logger.warn({ err: error, observer: this.#record.id }, 'an observer waits for the database');
        await new Promise((resolve) => setTimeout(resolve, SWEEP_MS));
      }
    }
  }

  // --- time ---

  #sweep(): void {
    const now = performance.now();
    for (const id of this.#clients.silent(now)) {
      const client = this.#clients.get(id);
      this.removeClient(id);
      client?.end(new AnnalsError('CLIENT_SILENT'));
    }
    for (const [id, { track, deadline, client }] of this.#sent) {
      if (deadline > now) continue;
      this.#sent.delete(id);
      const message = 'the delivery was not acknowledged before its deadline';
      this.#fail(track, client, id, { message, stack: '', permanent: false });
    }
    this.#soon();
  }

  #settleWaiters(): void {
    const position = this.#mainPosition();
    for (const waiter of this.#waiters) {
      if (waiter.number >= position) continue;
      this.#waiters.delete(waiter);
      waiter.settle();
    }
  }

  #readFailed(error: unknown): void {
    this.#options.logger.warn({ err: error, observer: this.#record.id }, 'an observer could not read, trying again');
  }

  #trouble(error: unknown): void {
    if (error instanceof LostLease) {
      this.#end();
      this.#options.lost(error);
      return;
    }
    this.#options.logger.warn({ err: error, observer: this.#record.id }, 'an observer’s record could not be written');
  }

  #end(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#stopListening();
    for (const waiter of this.#waiters) waiter.settle();
  }

  #tracks(): Track[] {
    return [this.#track, ...[...this.#lanes.values()].map((lane) => lane.track)];
  }

  #dispatchers(): Dispatcher[] {
    return this.#tracks().map((track) => track.dispatcher);
  }

  #inFlightOf(client: string): number {
    return this.#dispatchers().reduce((sum, dispatcher) => sum + dispatcher.inFlightOf(client), 0);
  }
}

/** The same filters for one event source; a filter for other sources alone selects nothing of it. */
function ofSource(filters: readonly EventFilter[], source: string): EventFilter[] {
  const all = filters.length === 0 ? [{ types: [], eventSourceIds: [], tags: [], correlationId: undefined }] : filters;
  return all
    .filter(({ eventSourceIds }) => eventSourceIds.length === 0 || eventSourceIds.includes(source))
    .map((filter) => ({ ...filter, eventSourceIds: [source] }));
}
