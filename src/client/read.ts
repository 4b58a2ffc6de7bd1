import type { ReadRequest } from '../contract/generated/annals/v1/ReadRequest';
import type { EventBatch, SequenceRef } from '../contract/messages';
import { READ } from './calls';
import type { Connection } from './connection';
import { contentTypeName, type ContentFormat } from './content-format';
import { viewName, wireGenerations, type GenerationOptions, type ViewOptions } from './content-wanted';
import { checkNumber } from './field-checks';
import { wireSelection, type Selection } from './filter';
import { Elements, Iteration } from './iteration';
import { RecordedEvent, type UnknownContent } from './recorded-event';
import { resumedBatches, type BatchSource } from './resumed-batches';
import { DEFAULT_TIMEOUT_MS } from './unary';

/** Reads a range of an event sequence and ends. */

export type ReadOptions = Selection &
  GenerationOptions &
  ViewOptions & {
    /** The first number, inclusive. The beginning in the direction read, unless given. */
    readonly from?: number | undefined;
    /** The last number, inclusive. The end in the direction read, unless given. */
    readonly to?: number | undefined;
    /** How many events at most. */
    readonly limit?: number | undefined;
    readonly backwards?: boolean | undefined;
    /** How content travels: BSON is what the server keeps and the faster by far. */
    readonly as?: ContentFormat | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Milliseconds to go on trying while no server answers. 30,000 unless given. */
    readonly timeoutMs?: number | undefined;
  };

/**
 * A read that is made when it is iterated, anew each time. Leaving the loop ends the call; a program
 * that takes its time holds the server back.
 */
export class ReadResult<Content = UnknownContent> implements AsyncIterable<RecordedEvent<Content>> {
  private readonly connection: Connection;
  private readonly sequence: SequenceRef;
  private readonly options: ReadOptions;

  /** @internal */
  constructor(connection: Connection, sequence: SequenceRef, options: ReadOptions) {
    this.connection = connection;
    this.sequence = sequence;
    this.options = options;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<RecordedEvent<Content>, undefined> {
    return new Elements(this.batches());
  }

  /** The same in batches as they come, each of at least one event: cheaper where single events don't matter. */
  batches(): AsyncIterableIterator<RecordedEvent<Content>[], undefined> {
    const { connection, sequence, options } = this;
    return new Iteration(
      async function* (signal) {
        for await (const { events } of resumedBatches(connection, new ReadCursor(sequence, options), signal)) {
          if (events.length > 0) yield events.map((event) => new RecordedEvent<Content>(event));
        }
      },
      [connection.closed, options.signal],
    );
  }
}

/** Where a read stands, and what is left to ask for. */
export class ReadCursor implements BatchSource {
  readonly path = READ.path;
  readonly patienceMs: number;
  private readonly sequence: SequenceRef;
  private readonly options: ReadOptions;
  private from: number | undefined;
  /** Events still wanted; undefined when all. */
  private remaining: number | undefined;
  private exhausted = false;

  constructor(sequence: SequenceRef, options: ReadOptions) {
    this.sequence = sequence;
    this.options = options;
    this.patienceMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.from = options.from;
    this.remaining = options.limit;
    if (options.limit === 0) this.exhausted = true;
    for (const name of ['from', 'to', 'limit'] as const) {
      const value = options[name];
      if (value !== undefined) checkNumber(name, value);
    }
  }

  request(): Buffer | undefined {
    if (this.exhausted) return undefined;
    const { to, backwards, as, view } = this.options;
    const request: ReadRequest = {
      sequence: this.sequence,
      direction: backwards === true ? 'DIRECTION_BACKWARDS' : 'DIRECTION_FORWARDS',
      filters: wireSelection(this.options),
      contentType: contentTypeName(as),
      ...wireGenerations(this.options),
      view: viewName(view),
      limit: this.remaining ?? 0,
      ...(this.from === undefined ? {} : { from: this.from }),
      ...(to === undefined ? {} : { to }),
    };
    return READ.encode(request);
  }

  decode(bytes: Buffer): EventBatch {
    return READ.decode(bytes);
  }

  moveOn({ events, position }: EventBatch): void {
    if (this.remaining !== undefined) {
      this.remaining -= events.length;
      if (this.remaining <= 0) this.exhausted = true;
    }
    const last = position ?? events.at(-1)?.sequenceNumber;
    if (last === undefined) return;
    const { to, backwards } = this.options;
    if (backwards === true) {
      // Nothing is below 0, and an absent `from` would mean the end.
      if (last === 0 || last <= (to ?? 0)) this.exhausted = true;
      else this.from = last - 1;
    } else if (last >= (to ?? Infinity)) this.exhausted = true;
    else this.from = last + 1;
  }

  interrupted(): void {
    // Nobody needs to know: a read that goes on is the same read.
  }
}
