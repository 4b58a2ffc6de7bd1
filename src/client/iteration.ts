import { AnnalsError } from '../kernel/annals-error';
import { Cancellation } from './cancellation';

/**
 * What a program iterates: batches, and events one by one. Unlike a bare generator, `return` ends at
 * once even while `next` is waiting for an event that may never come.
 */

/** Makes the generator behind an iteration; the signal is aborted when the iteration is over. */
export type Source<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

const DONE = { done: true, value: undefined } as const;

export class Iteration<T> implements AsyncIterableIterator<T, undefined> {
  private readonly cancellation: Cancellation;
  private readonly generator: AsyncGenerator<T, void, undefined>;
  private stopped = false;

  /** Aborting any of the signals makes `next` reject with its reason, at once. */
  constructor(source: Source<T>, signals: readonly (AbortSignal | undefined)[]) {
    this.cancellation = new Cancellation(...signals);
    this.generator = source(this.cancellation.signal);
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.stopped) return DONE;
    try {
      const result = await this.generator.next();
      if (result.done !== true) return result;
    } catch (error) {
      // `return` has cancelled what this call was waiting for.
      if (!this.stopped) {
        this.end();
        throw error;
      }
    }
    this.end();
    return DONE;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.stopped) {
      this.end();
      this.cancellation.cancel(new AnnalsError('CANCELLED'));
      await this.generator.return();
    }
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private end(): void {
    this.stopped = true;
    this.cancellation.release();
  }
}

/** The elements of batches one by one, without a generator's cost for each. */
export class Elements<T> implements AsyncIterableIterator<T, undefined> {
  private readonly batches: AsyncIterableIterator<readonly T[], undefined>;
  private readonly handOut: (element: T) => void;
  private batch: readonly T[] = [];
  private index = 0;
  private fetching: Promise<boolean> | undefined;

  /** `handOut` is told of each element before it is given to the program. */
  constructor(
    batches: AsyncIterableIterator<readonly T[], undefined>,
    handOut: (element: T) => void = () => undefined,
  ) {
    this.batches = batches;
    this.handOut = handOut;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.index < this.batch.length) {
      // The index is below the length.
      const value = this.batch[this.index++] as T;
      this.handOut(value);
      return { done: false, value };
    }
    return this.nextOfNextBatch();
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.batch = [];
    this.index = 0;
    await this.batches.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async nextOfNextBatch(): Promise<IteratorResult<T, undefined>> {
    // Calls that wait at once wait for the same batch, and then take from it in their order.
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
    return (await this.fetching) ? this.next() : DONE;
  }

  private async fetch(): Promise<boolean> {
    const { done, value } = await this.batches.next();
    if (done === true) return false;
    this.batch = value;
    this.index = 0;
    return true;
  }
}
