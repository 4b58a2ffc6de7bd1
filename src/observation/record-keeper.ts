/**
 * Keeps an observer's record in the database, for the owner that holds the lease. Offsets are written
 * in groups; what a guarantee depends on is written before it happens, and tried until it is.
 */
import type { Logger } from 'pino';
import {
  LostLease,
  type FailureChange,
  type ObserverChange,
  type ObserverRecord,
  type ObserverStore,
} from '../storage/observers';
import { OBSERVATION } from './tuning';

export interface RecordKeeperOptions {
  readonly record: ObserverRecord;
  readonly epoch: number;
  readonly store: ObserverStore;
  readonly logger: Logger;
  /** The lease has passed to another owner. */
  readonly lost: (reason: LostLease) => void;
}

/** Failures in one write: each has up to ten attempts with their stacks, and a transaction is to be short. */
const FAILURES_PER_WRITE = 200;

/** How long to wait before a write that must succeed is tried again, in ms. */
const TRY_AGAIN_MS = 100;

export class RecordKeeper {
  #record: ObserverRecord;
  /** Numbers below it may be delivered: the database knows. */
  #reserved: number;
  #reserving = false;
  #writing: Promise<void> | undefined;
  #writtenAt = 0;
  /** What the database does not know yet: it goes with whatever is written next. */
  #owed: ObserverChange = {};
  #stopped = false;
  #changed: Promise<void> = Promise.resolve();
  readonly #waitingFailures: FailureChange[] = [];
  #failuresWritten: Promise<void> = Promise.resolve();

  constructor(private readonly options: RecordKeeperOptions) {
    this.#record = options.record;
    this.#reserved = options.record.deliveredBelow;
  }

  get record(): ObserverRecord {
    return this.#record;
  }

  /**
   * One after the other: two writes at once could reach the database in either order, and an older offset
   * or a replay that has ended would come back.
   * @throws LostLease, or what the database says; the record is then as it was.
   */
  async change(change: ObserverChange): Promise<void> {
    const written = this.#changed.then(async () => {
      const whole = { ...this.#owed, ...change };
      if (Object.keys(whole).length === 0) return;
      await this.options.store.update(this.#record.id, this.options.epoch, whole);
      this.#owed = {};
      this.#record = { ...this.#record, ...whole };
    });
    this.#changed = written.catch(() => undefined);
    return written;
  }

  /** As `change`, here at once and in the database as soon as it can be, however long that is away. */
  changeSoon(change: ObserverChange): void {
    this.#record = { ...this.#record, ...change };
    // In its turn: a write from before must not undo it, and one from afterwards may.
    this.#changed = this.#changed.then(() => {
      this.#owed = { ...this.#owed, ...change };
    });
    this.#persistently(async () => this.change({})).catch(this.trouble);
  }

  /**
   * Whether numbers below `next` may be delivered. Asks for more room in good time, so that nobody
   * waits for it; `granted` is called when there is more.
   */
  mayDeliver(next: number, granted: () => void): boolean {
    if (next + OBSERVATION.deliveryReserve / 2 > this.#reserved && !this.#reserving) {
      this.#reserving = true;
      const deliveredBelow = next + 2 * OBSERVATION.deliveryReserve;
      this.change({ deliveredBelow })
        .then(() => {
          this.#reserved = deliveredBelow;
          granted();
        })
        .catch(this.trouble)
        .finally(() => {
          this.#reserving = false;
        });
    }
    return next <= this.#reserved;
  }

  /** Writes the offset when it is due: `handled` events since the last time, or enough time. */
  offer(handled: number, changed: boolean, change: () => ObserverChange): boolean {
    if (this.#writing !== undefined || !changed) return false;
    const since = performance.now() - this.#writtenAt;
    const many = handled >= OBSERVATION.offsetWriteEvents && since >= OBSERVATION.offsetWriteLeastMs;
    if (since < OBSERVATION.offsetWriteMs && !many) return false;
    this.#writtenAt = performance.now();
    this.#writing = this.change(change())
      .catch(this.trouble)
      .finally(() => {
        this.#writing = undefined;
      });
    return true;
  }

  /**
   * Puts a partition's failure on record, or that there is none any more; settles only once it is, or the
   * lease is lost. Those that come while one write is under way go together in the next: each write is a
   * transaction over the same record, and a thousand of them at once would mostly be in each other's way.
   */
  async changeFailure(change: FailureChange): Promise<void> {
    const before = this.#failuresWritten;
    this.#waitingFailures.push(change);
    this.#failuresWritten = before
      .catch(() => undefined)
      .then(async () => {
        const changes = this.#waitingFailures.splice(0, FAILURES_PER_WRITE);
        if (changes.length === 0) return before;
        const { store, epoch } = this.options;
        await this.#persistently(async () => store.changeFailures(this.#record.id, epoch, changes));
      });
    return this.#failuresWritten;
  }

  /** A last write, after what is under way. */
  async stop(change: ObserverChange): Promise<void> {
    await this.#writing;
    await this.change(change).catch(this.trouble);
    this.#stopped = true;
  }

  /** A question or a write to the database failed: it is tried again, unless the lease is lost. */
  readonly trouble = (error: unknown): void => {
    if (this.#stopped) return;
    if (error instanceof LostLease) {
      this.#stopped = true;
      this.options.lost(error);
      return;
    }
    this.options.logger.warn({ err: error, observer: this.#record.id }, 'an observer waits for the database');
  };

  async #persistently(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (error instanceof LostLease || this.#stopped) throw error;
        this.trouble(error);
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
  }
}
