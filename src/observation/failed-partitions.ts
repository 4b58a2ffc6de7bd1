/**
 * The partitions of an observer that have failed. Each stands at an event, is tried again after a
 * pause, and then catches up on a lane of its own, beside the main track, until it has come as far.
 */
import type { FailureRecord } from '../storage/observers';
import { afterFailure, type FailedAttempt } from './backoff';
import type { Dispatcher } from './dispatcher';
import type { RecordKeeper } from './record-keeper';
import type { Track } from './track';
import { OBSERVATION } from './tuning';

/** A time of a retry that has come. */
const AT_ONCE = new Date(0);

export interface LaneMaker {
  /** The track that lanes run beside. */
  readonly main: () => Dispatcher;
  /** The number that lanes catch up with, inclusive. */
  readonly end: () => number;
  /** The partition has caught up. */
  readonly rejoin: (partition: string) => void;
  /** A track for one partition from a number on, with every client on it. */
  readonly make: (partition: string, from: number) => Track;
}

export class FailedPartitions {
  readonly #failures: Map<string, FailureRecord>;
  readonly #lanes = new Map<string, Track>();
  /**
   * Lanes that have been dropped, by partition: answers to what they sent decide nothing any more, but
   * as long as a client may be handling it, the next lane could hand the partition to another beside it.
   */
  readonly #dropped = new Map<string, Track>();

  constructor(
    failures: readonly FailureRecord[],
    private readonly keeper: RecordKeeper,
    private readonly lanes: LaneMaker,
  ) {
    this.#failures = new Map(failures.map((failure) => [failure.partition, failure]));
  }

  get size(): number {
    return this.#failures.size;
  }

  list(): FailureRecord[] {
    return [...this.#failures.values()];
  }

  tracks(): Track[] {
    return [...this.#lanes.values()];
  }

  /** Dropped lanes of which something may still be in a client's hands. */
  droppedTracks(): Track[] {
    return [...this.#dropped.values()];
  }

  isDropped(track: Track): boolean {
    const { partition } = track.options;
    return partition !== undefined && this.#dropped.get(partition) === track;
  }

  /** Failed attempts of the event that the lane on this track begins with; 0 for another track. */
  attemptsBefore(track: Track): number {
    for (const [partition, lane] of this.#lanes) {
      if (lane === track) return this.#failures.get(partition)?.attemptCount ?? 0;
    }
    return 0;
  }

  /** An event has failed. Settles once that is on record: only then may an offset pass it. */
  async failed(partition: string, attempt: FailedAttempt): Promise<void> {
    this.#drop(partition);
    const written = this.#put(afterFailure(partition, this.#failures.get(partition), attempt, new Date()));
    // At once: nothing more is to be sent while this failure is being written.
    if (this.#failures.size > OBSERVATION.maxFailedPartitions && !this.keeper.record.quarantined) {
      this.keeper.changeSoon({ quarantined: true });
    }
    await written;
  }

  /** Tries a partition again now, or as soon as there is a client. False when it has not failed. */
  async retry(partition: string): Promise<boolean> {
    const failure = this.#failures.get(partition);
    if (failure === undefined) return false;
    await this.#put({ ...failure, nextRetry: AT_ONCE });
    return true;
  }

  /**
   * A replay from a number on begins. A partition that is held gets it on its lane, from there on: it would
   * go on behind its event otherwise, and miss what the others get again.
   */
  async rewind(from: number, partition: string | undefined): Promise<void> {
    const held = [...this.#failures.values()].filter(
      (failure) => failure.heldFrom > from && (partition ?? failure.partition) === failure.partition,
    );
    await Promise.all(
      held.map(async (failure) => {
        this.#drop(failure.partition);
        await this.#put({ ...failure, heldFrom: from, attemptCount: 0, nextRetry: AT_ONCE });
      }),
    );
  }

  /** Goes past the event that a partition stands at. False when it does not stand there. */
  async skip(partition: string, number: number): Promise<boolean> {
    const failure = this.#failures.get(partition);
    if (failure?.heldFrom !== number) return false;
    this.#drop(partition);
    const { attempts } = failure;
    await this.#put({ partition, heldFrom: number + 1, attemptCount: 0, attempts, nextRetry: AT_ONCE });
    return true;
  }

  /** Begins a lane for each partition whose time has come. */
  startLanes(): void {
    for (const [partition, track] of this.#dropped) if (track.dispatcher.quiet) this.#dropped.delete(partition);
    const now = Date.now();
    for (const { partition, nextRetry, heldFrom } of this.#failures.values()) {
      if (nextRetry === undefined || nextRetry.getTime() > now || this.#lanes.has(partition)) continue;
      if (this.#lanes.size >= OBSERVATION.lanes) return;
      if (this.#dropped.has(partition)) continue;
      // The track is still on its way to where the partition stands: nothing is missed so far.
      if (heldFrom > this.lanes.end()) continue;
      if (this.lanes.main().isHeld(partition)) this.#lanes.set(partition, this.lanes.make(partition, heldFrom));
    }
  }

  /**
   * Ends the lanes that have come as far as the main track. The partition gets new events from here
   * on; its record goes afterwards, so a crash in between repeats some events in order and loses none.
   */
  endLanes(): void {
    for (const [partition, track] of this.#lanes) {
      if (!track.finished || !track.dispatcher.quiet) continue;
      this.#lanes.delete(partition);
      this.#failures.delete(partition);
      this.lanes.rejoin(partition);
      this.keeper.changeFailure({ partition, caughtUp: true }).catch(this.keeper.trouble);
    }
  }

  /** The main track is another one from here on; lanes begin again beside it. */
  dropLanes(): void {
    for (const partition of [...this.#lanes.keys()]) this.#drop(partition);
  }

  #drop(partition: string): void {
    const lane = this.#lanes.get(partition);
    if (lane === undefined) return;
    this.#lanes.delete(partition);
    if (!lane.dispatcher.quiet) this.#dropped.set(partition, lane);
  }

  async #put(failure: FailureRecord): Promise<void> {
    this.#failures.set(failure.partition, failure);
    await this.keeper.changeFailure(failure);
  }
}
