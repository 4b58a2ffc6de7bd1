import type { AnnouncementKind__Output } from '../../contract/generated/annals/v1/AnnouncementKind';
import type { ObserverFailureAt__Output } from '../../contract/generated/annals/v1/ObserverFailureAt';
import type { SequencePart__Output } from '../../contract/generated/annals/v1/SequencePart';
import type { Sighting__Output } from '../../contract/generated/annals/v1/Sighting';
import type { TraceNode__Output } from '../../contract/generated/annals/v1/TraceNode';
import { dateOf } from '../../contract/seconds-and-nanos';
import { identityInfo, type IdentityInfo } from '../identities/identity-info';
import type { Announcement } from '../recorded-event';

/** What the server tells of a trace, as a program reads it. Texts that say nothing are empty. */

/** `missing`: named as a cause, and found nowhere that could be looked at. `step`: of an ordered sequence. */
export type TraceNodeKind = 'unspecified' | 'event' | 'missing' | 'ordered-sequence' | 'step';

/** A place where an event is recorded. */
export interface Sighting {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumber: number;
  readonly recorded: Date | undefined;
  /** The server that was asked; empty: the one that answered. */
  readonly address: string;
  /** The link that brought it there; empty on the one that was appended. */
  readonly link: string;
  /** The deployment that it is in; empty: that of the server that answered, or one that is not known. */
  readonly deployment: string;
}

/** An observer that failed to handle an event and stands at it. */
export interface ObserverFailure {
  readonly observer: string;
  readonly attempts: number;
  readonly message: string;
  /** It is tried again only when a person says so. */
  readonly quarantined: boolean;
  readonly at: Sighting | undefined;
}

/** How something belongs to an ordered sequence. */
export interface SequencePart {
  readonly sequenceId: string;
  readonly name: string;
  /** Of the sequence; with an `order`, of the step. */
  readonly status: string;
  /** Of a step; 0 otherwise. */
  readonly order: number;
  /** The event compensates for the sequence's failure. */
  readonly compensating: boolean;
  readonly phase: string;
}

export interface TraceNode {
  /** Unique in the trace. */
  readonly id: string;
  /** The node that caused it; empty: a root. */
  readonly parentId: string;
  /** Below the root of its page. */
  readonly depth: number;
  readonly parentOnEarlierPage: boolean;
  readonly kind: TraceNodeKind;
  readonly eventId: string;
  readonly type: string;
  readonly eventSourceId: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** With what is known of the identity; undefined when nobody was named. */
  readonly causedBy: IdentityInfo | undefined;
  readonly occurred: Date | undefined;
  readonly tags: readonly string[];
  /** W3C trace context of what appended it. */
  readonly traceParent: string;
  /** Where it is recorded: an event that was relayed, in several places. */
  readonly sightings: readonly Sighting[];
  readonly failures: readonly ObserverFailure[];
  /** Ordered sequences that it is a part of. */
  readonly parts: readonly SequencePart[];
  /** What an ordered sequence or a step is itself. */
  readonly part: SequencePart | undefined;
  readonly announcement: Announcement | undefined;
  readonly redacted: boolean;
  readonly compensations: number;
  /** Its cause is itself, or one of those that it caused; it is shown as a root. */
  readonly circular: boolean;
  /** More came of it than was asked for. */
  readonly cut: boolean;
}

/** Somewhere that could not be looked at. */
export interface TraceGap {
  /** A server's address, or a store and namespace. */
  readonly where: string;
  readonly reason: string;
}

const KINDS = {
  TRACE_NODE_KIND_UNSPECIFIED: 'unspecified',
  TRACE_NODE_KIND_EVENT: 'event',
  TRACE_NODE_KIND_MISSING: 'missing',
  TRACE_NODE_KIND_ORDERED_SEQUENCE: 'ordered-sequence',
  TRACE_NODE_KIND_STEP: 'step',
} as const;

/** @param node as the general deserializer gives it. */
export const traceNode = (node: TraceNode__Output): TraceNode => ({
  id: node.id,
  parentId: node.parentId,
  depth: node.depth,
  parentOnEarlierPage: node.parentOnEarlierPage,
  kind: KINDS[node.kind],
  eventId: node.eventId,
  type: node.type,
  eventSourceId: node.eventSourceId,
  correlationId: node.correlationId,
  causationId: node.causationId,
  causedBy: node.causedBy === null || node.causedBy.id === '' ? undefined : identityInfo(node.causedBy),
  occurred: dateOf(node.occurred),
  tags: node.tags,
  traceParent: node.traceParent,
  sightings: node.sightings.map(sighting),
  failures: node.failures.map(failure),
  parts: node.parts.map(sequencePart),
  part: node.part === null ? undefined : sequencePart(node.part),
  announcement:
    node.announcement === null
      ? undefined
      : {
          kind: announcementKind(node.announcement.kind),
          sequenceNumber: node.announcement.sequenceNumber,
          reason: node.announcement.reason,
        },
  redacted: node.redacted,
  compensations: node.compensations,
  circular: node.circular,
  cut: node.cut,
});

const announcementKind = (kind: AnnouncementKind__Output): Announcement['kind'] =>
  kind === 'ANNOUNCEMENT_KIND_REDACTION' ? 'redaction' : 'compensation';

const sighting = (at: Sighting__Output): Sighting => ({
  store: at.store,
  namespace: at.namespace,
  sequence: at.sequence,
  sequenceNumber: at.sequenceNumber,
  recorded: dateOf(at.recorded),
  address: at.address,
  link: at.link,
  deployment: at.deployment,
});

const failure = ({ observer, attempts, message, quarantined, at }: ObserverFailureAt__Output): ObserverFailure => ({
  observer,
  attempts,
  message,
  quarantined,
  at: at === null ? undefined : sighting(at),
});

const sequencePart = ({
  sequenceId,
  name,
  status,
  order,
  compensating,
  phase,
}: SequencePart__Output): SequencePart => ({
  sequenceId,
  name,
  status,
  order,
  compensating,
  phase,
});
