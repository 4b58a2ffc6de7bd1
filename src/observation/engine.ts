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
import { AnnalsError } from '../kernel/annals-error';
import type {
  FailureRecord,
  ObserverChange,
  ObserverDefinition,
  ObserverRecord,
  ReplayRecord,
} from '../storage/observers';
import type { FailedAttempt } from './backoff';
import { ClientRoster, type ObserverClient } from './client-roster';
import type { EngineOptions } from './engine-options';
import { FailedPartitions } from './failed-partitions';
import { RateMeter } from './rate-meter';
import { RecordKeeper } from './record-keeper';
import { SentDeliveries, type Acknowledgement } from './sent-deliveries';
import type { Track } from './track';
import { Tracks } from './tracks';
import { OBSERVATION } from './tuning';
import { Waiters } from './waiters';

/** How often deadlines, heartbeats and retries are looked at, in ms. */
const SWEEP_MS = 100;

export class ObserverEngine {
  readonly clients = new ClientRoster();
  readonly #options: EngineOptions;
  readonly #keeper: RecordKeeper;
  readonly #failed: FailedPartitions;
  readonly #sent = new SentDeliveries();
  readonly #rate = new RateMeter(OBSERVATION.rateWindowMs);
  readonly #waiters = new Waiters();
  readonly #tracks: Tracks;
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;
  #track: Track;
  /** Numbers below it may have been delivered by the main track, as far as this engine knows. */
  #sentBelow: number;
  #handledSinceWrite = 0;
  /** Events of the replay that are handled, as far as the record tells it for owners before. */
  #replayed = 0;
  #stopped = false;
  #scheduled = false;

