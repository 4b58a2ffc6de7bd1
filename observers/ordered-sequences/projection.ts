/**
 * Brings the states of a namespace's ordered sequences into their rows. Who folds tells each state that changed; of
 * several before a write the newest alone is written, many sequences at once, in a transaction with the checkpoint: the
 * number of the own log below which everything is in the rows. While the database is away it waits and tries again.
 */
import { setTimeout } from 'node:timers/promises';
import type { Db, MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import { archiveSettled } from '../../src/storage/ordered-sequences/archive';
import { RowsDropped } from '../../src/storage/ordered-sequences/checkpoint';
import { openRows, resetRows } from '../../src/storage/ordered-sequences/reset';
import { writeRows, type ChangedRows } from '../../src/storage/ordered-sequences/write-rows';
import { Contiguous } from './contiguous';
import { reached } from './crash-points';
import { activeSequences, get, type ActiveSequence } from './lookup';
import { Pause } from './pause';
import { Pending, type PendingState } from './pending';
import { STORED } from './projection-tuning';
import { eventRow, sequenceRow } from './rows';
import type { SequenceState } from './sequence-state';
import { WrittenSteps } from './written-steps';

export interface ProjectionOptions {
  readonly client: MongoClient;
  /** The namespace's database. */
  readonly db: Db;
  readonly logger: Logger;
}

export class Projection {
  readonly #pending = new Pending();
  readonly #written = new WrittenSteps();
  /** Woken by what there is to write, and by what cannot wait. */
  readonly #news = new Pause();
  readonly #hurry = new Pause();
  readonly #watermark: Contiguous;
  /** The watermark as the database has it. */
  #checkpoint: number;
  /** Settled sequences that may not be archived yet, and the number of the last entry of any. */
  #settled = 0;
  #lastSettled = 0;
  /** Nothing was applied for a while. */
  #idle = false;
  /** After it, in ms of the process's clock, a stop no longer waits for the database. */
  #giveUpAt: number | undefined;
  readonly #ended: Promise<void>;

  private constructor(
    private readonly options: ProjectionOptions,
    position: number,
    private readonly generation: number,
  ) {
    this.#watermark = new Contiguous(position);
    this.#checkpoint = position;
    this.#ended = this.#run();
  }

  /** Makes the collections where they are missing, and ends a drop or an archiving that was interrupted. */
  static async open(options: ProjectionOptions): Promise<Projection> {
    const { client, db } = options;
    const { position, generation } = await openRows(db);
    while ((await archiveSettled(client, db, position)) > 0);
    return new Projection(options, position, generation);
  }

  /**
   * Drops all that is made from the log; none may be open. What `open` returns then is to be told everything from the
   * beginning of the log; until it has been, lookups answer from what is there.
   */
  static async drop({ db }: Pick<ProjectionOptions, 'db'>): Promise<void> {
    await resetRows(db);
  }

  /** The first number of the own log that is not in the rows: where reading it begins. */
  get position(): number {
    return this.#checkpoint;
  }

  /** Every sequence that is not settled, oldest first, some hundred at a time. */
  active(): AsyncIterable<ActiveSequence[]> {
    return activeSequences(this.options.db);
  }

  /** From its row, active or archived; undefined: no row has it whole, though the log may. */
  async state(sequenceId: string): Promise<SequenceState | undefined> {
    const found = await get(this.options.db, sequenceId);
    return found?.whole === true ? found.state : undefined;
  }

  /**
   * This state is to be written. Its last entry, `state.handling.last`, is done once it is.
   * @param from the first of the entries by which it changed since it was told last, when they are several, one after
   * the other on the log
   */
  apply(sequenceId: string, state: SequenceState, from: number = state.handling.last): void {
    this.#pending.set(sequenceId, state, from);
    this.#news.wake();
    if (this.#pending.full) this.#hurry.wake();
  }

  /** An entry of the own log that changes no sequence, or that the rows have already. */
  passed(number: number): void {
    this.#watermark.done(number);
  }

  /** Resolves when all that was applied with this number or a lower one is found by lookups. @throws LEASE_LOST when it ends first */
  async flushed(number: number): Promise<void> {
    const written = this.#pending.written(number);
    this.#hurry.wake();
    await written;
  }

  /** Resolves when there is room for more: whoever applies much waits for it, and memory stays bounded. */
  async room(): Promise<void> {
    const room = this.#pending.room();
    // While there is room changes go on gathering: this is asked after every page of the log.
    if (this.#pending.wanted) this.#hurry.wake();
    await room;
  }

  /** Writes what there is, if the database takes it within some seconds, and ends. What is not written is on the log. */
  async stop(): Promise<void> {
    this.#giveUpAt ??= performance.now() + STORED.stopMs;
    this.#news.wake();
    this.#hurry.wake();
    // A transaction that hangs is left alone: what it writes is true.
    await Promise.race([this.#ended, setTimeout(STORED.stopMs, undefined, { ref: false })]);
  }

  get #stopping(): boolean {
    return this.#giveUpAt !== undefined;
  }

  async #run(): Promise<void> {
    try {
      while (await this.#due()) {
        await this.#trying(this.#write());
        if (this.#archiveDue()) await this.#trying(async () => this.#archive());
      }
    } catch (error) {
      this.options.logger.warn({ err: error }, 'rows of ordered sequences are not written any more');
    }
    this.#pending.end(new AnnalsError('LEASE_LOST', 'this server works the ordered sequences no longer'));
  }

  /** Waits until there is something to do. False: it is to end, and there is nothing. */
  async #due(): Promise<boolean> {
    const behind = () => this.#pending.size > 0 || this.#watermark.next > this.#checkpoint;
    if (this.#pending.size === 0 && !this.#stopping) {
      this.#idle = !(await this.#news.take(STORED.idleMs));
    }
    if (!this.#pending.wanted && !this.#pending.full && !this.#stopping && !this.#idle)
      await this.#hurry.take(STORED.gatherMs);
    return !this.#stopping || behind();
  }

  /** What is pending, as far as one transaction takes it; or, after a while, the checkpoint alone. */
  #write(): () => Promise<void> {
    const batch = this.#pending.take();
    for (const { ranges } of batch) {
      for (const { from, to } of ranges) for (let number = from; number <= to; number++) this.#watermark.done(number);
    }
    return async () => {
      const position = this.#watermark.next;
      if (batch.length > 0 || position > this.#checkpoint) {
        const { client, db } = this.options;
        await writeRows(client, db, {
          changed: batch.map((one) => this.#rows(one)),
          position,
          generation: this.generation,
        });
        this.#checkpoint = position;
        if (batch.length > 0) reached('projection-written');
      }
      for (const { state } of batch) {
        this.#written.written(state);
        if (state.handling.phase !== 'settled') continue;
        this.#settled++;
        this.#lastSettled = Math.max(this.#lastSettled, state.handling.last);
      }
      this.#pending.done();
    };
  }

  #rows({ state }: PendingState): ChangedRows {
    const events = this.#written.changed(state).map((place) => eventRow(state, place));
    return { sequence: sequenceRow(state), events };
  }

  #archiveDue(): boolean {
    return !this.#stopping && this.#settled > (this.#idle ? 0 : STORED.settled);
  }

  async #archive(): Promise<void> {
    const { client, db } = this.options;
    const archived = await archiveSettled(client, db, this.#checkpoint);
    if (archived > 0) reached('archived');
    // None was left, or those that there are wait for the checkpoint.
    const rest = this.#lastSettled < this.#checkpoint && archived === 0 ? 0 : 1;
    this.#settled = Math.max(rest, this.#settled - archived);
  }

  /** Until it is done; a stop gives up after a while, and so does whoever has lost the rows. */
  async #trying(work: () => Promise<void>): Promise<void> {
    for (let pause: number = STORED.retryFirstMs; ; pause = Math.min(2 * pause, STORED.retryLongestMs)) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof RowsDropped || performance.now() > (this.#giveUpAt ?? Infinity)) throw error;
        this.options.logger.warn({ err: error }, 'rows of ordered sequences could not be written; trying again');
      }
      await this.#hurry.take(pause);
    }
  }
}
