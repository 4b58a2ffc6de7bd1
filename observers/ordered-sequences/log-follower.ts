/**
 * Every event of an event sequence in order, from a number on, for ever: near the tail from memory, behind it from
 * the database. It is a position and nothing else; what was handed out before a failure is handed out again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { OpenSequence } from '../../src/sequences/open-sequence';
import { documentAt, findEvents } from '../../src/storage/find-events';
import { ORDERED_SEQUENCES } from './tuning';

export interface FollowerOptions {
  readonly sequence: OpenSequence;
  /** The first number wanted. */
  readonly from: number;
  /** Stored documents in order. It may be called again with what it was given, when it failed. @param next the number after them. */
  readonly take: (documents: readonly Buffer[], next: number) => Promise<void>;
  readonly logger: Logger;
}

export class LogFollower {
  #position: number;
  #wake = (): void => undefined;
  #running: Promise<void> | undefined;
  readonly #stopping = new AbortController();
  /** Who waits, by the number that must have been taken. */
  readonly #waiting = new Map<number, (() => void)[]>();
  /** While it is set nothing is taken. */
  #held: Promise<void> | undefined;

  constructor(private readonly options: FollowerOptions) {
    this.#position = options.from;
  }

  /** The first number that has not been taken. */
  get position(): number {
    return this.#position;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    for (const resolve of [...this.#waiting.values()].flat()) resolve();
    this.#waiting.clear();
  }

  /** Returns once the number has been taken, or the follower has stopped. */
  async taken(number: number): Promise<void> {
    if (number < this.#position || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const others = this.#waiting.get(number);
      if (others === undefined) this.#waiting.set(number, [resolve]);
      else others.push(resolve);
    });
  }

  /** Returns once everything that is recorded at this moment has been taken. */
  async level(): Promise<void> {
    const { tail } = this.options.sequence;
    await tail.refresh();
    if (tail.next > 0) await this.taken(tail.next - 1);
  }

  /** Runs `use` while nothing is taken. */
  async holding<Result>(use: () => Promise<Result>): Promise<Result> {
    while (this.#held !== undefined) await this.#held;
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => (release = resolve));
    try {
      await this.#resting;
      return await use();
    } finally {
      this.#held = undefined;
      release();
    }
  }

  /** Settles when nothing is being taken. */
  #resting: Promise<void> | undefined;

  async #run(): Promise<void> {
    const { sequence, logger } = this.options;
    const { signal } = this.#stopping;
    let moved = true;
    const unlisten = sequence.tail.listen(() => {
      moved = true;
      this.#wake();
    });
    let pause: number = ORDERED_SEQUENCES.retryFirstMs;
    let known = false;
    while (!signal.aborted) {
      try {
        moved = false;
        if (!known) await sequence.tail.refresh();
        known = true;
        if (this.#position < sequence.tail.next) {
          while (this.#held !== undefined) await this.#held;
          const page = this.#page(sequence.tail.next - 1);
          this.#resting = page.catch(() => undefined);
          await page;
        } else if (!moved) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
            if (moved || signal.aborted) resolve();
          });
        }
        pause = ORDERED_SEQUENCES.retryFirstMs;
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ err: error, sequence: sequence.address }, 'an event sequence cannot be followed, trying again');
        known = false;
        await sleep(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(2 * pause, ORDERED_SEQUENCES.retryLongestMs);
      }
    }
    unlisten();
  }

  async #page(to: number): Promise<void> {
    const { documents, next } = await this.#read(to);
    await this.options.take(documents, next);
    const from = this.#position;
    this.#position = next;
    if (this.#waiting.size === 0) return;
    for (let number = from; number < next; number++) {
      for (const resolve of this.#waiting.get(number) ?? []) resolve();
      this.#waiting.delete(number);
    }
  }

  async #read(to: number): Promise<{ documents: Buffer[]; next: number }> {
    const { db, collection, tail } = this.options.sequence;
    const from = this.#position;
    const limit = ORDERED_SEQUENCES.followEvents;
    const { ring } = tail;
    if (ring.first !== undefined && ring.first <= from) {
      const documents: Buffer[] = [];
      for (let number = from; number <= to && documents.length < limit; number++) {
        const event = ring.get(number);
        if (event === undefined) break;
        documents.push(event.document);
      }
      if (documents.length > 0) return { documents, next: from + documents.length };
    }
    const found = await findEvents(db, collection, { from, to, limit });
    const documents = found.starts.map((start) => documentAt(found.bytes, start));
    // The log has no holes, so what was found follows each other.
    return { documents, next: from + documents.length };
  }
}
