/**
 * States that wait to be written, the newest of each sequence alone, and who waits for that. In the order in which their
 * sequences began to wait, so that none is passed by for ever.
 */
import { STORED } from './projection-tuning';
import type { SequenceState } from './sequence-state';

export interface PendingState {
  readonly sequenceId: string;
  readonly state: SequenceState;
  /** The log's entries that are in it since it was written last, as ranges, inclusive. */
  readonly ranges: readonly Range[];
}

interface Range {
  readonly from: number;
  readonly to: number;
}

interface Waiter {
  readonly number: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Pending {
  readonly #waiting = new Map<string, PendingState>();
  #written: readonly PendingState[] = [];
  #waiters: Waiter[] = [];
  readonly #forRoom: (() => void)[] = [];
  #weight = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** Somebody waits for what is here. */
  get wanted(): boolean {
    return this.#waiters.length > 0 || this.#forRoom.length > 0;
  }

  /** There is as much as is written at once. */
  get full(): boolean {
    return this.#waiting.size >= STORED.batchSequences;
  }

  set(sequenceId: string, state: SequenceState, from: number): void {
    const range = { from, to: state.handling.last };
    const before = this.#waiting.get(sequenceId);
    const newest = before !== undefined && before.state.handling.last > state.handling.last ? before.state : state;
    const one = { sequenceId, state: newest, ranges: [...(before?.ranges ?? []), range] };
    this.#weight += weightOf(one) - (before === undefined ? 0 : weightOf(before));
    this.#waiting.set(sequenceId, one);
  }

  /** The next ones to be written, which are pending until `done`. At least one, when there is any. */
  take(): readonly PendingState[] {
    const taken: PendingState[] = [];
    let steps = 0;
    for (const one of this.#waiting.values()) {
      steps += one.state.document.events.length;
      if (taken.length === STORED.batchSequences || (taken.length > 0 && steps > STORED.batchSteps)) break;
      taken.push(one);
    }
    for (const one of taken) {
      this.#waiting.delete(one.sequenceId);
      this.#weight -= weightOf(one);
    }
    this.#written = taken;
    return taken;
  }

  /** What was taken is written. */
  done(): void {
    this.#written = [];
    if (this.#waiters.length > 0) {
      const lowest = this.#lowest();
      const waiters = this.#waiters;
      this.#waiters = waiters.filter(({ number }) => number >= lowest);
      for (const { number, resolve } of waiters) if (number < lowest) resolve();
    }
    if (this.#weight < STORED.waiting) for (const resolve of this.#forRoom.splice(0)) resolve();
  }

  /** Resolves when nothing with this number or a lower one is pending. */
  async written(number: number): Promise<void> {
    if (number < this.#lowest()) return;
    await new Promise<void>((resolve, reject) => this.#waiters.push({ number, resolve, reject }));
  }

  async room(): Promise<void> {
    if (this.#weight < STORED.waiting) return;
    await new Promise<void>((resolve) => this.#forRoom.push(resolve));
  }

  /** Nothing more is written: whoever waits is told so. */
  end(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    for (const resolve of this.#forRoom.splice(0)) resolve();
  }

  #lowest(): number {
    let lowest = Number.POSITIVE_INFINITY;
    const lower = ({ ranges }: PendingState) => {
      for (const { from } of ranges) lowest = Math.min(lowest, from);
    };
    this.#written.forEach(lower);
    for (const one of this.#waiting.values()) lower(one);
    return lowest;
  }
}

const weightOf = ({ state, ranges }: PendingState): number => ranges.length + state.document.events.length;
