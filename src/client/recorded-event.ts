import type { Origin as WireOrigin, WireEvent } from '../contract/messages';
import { bsonToJsonText } from '../kernel/content/bson-to-json';
import { decodeBson } from '../kernel/content/decode-content';
import { MIN_DATE_MS } from '../kernel/limits';
import { contentFormat, type ContentFormat } from './content-format';

/** Where a relayed event comes from. */
export interface Origin {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumber: number;
  readonly recorded: Date;
  readonly link: string;
  readonly hops: number;
}

/** Content of an unknown shape. */
export type UnknownContent = Readonly<Record<string, unknown>>;

/**
 * An event as it is recorded. Its content is decoded when it is first asked for, so that a program
 * that looks at some events pays for those alone. The bytes are a slice of the batch that the event
 * came in: copy them (or take `content`) to keep a single event for long.
 */
export class RecordedEvent<Content = UnknownContent> {
  /** Its place in its event sequence: 0, 1, 2 … without a gap. */
  readonly sequenceNumber: number;
  readonly eventId: string;
  readonly type: string;
  /** The generation of the type that it was appended in. */
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  /** The whole business operation. */
  readonly correlationId: string;
  /** The id of the event that directly caused this one; empty when none did. */
  readonly causationId: string;
  /** The identity that caused it; empty when nobody was named. */
  readonly causedBy: string;
  /** When it happened, by the client's clock. */
  readonly occurred: Date;
  /** When it was committed, by the server's clock. Orders nothing. */
  readonly recorded: Date;
  /** From when it holds in the domain; 0001-01-01 when always. */
  readonly validFrom: Date;
  /** The generation that `content` is written in. */
  readonly contentGeneration: number;
  readonly contentType: ContentFormat;
  readonly contentBytes: Buffer;
  /** On relayed events only. */
  readonly origin: Origin | undefined;
  #content: Content | undefined;

  /** @internal */
  constructor(wire: WireEvent) {
    this.sequenceNumber = wire.sequenceNumber;
    this.eventId = wire.eventId;
    this.type = wire.type;
    this.generation = wire.generation;
    this.eventSourceId = wire.eventSourceId;
    this.tags = wire.tags;
    this.correlationId = wire.correlationId;
    this.causationId = wire.causationId;
    this.causedBy = wire.causedBy;
    this.occurred = new Date(wire.occurred);
    this.recorded = new Date(wire.recorded);
    this.validFrom = new Date(wire.validFrom ?? MIN_DATE_MS);
    this.contentGeneration = wire.contentGeneration;
    this.contentType = contentFormat(wire.contentType);
    this.contentBytes = wire.content;
    this.origin = wire.origin === undefined ? undefined : originOf(wire.origin);
  }

  /** The content, decoded once: the same object each time. */
  get content(): Content {
    // What shape content has is the caller's knowledge, given as the type parameter.
    return (this.#content ??= this.decode() as Content);
  }

  /** The event for JSON.stringify: dates as ISO 8601, and of content what JSON has of it. */
  toJSON() {
    const { origin, occurred, recorded, validFrom, contentBytes, contentType, ...rest } = this;
    return {
      ...rest,
      occurred: occurred.toISOString(),
      recorded: recorded.toISOString(),
      ...(validFrom.getTime() === MIN_DATE_MS ? {} : { validFrom: validFrom.toISOString() }),
      ...(origin === undefined ? {} : { origin: { ...origin, recorded: origin.recorded.toISOString() } }),
      content: JSON.parse(contentType === 'json' ? contentBytes.toString() : bsonToJsonText(contentBytes)) as unknown,
    };
  }

  private decode(): unknown {
    return this.contentType === 'bson' ? decodeBson(this.contentBytes) : JSON.parse(this.contentBytes.toString());
  }
}

const originOf = (wire: WireOrigin): Origin => ({ ...wire, recorded: new Date(wire.recorded) });
