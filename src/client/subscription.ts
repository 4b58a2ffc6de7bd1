import type { SubscribeRequest } from '../contract/generated/annals/v1/SubscribeRequest';
import type { EventBatch, SequenceRef } from '../contract/messages';
import { SUBSCRIBE } from './calls';
import type { Connection } from './connection';
import { contentTypeName, type ContentFormat } from './content-format';
import { wireGenerations, type GenerationOptions } from './content-wanted';
import { checkNumber, invalidField } from './field-checks';
import { wireSelection, type Selection } from './filter';
import { Elements, Iteration } from './iteration';
import { RecordedEvent, type UnknownContent } from './recorded-event';
import { resumedBatches, type BatchSource } from './resumed-batches';

/** Reads on from a number and stays, with every event that is recorded later. */

/**
 * `live`: everything recorded so far has been handed out. `fell-behind`: the program is slower than
 * events are recorded, and is served from the database again. `reconnecting`: the connection was
 * lost; the subscription goes on from where it was once there is another.
 */
export type SubscriptionState = 'live' | 'fell-behind' | 'reconnecting';

export type SubscribeOptions = Selection &
  GenerationOptions & {
    /** The first number wanted, inclusive. 0 unless given. */
    readonly from?: number | undefined;
    /** Only what is recorded after the subscription began. */
    readonly onlyNew?: boolean | undefined;
    /** How content travels: BSON is what the server keeps and the faster by far. */
    readonly as?: ContentFormat | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Told between the events that the change lies between. */
    readonly onStateChange?: ((state: SubscriptionState) => void) | undefined;
  };

const CAUGHT_UP = 1;
const FELL_BEHIND = 2;

/**
 * A subscription begins when it is iterated, and lasts until the loop is left, the signal is aborted,
 * the client is closed, or the server refuses it. A lost connection does not end it. Iterating it
 * again goes on from `position`; a program that takes its time holds the server back.
 */
export class Subscription<Content = UnknownContent> implements AsyncIterable<RecordedEvent<Content>> {
  private readonly connection: Connection;
  private readonly sequence: SequenceRef;
  private readonly options: SubscribeOptions;
  private next: number | undefined;

  /** @internal */
  constructor(connection: Connection, sequence: SequenceRef, options: SubscribeOptions) {
    if (options.from !== undefined) {
      checkNumber('from', options.from);
      if (options.onlyNew === true) throw invalidField('from', 'stands beside onlyNew');
    }
    this.connection = connection;
    this.sequence = sequence;
    this.options = options;
    this.next = options.onlyNew === true ? undefined : (options.from ?? 0);
  }

  /**
   * The number to go on from: everything below it was handed out or did not match. Undefined while
   * a subscription to what is new has not begun.
   */
  get position(): number | undefined {
    return this.next;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<RecordedEvent<Content>, undefined> {
    return new Elements(this.iterate(false), ({ sequenceNumber }) => (this.next = sequenceNumber + 1));
  }

  /** The same in batches as they come, each of at least one event: cheaper where single events don't matter. */
  batches(): AsyncIterableIterator<RecordedEvent<Content>[], undefined> {
    return this.iterate(true);
  }

  private iterate(wholeBatches: boolean): Iteration<RecordedEvent<Content>[]> {
    return new Iteration((signal) => this.flow(wholeBatches, signal), [this.connection.closed, this.options.signal]);
  }

  private async *flow(
    wholeBatches: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<RecordedEvent<Content>[], void, undefined> {
    const cursor = new SubscribeCursor(this.sequence, this.options, this.next);
    for await (const { events, position, state } of resumedBatches(this.connection, cursor, signal)) {
      if (events.length > 0) {
        if (wholeBatches) this.next = position;
        yield events.map((event) => new RecordedEvent<Content>(event));
      }
      // Only now, when the program asks for more: an event that it left the loop with is not behind it before.
      this.next = position;
      if (state === CAUGHT_UP) this.options.onStateChange?.('live');
      else if (state === FELL_BEHIND) this.options.onStateChange?.('fell-behind');
    }
  }
}

/** Where a subscription stands. */
export class SubscribeCursor implements BatchSource {
  readonly path = SUBSCRIBE.path;
  readonly patienceMs = Infinity;
  private readonly sequence: SequenceRef;
  private readonly options: SubscribeOptions;
  private next: number | undefined;

  constructor(sequence: SequenceRef, options: SubscribeOptions, from: number | undefined) {
    this.sequence = sequence;
    this.options = options;
    this.next = from;
  }

  request(): Buffer {
    const request: SubscribeRequest = {
      sequence: this.sequence,
      filters: wireSelection(this.options),
      contentType: contentTypeName(this.options.as),
      ...wireGenerations(this.options),
      ...(this.next === undefined ? { onlyNew: true } : { from: this.next }),
    };
    return SUBSCRIBE.encode(request);
  }

  decode(bytes: Buffer): EventBatch {
    return SUBSCRIBE.decode(bytes);
  }

  moveOn({ position }: EventBatch): void {
    this.next = position;
  }

  interrupted(): void {
    this.options.onStateChange?.('reconnecting');
  }
}
