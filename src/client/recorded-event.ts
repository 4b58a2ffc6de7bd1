import {
  AnnouncementKind,
  type Announcement as WireAnnouncement,
  type Compensation as WireCompensation,
  type Origin as WireOrigin,
  type Redaction as WireRedaction,
  type WireEvent,
} from '../contract/messages';
import { MIN_DATE_MS } from '../kernel/limits';
import { contentFormat, type ContentFormat } from './content-format';
import { EventCompensation } from './event-compensation';
import {
  contentAsJson,
  decodeContent,
  generationsFrom,
  type ContentInGeneration,
  type UnknownContent,
} from './event-content';

export type { UnknownContent };

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

/** What happened to an earlier event of the same sequence. It has that event's type, source and tags. */
export interface Announcement {
  /** `compensation`: `content` is what the event says from now on. `redaction`: its content was taken away, and there is none here. */
  readonly kind: 'compensation' | 'redaction';
  /** The event that it is about. */
  readonly sequenceNumber: number;
  readonly reason: string;
}

/** That content was taken away for good, and why. */
export interface Redaction {
  readonly reason: string;
  readonly causedBy: string;
  readonly recorded: Date;
  /** The number at which it is announced on the log. */
  readonly sequenceNumber: number;
}

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
  /** W3C trace context of what appended it, where it was given. */
  readonly traceParent: string | undefined;
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
  /** This is no event of the domain: it says that an earlier one was compensated or redacted. Only who asks for announcements gets any. */
  readonly announcement: Announcement | undefined;
  /** The event's compensations, oldest first: when it is read with the view `all`. */
  readonly compensations: readonly EventCompensation[];
  /** `content` is that of this compensation of the event: when it is read with the view `effective`. */
  readonly effectiveCompensationId: string | undefined;
  /** The content was taken away for good, and is empty. */
  readonly redaction: Redaction | undefined;
  /** Why `content` is in another generation than the one wanted: in the nearest that there is. */
  readonly notCast: string | undefined;
  /** The content in every generation that is stored, when it was asked for. */
  readonly generations: readonly ContentInGeneration[];
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
    this.traceParent = wire.traceParent === '' ? undefined : wire.traceParent;
    this.occurred = new Date(wire.occurred);
    this.recorded = new Date(wire.recorded);
    this.validFrom = new Date(wire.validFrom ?? MIN_DATE_MS);
    this.contentGeneration = wire.contentGeneration;
    this.contentType = contentFormat(wire.contentType);
    this.contentBytes = wire.content;
    this.origin = wire.origin === undefined ? undefined : originOf(wire.origin);
    this.announcement = wire.announcement === undefined ? undefined : announcementOf(wire.announcement);
    this.compensations = compensationsFrom(wire.compensations);
    this.effectiveCompensationId = wire.effectiveCompensationId;
    this.redaction = wire.redaction === undefined ? undefined : redactionOf(wire.redaction);
    this.notCast = wire.notCast === '' ? undefined : wire.notCast;
    this.generations = generationsFrom(wire.generations, wire.contentType);
  }

  /** The content, decoded once: the same object each time. */
  get content(): Content {
    // What shape content has is the caller's knowledge, given as the type parameter.
    return (this.#content ??= decodeContent(this.contentBytes, this.contentType) as Content);
  }

  /** The event for JSON.stringify: dates as ISO 8601, and of content what JSON has of it. */
  toJSON() {
    const {
      origin,
      occurred,
      recorded,
      validFrom,
      contentBytes,
      contentType,
      compensations,
      generations,
      redaction,
      ...rest
    } = this;
    return {
      ...rest,
      occurred: occurred.toISOString(),
      recorded: recorded.toISOString(),
      ...(validFrom.getTime() === MIN_DATE_MS ? {} : { validFrom: validFrom.toISOString() }),
      ...(origin === undefined ? {} : { origin: { ...origin, recorded: origin.recorded.toISOString() } }),
      ...(redaction === undefined ? {} : { redaction: { ...redaction, recorded: redaction.recorded.toISOString() } }),
      content: contentAsJson(contentBytes, contentType),
      ...(compensations.length === 0 ? {} : { compensations }),
      ...(generations.length === 0 ? {} : { generations }),
    };
  }
}

const originOf = (wire: WireOrigin): Origin => ({ ...wire, recorded: new Date(wire.recorded) });

const redactionOf = (wire: WireRedaction): Redaction => ({ ...wire, recorded: new Date(wire.recorded) });

const announcementOf = ({ kind, sequenceNumber, reason }: WireAnnouncement): Announcement => ({
  // The contract has these two kinds.
  kind: kind === AnnouncementKind.REDACTION ? 'redaction' : 'compensation',
  sequenceNumber,
  reason,
});

// Of all events without compensations there is one list, so that they cost nothing.
const NONE: readonly EventCompensation[] = Object.freeze([]);

const compensationsFrom = (wire: readonly WireCompensation[]): readonly EventCompensation[] =>
  wire.length === 0 ? NONE : wire.map((compensation) => new EventCompensation(compensation));
