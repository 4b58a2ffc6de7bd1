import type { Compensation as WireCompensation } from '../contract/messages';
import { MIN_DATE_MS } from '../kernel/limits';
import { contentFormat, type ContentFormat } from './content-format';
import {
  contentAsJson,
  decodeContent,
  generationsFrom,
  type ContentInGeneration,
  type UnknownContent,
} from './event-content';

/** A replacement of an event's content, as it is recorded with the event. Its content is decoded when it is first asked for. */
export class EventCompensation<Content = UnknownContent> {
  readonly compensationId: string;
  /** The generation that it was written in. */
  readonly generation: number;
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  readonly occurred: Date;
  readonly recorded: Date;
  /** From when it holds in the domain; 0001-01-01 when always. */
  readonly validFrom: Date;
  readonly reason: string;
  /** The number at which it is announced on the log. */
  readonly sequenceNumber: number;
  /** The generation that `content` is in. */
  readonly contentGeneration: number;
  readonly contentType: ContentFormat;
  readonly contentBytes: Buffer;
  /** Why the content is in another generation than the one wanted. */
  readonly notCast: string | undefined;
  /** The content in every generation that is stored, when it was asked for. */
  readonly generations: readonly ContentInGeneration[];
  #content: Content | undefined;

  /** @internal */
  constructor(wire: WireCompensation) {
    this.compensationId = wire.compensationId;
    this.generation = wire.generation;
    this.correlationId = wire.correlationId;
    this.causationId = wire.causationId;
    this.causedBy = wire.causedBy;
    this.occurred = new Date(wire.occurred);
    this.recorded = new Date(wire.recorded);
    this.validFrom = new Date(wire.validFrom ?? MIN_DATE_MS);
    this.reason = wire.reason;
    this.sequenceNumber = wire.sequenceNumber;
    this.contentGeneration = wire.contentGeneration;
    this.contentType = contentFormat(wire.contentType);
    this.contentBytes = wire.content;
    this.notCast = wire.notCast === '' ? undefined : wire.notCast;
    this.generations = generationsFrom(wire.generations, wire.contentType);
  }

  /** The content, decoded once: the same object each time. */
  get content(): Content {
    // What shape content has is the caller's knowledge, given as the type parameter.
    return (this.#content ??= decodeContent(this.contentBytes, this.contentType) as Content);
  }

  /** For JSON.stringify: dates as ISO 8601, and of content what JSON has of it. */
  toJSON() {
    const { occurred, recorded, validFrom, contentBytes, contentType, generations, ...rest } = this;
    return {
      ...rest,
      occurred: occurred.toISOString(),
      recorded: recorded.toISOString(),
      ...(validFrom.getTime() === MIN_DATE_MS ? {} : { validFrom: validFrom.toISOString() }),
      content: contentAsJson(contentBytes, contentType),
      ...(generations.length === 0 ? {} : { generations }),
    };
  }
}
