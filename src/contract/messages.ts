/**
 * The messages of the hot path as plain structures: what `append-codec` and `event-codec` turn into
 * protobuf bytes and back. Calls that are made rarely use the generated types instead.
 * Dates are milliseconds since 1970; numbers are safe integers; absent means absent on the wire.
 */

import type { EventFilter } from '../kernel/event-filter';
import type { Violation } from '../kernel/violation';

export type { EventFilter, Violation };

export const ContentType = { UNSPECIFIED: 0, JSON: 1, BSON: 2 } as const;
export type ContentType = (typeof ContentType)[keyof typeof ContentType];

export interface SequenceRef {
  /** Empty: `default`. */
  store: string;
  /** Empty: `default`. */
  namespace: string;
  /** Empty: `event-log`. */
  sequence: string;
}

export interface NewEvent {
  eventId: string | undefined;
  type: string;
  /** 0: the latest. */
  generation: number;
  eventSourceId: string;
  tags: string[];
  correlationId: string;
  causationId: string;
  causedBy: string;
  occurred: number | undefined;
  validFrom: number | undefined;
  content: Buffer;
  contentType: ContentType;
  /** Empty: none. */
  traceParent: string;
}

export interface Expectation {
  filter: EventFilter;
  lastSeen: number | undefined;
}

export interface AppendRequest {
  sequence: SequenceRef;
  events: NewEvent[];
  expectations: Expectation[];
}

export interface Appended {
  firstSequenceNumber: number;
  lastSequenceNumber: number;
  duplicate: boolean;
  recorded: number;
  /** In order, when the server made at least one of them; otherwise empty. */
  eventIds: readonly string[];
}

export type AppendResponse =
  { readonly appended: Appended } | { readonly refused: { readonly violations: readonly Violation[] } };

export interface Failure {
  status: number;
  code: string;
  message: string;
  field: string;
  metadata: Readonly<Record<string, string>>;
}

export interface AppendStreamItem {
  requestId: number;
  /** The bytes of one AppendRequest, undecoded, so that one that is malformed fails alone. */
  append: Buffer;
}

export type AppendStreamResult = { readonly requestId: number } & (
  { readonly response: AppendResponse } | { readonly failure: Failure }
);

export interface Origin {
  store: string;
  namespace: string;
  sequence: string;
  sequenceNumber: number;
  recorded: number;
  link: string;
  hops: number;
}

export const AnnouncementKind = { UNSPECIFIED: 0, COMPENSATION: 1, REDACTION: 2 } as const;
export type AnnouncementKind = (typeof AnnouncementKind)[keyof typeof AnnouncementKind];

/** What happened to an earlier event, said at a place of its own in the log. */
export interface Announcement {
  kind: AnnouncementKind;
  sequenceNumber: number;
  reason: string;
}

/** Content in one generation; of which type it is the message around it says. */
export interface WireGeneration {
  generation: number;
  content: Buffer;
}

export interface Compensation {
  compensationId: string;
  generation: number;
  correlationId: string;
  causationId: string;
  causedBy: string;
  occurred: number;
  recorded: number;
  /** Absent: always. */
  validFrom: number | undefined;
  reason: string;
  sequenceNumber: number;
  content: Buffer;
  contentGeneration: number;
  contentType: ContentType;
  notCast: string;
  generations: readonly WireGeneration[];
}

export interface Redaction {
  reason: string;
  causedBy: string;
  recorded: number;
  sequenceNumber: number;
}

/** An event as it comes over the wire; `content` is a slice of the message. */
export interface WireEvent {
  sequenceNumber: number;
  eventId: string;
  type: string;
  generation: number;
  eventSourceId: string;
  tags: readonly string[];
  correlationId: string;
  causationId: string;
  causedBy: string;
  occurred: number;
  recorded: number;
  /** Absent: always. */
  validFrom: number | undefined;
  content: Buffer;
  contentGeneration: number;
  contentType: ContentType;
  origin: Origin | undefined;
  announcement: Announcement | undefined;
  compensations: readonly Compensation[];
  effectiveCompensationId: string | undefined;
  redaction: Redaction | undefined;
  /** Empty: the content is in the generation wanted. */
  notCast: string;
  generations: readonly WireGeneration[];
  /** Empty: none. */
  traceParent: string;
}

export interface EventBatch {
  events: WireEvent[];
  /** ReadResponse.position or SubscribeResponse.next. */
  position: number | undefined;
  /** SubscriptionState: 0 no change, 1 caught up, 2 fell behind. */
  state: number;
}