  constructor(options: EngineOptions) {
    const { record, epoch, store, logger, sequence } = options;
    this.#options = options;
    this.#keeper = new RecordKeeper({
      record,
      epoch,
      store,
      logger,
      lost: (reason) => {
        this.#end();
        options.lost(reason);
      },
    });
    this.#failed = new FailedPartitions(options.failures, this.#keeper, {
      main: () => this.#track.dispatcher,
      end: this.#laneEnd,
      make: (partition, from) =>
        this.#withClients(this.#tracks.lane(this.#keeper.record, partition, from, this.#laneEnd)),
      rejoin: (partition) => {
        // A lane beside a replay has come as far as the main track: the replay has nothing more for its partition.
        if (!this.#track.replay) this.#track.dispatcher.release(partition);
      },
    });
    this.#sentBelow = record.deliveredBelow;
    this.#tracks = new Tracks(sequence);
    this.#track = this.#newTrack();
    this.#stopListening = sequence.tail.listen(this.#soon);
    this.#timer = setInterval(() => {
      this.#sweep();
    }, SWEEP_MS);
    this.#soon();
  }

  /** What is known of the observer at this moment, without asking the database. */
  get state() {
    const { next } = this.#options.sequence.tail;
    const live = { ...this.#whereItStands(), replay: this.#replay(), rate: this.#rate.perSecond() };
    return {
      record: { ...this.#keeper.record, ...live },
      tail: next === 0 ? undefined : next - 1,
      failedPartitions: this.#failed.size,
      clients: this.clients.list().map(({ id, name }) => ({ id, name, inFlight: this.#inFlightOf(id) })),
    };
  }

  failures(): FailureRecord[] {
    return this.#failed.list();
  }

  /** @throws AnnalsError LEASE_LOST when it has ended meanwhile: nobody would ever send it away. */
  addClient(client: ObserverClient): void {
    if (this.#stopped) throw new AnnalsError('LEASE_LOST');
    this.clients.add(client);
    for (const { dispatcher } of this.#all()) dispatcher.addClient(client.id, client);
    this.#soon();
  }

  /** The client takes nothing new. */
  leaving(id: string): void {
    for (const { dispatcher } of this.#all()) dispatcher.leaving(id);
    this.#soon();
  }

  /** The client is gone. What was on its way to it goes to others, flagged. */
  removeClient(id: string): void {
    if (!this.clients.remove(id)) return;
    for (const { dispatcher } of [...this.#all(), ...this.#failed.droppedTracks()]) dispatcher.removeClient(id);
    this.#sent.removeClient(id);
    this.#soon();
  }

  /** Sends all clients away. */
  dismiss(reason: AnnalsError): void {
    for (const client of this.clients.list()) {
      this.removeClient(client.id);
      client.end(reason);
    }
  }

  /** Takes a client's answers. What is late, repeated or somebody else's changes nothing. */
  acknowledge(client: string, answers: readonly Acknowledgement[]): void {
    this.clients.heard(client);
    for (const { deliveryId, handledThrough, failure } of answers) {
      const track = this.#sent.of(client, deliveryId)?.track;
      if (track === undefined) continue;
      // With a failure and no number nothing was handled; without either all was.
      if (failure === undefined || handledThrough !== undefined) {
        const handled = track.dispatcher.acknowledge(client, deliveryId, handledThrough);
        this.#count(track, handled);
        if (handled > 0) this.#sent.prolong(deliveryId, performance.now());
      }
      if (failure !== undefined) this.#fail(track, client, deliveryId, failure);
      if (!track.dispatcher.isOpen(deliveryId)) this.#sent.remove(deliveryId);
    }
    this.#soon();
  }

  /** Resuming is an act of a person, so it ends a quarantine too. */
  async pause(paused: boolean): Promise<void> {
    await this.#keeper.change(paused ? { paused } : { paused, quarantined: false });
    this.#soon();
  }

  async redefine(definition: ObserverDefinition): Promise<void> {
    await this.#keeper.change({ definition, ...this.#whereItStands() });
    this.#switchTrack();
  }

  async replay(replay: ReplayRecord): Promise<void> {
    await this.#failed.rewind(replay.from, replay.partition);
    await this.#keeper.change({ replay, ...this.#whereItStands() });
    this.#switchTrack();
  }

  /** False when there was none. */
  async cancelReplay(): Promise<boolean> {
    if (this.#keeper.record.replay === undefined) return false;
    await this.#keeper.change({ replay: undefined });
    this.#switchTrack();
    return true;
  }

  /** Tries a failed partition again now. False when it has not failed. */
  async retry(partition: string): Promise<boolean> {
    const found = await this.#failed.retry(partition);
    this.#soon();
    return found;
  }

  /** Goes past the event that a failed partition stands at. False when it does not stand there. */
  async skip(partition: string, number: number): Promise<boolean> {
    const skipped = await this.#failed.skip(partition, number);
    this.#soon();
    return skipped;
  }

  /** Settles once everything up to `number` is handled or held, or the signal aborts. */
  async waitFor(number: number, signal: AbortSignal): Promise<void> {
    if (this.#position <= number) await this.#waiters.wait(number, signal);
  }

  /** Stops delivering, writes the offset, and lets go of everything. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#end();
    this.#noteSent();
    // An orderly stop knows what was delivered, so that nothing is flagged later that was not.
    const change = { ...this.#whereItStands(), replay: this.#replay(), deliveredBelow: this.#sentBelow };
    await this.#keeper.stop(change);
  }

  /** Everything that happens leads here, once for what happens in one turn of the event loop. */
  readonly #soon = (): void => {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#stopped) this.#work();
    });
  };

  #work(): void {
    const { paused, quarantined } = this.#keeper.record;
    if (!paused && !quarantined && this.clients.size > 0) {
      this.#failed.startLanes();
      for (const track of this.#all()) {
        track.pump(this.#soon, this.#keeper.trouble);
        this.#send(track);
      }
    }
    this.#failed.endLanes();
    if (this.#track.replay && this.#track.finished && this.#track.dispatcher.quiet) this.#endReplay();
    this.#writeOffset();
    this.#waiters.reached(this.#position);
  }

  #send(track: Track): void {
    // The main track goes where nobody has been; a replay and a lane are flagged anyway.
    const first = track === this.#track && !track.replay;
    const allowed = !first || this.#keeper.mayDeliver(track.dispatcher.next, this.#soon);
    if (!allowed) return;
    const now = performance.now();
    const before = this.#failed.attemptsBefore(track);
    const deliveries = track.deliveries().map((delivery) => ({ ...delivery, attempt: delivery.attempt + before }));
    for (const [client, theirs] of this.clients.byClient(deliveries)) {
      const { deadlineMs } = client;
      const sent = { track, client: client.id, deadline: now + deadlineMs, deadlineMs };
      for (const { id } of theirs) this.#sent.add(id, sent);
      client.send(theirs, track.replay);
    }
  }

  #count(track: Track, handled: number): void {
    this.#handledSinceWrite += handled;
    this.#rate.add(handled);
    if (track.replay) this.#replayed += handled;
  }

  #fail(track: Track, client: string, deliveryId: number, failure: Omit<FailedAttempt, 'number'>): void {
    const failed = track.dispatcher.fail(client, deliveryId);
    // What is left of a dropped lane is over, and nothing more: its partition begins anew.
    if (failed === undefined || this.#failed.isDropped(track)) return;
    this.#failed
      .failed(failed.partition, { ...failure, number: failed.number })
      .then(() => {
        // Only now may the position pass it.
        track.dispatcher.recorded(failed.partition);
        this.#soon();
      })
      .catch(this.#keeper.trouble);
  }

  #newTrack(): Track {
    const track = this.#tracks.current(this.#keeper.record, this.#sentBelow);
    this.#replayed = this.#keeper.record.replay?.done ?? 0;
    for (const failure of this.#failed.list()) track.dispatcher.recorded(failure.partition);
    return this.#withClients(track);
  }

  #withClients(track: Track): Track {
    for (const client of this.clients.list()) track.dispatcher.addClient(client.id, client);
    return track;
  }

  /** Leaves the track for the one that the record asks for. What is on its way is taken back: late answers change nothing. */
  #switchTrack(): void {
    this.#noteSent();
    this.#failed.dropLanes();
    this.#sent.removeTrack(this.#track);
    this.#track = this.#newTrack();
    this.#soon();
  }

  /** What an owner that crashed may have delivered stays noted, also where this one has not come to yet. */
  #noteSent(): void {
    if (!this.#track.replay) this.#sentBelow = Math.max(this.#sentBelow, this.#track.dispatcher.next);
  }

  /** A partition leaves its lane where the track is, and during a replay where the main track goes on afterwards. */
  readonly #laneEnd = (): number => {
    const { dispatcher, replay } = this.#track;
    return Math.max(dispatcher.next, replay ? this.#keeper.record.position : 0) - 1;
  };

  #endReplay(): void {
    // A crash before the database knows repeats the end of the replay.
    this.#keeper.changeSoon({ replay: undefined });
    this.#switchTrack();
  }

  /** Where the main track is, also while a replay is under way. */
  get #position(): number {
    return this.#track.replay ? this.#keeper.record.position : this.#track.dispatcher.position;
  }

  #whereItStands(): Pick<ObserverRecord, 'position' | 'ahead'> {
    if (this.#track.replay) return { position: this.#position, ahead: this.#keeper.record.ahead };
    const ahead = [...this.#track.dispatcher.ahead()].slice(0, OBSERVATION.rememberedAhead);
    return { position: this.#position, ahead: new Map(ahead) };
  }

  #replay(): ReplayRecord | undefined {
    const { replay } = this.#keeper.record;
    // A write that was under way when the replay ended may have left it in the record for a moment.
    if (replay === undefined || !this.#track.replay) return undefined;
    // What a crash repeats is counted again.
    const done = Math.min(this.#replayed, replay.total);
    return { ...replay, position: this.#track.dispatcher.position, done };
  }

  #writeOffset(): void {
    const { position, replay } = this.#keeper.record;
    const { dispatcher } = this.#track;
    const before = this.#track.replay ? (replay?.position ?? 0) : position;
    // Moving past what does not match is no work that a crash would lose: it is written once in a while.
    const moved = dispatcher.position - before >= OBSERVATION.unmatchedWriteNumbers;
    const written = this.#keeper.offer(this.#handledSinceWrite, moved || this.#handledSinceWrite > 0, () =>
      this.#offset(),
    );
    if (written) this.#handledSinceWrite = 0;
  }

  #offset(): ObserverChange {
    const rate = this.#rate.perSecond();
    if (!this.#track.replay) return { ...this.#whereItStands(), rate };
    return { replay: this.#replay(), rate };
  }

  #sweep(): void {
    const now = performance.now();
    for (const id of this.clients.silent(now)) {
      const client = this.clients.get(id);
      this.removeClient(id);
      client?.end(new AnnalsError('CLIENT_SILENT'));
    }
    for (const { id, track, client } of this.#sent.takeExpired(now)) {
      const message = 'the delivery was not acknowledged before its deadline';
      this.#fail(track, client, id, { message, stack: '', permanent: false });
    }
    this.#soon();
  }

  #end(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#stopListening();
    this.#waiters.end();
  }

  #all(): Track[] {
    return [this.#track, ...this.#failed.tracks()];
  }

  #inFlightOf(client: string): number {
    return this.#all().reduce((sum, { dispatcher }) => sum + dispatcher.inFlightOf(client), 0);
  }
}
