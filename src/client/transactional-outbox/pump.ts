import { addressKey } from '../../kernel/names';
import { AnnalsError } from '../../kernel/annals-error';
import { checkNumber, invalidField } from '../field-checks';
import { Backoff } from '../retry';
import type { EventSequence } from '../sequence';
import { carry } from './carry';
import type { OutboxDatabase } from './database';
import { PumpLease } from './pump-lease';
import type { HeldOutboxEvent, OutboxRow } from './row';
import type { OutboxRows } from './rows';

/**
 * Brings what waits in a service's database into an event sequence: appends rows in the order of their source,
 * and removes them once they are acknowledged. Whatever dies in between, the row is still there and is appended
 * again, and its event id makes that a duplicate, however long after.
 */

/** How long a pump may be silent before another takes over, in ms: longer than an election of a primary. */
const TAKE_OVER_MS = 10_000;

/** Shorter, and a pause of the program would pass for its death. */
const LEAST_TAKE_OVER_MS = 1_000;

/** Milliseconds until rows are looked for again: first after one was added here, and at most. Another program's row waits that long. */
const FIRST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 250;

/** How often counters that nobody needs are looked for, in ms. */
const SWEEP_MS = 3_600_000;

export interface PumpOptions {
  /** An event was refused: it waits, with all that come after it from its source, until `retry` or `skip`. Told once for each refusal. */
  readonly onHeld?:
    ((held: Pick<HeldOutboxEvent, 'eventId' | 'type' | 'eventSourceId' | 'violations'>) => void) | undefined;
  /** Annals or the database does not answer, or says no to everything; it is tried again. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
  /** Milliseconds without a sign of life until another pump takes over from this one. 10,000 unless given, 1,000 at least. */
  readonly takeOverAfterMs?: number | undefined;
}

/** `standby`: another program's pump works. `trouble`: something does not answer, and is tried again. */
export type PumpState = 'working' | 'standby' | 'trouble' | 'ended';

export class OutboxPump {
  /** Resolves when it was stopped, by `stop` or with its client; rejects with what ended it otherwise. */
  readonly done: Promise<void>;
  readonly #rows: OutboxRows;
  readonly #sequence: EventSequence;
  readonly #options: PumpOptions;
  readonly #lease: PumpLease;
  #state: PumpState = 'standby';
  #stopping = false;
  /** Ends the rest that is being taken, if it may end before its time. */
  #wake = (): void => undefined;
  #halt = (): void => undefined;
  /** Rows were added here since the last look. */
  #woken = false;
  #swept = performance.now();

  /** @internal Use `outbox.pump`. */
  constructor(
    { db, rows, collection }: { readonly db: OutboxDatabase; readonly rows: OutboxRows; readonly collection: string },
    sequence: EventSequence,
    options: PumpOptions,
    ended: (pump: OutboxPump) => void,
  ) {
    const { takeOverAfterMs = TAKE_OVER_MS } = options;
    if (checkNumber('takeOverAfterMs', takeOverAfterMs) < LEAST_TAKE_OVER_MS)
      throw invalidField('takeOverAfterMs', `is ${takeOverAfterMs}; it is ${LEAST_TAKE_OVER_MS} at least`);
    this.#rows = rows;
    this.#sequence = sequence;
    this.#options = options;
    this.#lease = new PumpLease(db, collection, addressKey(sequence.address), takeOverAfterMs);
    const forget = sequence.stopsFirst(async () => this.stop());
    this.done = this.#run().finally(() => {
      this.#state = 'ended';
      forget();
      ended(this);
    });
    // Who does not ask how it ended has `onTrouble`.
    this.done.catch(() => undefined);
  }

  get state(): PumpState {
    return this.#state;
  }

  /** Finishes the append that is under way, and leaves the rest to another pump at once. Never rejects; `done` tells. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#halt();
    await this.done.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @internal There may be something to do. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    const backoff = new Backoff();
    let look = FIRST_LOOK_MS;
    try {
      while (!this.#stopping) {
        try {
          await this.#rows.prepare();
          if (!(await this.#lease.keep())) {
            this.#state = 'standby';
            await this.#rest(this.#lease.askEveryMs);
            continue;
          }
          this.#woken = false;
          const carried = await this.#round();
          this.#state = 'working';
          backoff.reset();
          if (carried > 0) look = FIRST_LOOK_MS;
          else {
            await this.#sweep();
            if (!this.#woken) await this.#rest(look, true);
            // What was added here is committed in a moment, and nobody says when.
            look = this.#woken ? FIRST_LOOK_MS : Math.min(LONGEST_LOOK_MS, look * 2);
          }
        } catch (error) {
          this.#told(this.#options.onTrouble, error);
          if (isFinal(error)) throw error;
          this.#state = 'trouble';
          await this.#rest(backoff.next());
        }
      }
    } finally {
      // What cannot be said to a database that is away it finds out by its clock.
      await this.#lease.release().catch(() => undefined);
    }
  }

  /** Takes over what waits. Returns how many rows came further. */
  async #round(): Promise<number> {
    const rows = await this.#rows.next();
    if (rows.length === 0) return 0;
    const { recorded, refused, trouble } = await carry(
      rows,
      async (some) => this.#append(some),
      async () => !this.#stopping && (await this.#lease.keep()),
    );
    // First what is recorded goes: held rows keep those before them from being looked at.
    await this.#rows.remove(recorded);
    for (const { row, violations } of refused) {
      if (!(await this.#rows.hold(row, violations))) continue;
      const { eventId, type, eventSourceId } = row.event;
      this.#told(this.#options.onHeld, { eventId, type, eventSourceId, violations });
    }
    if (trouble !== undefined) throw trouble;
    return recorded.length + refused.length;
  }

  async #append(rows: readonly OutboxRow[]): Promise<void> {
    const events = rows.map(({ event }) => event);
    await this.#sequence.appendWire(events, { timeoutMs: this.#lease.appendMs });
  }

  async #sweep(): Promise<void> {
    if (performance.now() - this.#swept < SWEEP_MS) return;
    this.#swept = performance.now();
    await this.#rows.sweep();
  }

  /** @param wakeable news of rows ends it: not when somebody does not answer, or another pump has the work. */
  async #rest(ms: number, wakeable = false): Promise<void> {
    if (this.#stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#halt = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake = wakeable ? this.#halt : () => undefined;
    });
  }

  /** A callback that throws must not end the pump. */
  #told<Fact>(tell: ((fact: Fact) => void) | undefined, fact: Fact): void {
    try {
      tell?.(fact);
    } catch {
      // Nobody is left to be told.
    }
  }
}

/** It will not be otherwise however often it is tried. */
const isFinal = (error: unknown): boolean =>
  error instanceof AnnalsError &&
  (error.code === 'CLIENT_CLOSED' || (error.code === 'INVALID_FIELD' && error.field === 'sequence'));
