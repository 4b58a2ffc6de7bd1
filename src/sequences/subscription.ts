/**
 * Follows an event sequence from a number on, for ever: from the database while it is behind, from
 * the ring when it is near the tail. It is a position and nothing else. Each step looks where the
 * position lies and serves it from there, so there is no moment of switching over in which an event
 * could be missed: an event that is recorded at any time lies at or beyond the position.
 */
import type { EventFilter } from '../contract/messages';
import { encodeEntry } from './event-frame';
import { FrameBuffer } from './frame-buffer';
import { matchesAny } from './log-event';
import { Pager, type Page } from './page';
import {
  isCommon,
  presenting,
  revisionOf,
  type ContentWanted,
  type Presentation,
  type TypesAtHand,
} from './presentation';
import type { SequencePlace } from './reader';
import { ReaderPace } from './reader-pace';
import type { Tail } from './tail';
import { TUNING } from './tuning';

/** What is needed of a sequence to follow it. */
export interface FollowedSequence extends SequencePlace, TypesAtHand {
  readonly tail: Tail;
}

export interface SubscribeOptions {
  /** The first number wanted. */
  readonly from: number;
  readonly filters: readonly EventFilter[];
  /** Original content: what happened to an event later is told by announcements. */
  readonly content: ContentWanted;
}

/** annals.v1.SubscriptionState, by its numbers. */
const State = { CAUGHT_UP: 1, FELL_BEHIND: 2 } as const;

/** Field numbers of SubscribeResponse. */
const NEXT_FIELD = 2;
const STATE_FIELD = 3;

export class Subscription {
  #position: number;
  #live = false;
  readonly #pace = new ReaderPace();
  readonly #pager: Pager;
  readonly #present: () => Promise<Presentation>;
  /** For what comes from the ring, and for what says no more than where it stands. */
  readonly #writer = new FrameBuffer(0);
  /** The page that is on its way to the reader. */
  #page: Page | undefined;
  #prefetched: { readonly from: number; readonly page: Promise<Page> } | undefined;

  constructor(
    private readonly sequence: FollowedSequence,
    private readonly options: SubscribeOptions,
  ) {
    this.#position = options.from;
    const { db, collection } = sequence;
    this.#present = presenting(options.content, sequence);
    this.#pager = new Pager({ db, collection, filters: options.filters, present: this.#present, pace: this.#pace });
  }

  /** SubscribeResponse messages until `signal` aborts. A message's bytes last until the next one is asked for. */
  async *messages(signal: AbortSignal): AsyncGenerator<Buffer> {
    const { tail } = this.sequence;
    let wake = (): void => undefined;
    let moved = false;
    // Listen before looking: a commit between the look and the wait must wake us.
    const unlisten = tail.listen(() => {
      moved = true;
      wake();
    });
    const aborted = (): void => wake();
    signal.addEventListener('abort', aborted);
    try {
      await tail.refresh();
      while (!signal.aborted) {
        moved = false;
        const message = await this.#step();
        if (message !== undefined) {
          this.#pace.sent();
          yield message;
          this.#pace.taken();
          this.#page?.release();
          this.#page = undefined;
        } else if (!moved) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            // What happened between the look and here.
            if (moved || signal.aborted) resolve();
          });
        }
      }
    } finally {
      unlisten();
      signal.removeEventListener('abort', aborted);
    }
  }

  /** The next message, or undefined when there is nothing to say before the tail moves. */
  async #step(): Promise<Buffer | undefined> {
    const { tail } = this.sequence;
    while (this.#position < tail.next) {
      // Before the look at the ring: nothing else may happen between that and serving from it.
      const presentation = await this.#present();
      const kept = tail.ring.first;
      const message =
        kept !== undefined && kept <= this.#position
          ? this.#fromRing(presentation)
          : await this.#fromDatabase(tail.next - 1);
      if (message !== undefined) return message;
    }
    if (this.#live) return undefined;
    this.#live = true;
    this.#writer.clear();
    return this.#message(this.#writer, State.CAUGHT_UP);
  }

  #fromRing(presentation: Presentation): Buffer | undefined {
    const { ring, next } = this.sequence.tail;
    const { filters } = this.options;
    const writer = this.#writer;
    writer.clear();
    const revision = revisionOf(presentation);
    const common = isCommon(presentation);
    let count = 0;
    while (this.#position < next && count < TUNING.frameEvents && writer.length < this.#pace.bytes) {
      const event = ring.get(this.#position);
      if (event === undefined) break;
      if (matchesAny(filters, event)) {
        // The wire form that most take is made once for all.
        const encode = (): Buffer => encodeEntry(event.document, 0, presentation);
        const frame = common ? ring.frame(this.#position, revision, encode) : encode();
        if (frame !== undefined) writer.entry(frame);
        count++;
      }
      this.#position++;
    }
    if (this.#position >= next && !this.#live) {
      this.#live = true;
      return this.#message(writer, State.CAUGHT_UP);
    }
    // A live subscriber is told of its place with its events; one that is sent nothing need not hear of it.
    return count > 0 ? this.#message(writer) : undefined;
  }

  async #fromDatabase(to: number): Promise<Buffer> {
    const fellBehind = this.#live;
    this.#live = false;
    const ready = this.#prefetched?.from === this.#position ? this.#prefetched.page : undefined;
    this.#prefetched = undefined;
    const page = await (ready ?? this.#pager.read(this.#position, to, false));
    this.#page = page;
    this.#position = page.next;
    if (page.next <= to && this.#pace.proven) this.#prefetch(page.next, to);
    return this.#message(page.writer, fellBehind ? State.FELL_BEHIND : undefined);
  }

  /** Fetches the next page while this one is on its way; a reader that does not come for it does not hold it. */
  #prefetch(from: number, to: number): void {
    const prefetched = { from, page: this.#pager.read(from, to, false) };
    prefetched.page.catch(() => undefined);
    this.#prefetched = prefetched;
    setTimeout(() => {
      if (this.#prefetched === prefetched) this.#prefetched = undefined;
    }, TUNING.prefetchKeepMs).unref();
  }

  #message(writer: FrameBuffer, state?: number): Buffer {
    writer.field(NEXT_FIELD, this.#position);
    if (state !== undefined) writer.field(STATE_FIELD, state);
    return writer.take();
  }
}
