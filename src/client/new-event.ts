import { ContentType, type Expectation as WireExpectation, type NewEvent as WireNewEvent } from '../contract/messages';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { encodeBson } from '../kernel/content/decode-content';
import { newId } from '../kernel/ids';
import { LIMITS } from '../kernel/limits';
import type { EventContext } from './causation/event-context';
import { checkDate, checkNumber, checkText, invalidField } from './field-checks';
import { wireFilter, type Filter } from './filter';

/** What a program appends, and how it becomes what the wire takes. Limits that cost nothing to check are checked here. */

export interface EventFacts {
  /** A stable name, such as `OrderPlaced`. */
  readonly type: string;
  /** What the event is about, such as an order's id. */
  readonly eventSourceId: string;
  /** Idempotency key, unique in the event sequence: 1 to 200 characters. A UUIDv7 unless given. */
  readonly eventId?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The whole business operation. That of the event that is being handled, or a new id, the same for all events of the call, unless given. */
  readonly correlationId?: string | undefined;
  /** The id of the event that directly caused this one. The event that is being handled, unless given. */
  readonly causationId?: string | undefined;
  /** The identity that caused it. That of the event that is being handled, unless given. */
  readonly causedBy?: string | undefined;
  /** W3C trace context (`00-<trace id>-<span id>-<flags>`). That of the active span of OpenTelemetry, unless given. */
  readonly traceParent?: string | undefined;
  /** When it happened. Now, by the server's clock, unless given. */
  readonly occurred?: Date | undefined;
  /** From when it holds in the domain. Always, unless given. */
  readonly validFrom?: Date | undefined;
  /** The generation of the type that the content is written in. The latest, unless given. */
  readonly generation?: number | undefined;
}

/** Content as an object, or as JSON text that is sent as it stands. */
export type NewContent<Content extends object = object> =
  | { readonly content: Content; readonly json?: undefined }
  | { readonly json: string | Uint8Array; readonly content?: undefined };

/** An event to be appended. */
export type NewEvent<Content extends object = object> = EventFacts & NewContent<Content>;

/**
 * A condition: no event that matches has a number above `lastSeen`. With `source` it is a stream
 * version, with `types` and `tags` a dynamic consistency boundary, with neither it is about the
 * whole event sequence.
 */
export interface Expectation extends Filter {
  /** Any of these event sources: a shorter `eventSourceIds`. */
  readonly source?: string | readonly string[] | undefined;
  /** The last matching number that the caller has seen. Absent: none, so no matching event may exist. */
  readonly lastSeen?: number | undefined;
}

/**
 * Throws CALL_TOO_LARGE, CONTENT_TOO_LARGE, INVALID_CONTENT, INVALID_FIELD, INVALID_UTF8 or DATE_OUT_OF_RANGE.
 * @param carried what events take that they do not say themselves.
 */
export function wireEvents(events: readonly NewEvent[], carried?: EventContext): WireNewEvent[] {
  if (events.length === 0) throw invalidField('events', 'is empty; an append has at least one');
  if (events.length > LIMITS.eventsPerAppend)
    throw overLimit('events', LIMITS.eventsPerAppend, events.length, 'events', 'CALL_TOO_LARGE');
  const wire = events.map((event, i) => wireEvent(event, i, carried));
  const bytes = wire.reduce((sum, event) => sum + event.content.length, 0);
  // JSON is longer or shorter than the BSON that the limit is about; the server will say.
  if (bytes > LIMITS.appendBytes && wire.every((event) => event.contentType === ContentType.BSON))
    throw overLimit('events', LIMITS.appendBytes, bytes, 'bytes', 'CALL_TOO_LARGE');
  return wire;
}

function wireEvent(event: NewEvent, index: number, carried: EventContext | undefined): WireNewEvent {
  const field = `events[${index}]`;
  const text = (name: string, value: string | undefined): string => checkText(`${field}.${name}`, value ?? '');
  return {
    eventId: event.eventId === undefined ? newId() : text('event_id', event.eventId),
    type: text('type', event.type),
    generation: event.generation === undefined ? 0 : checkNumber(`${field}.generation`, event.generation),
    eventSourceId: text('event_source_id', event.eventSourceId),
    tags: event.tags === undefined ? [] : event.tags.map((tag, i) => checkText(`${field}.tags[${i}]`, tag)),
    correlationId: text('correlation_id', event.correlationId ?? carried?.correlationId),
    causationId: text('causation_id', event.causationId ?? causeOf(event, carried)),
    causedBy: text('caused_by', event.causedBy ?? carried?.causedBy),
    occurred: checkDate(`${field}.occurred`, event.occurred),
    validFrom: checkDate(`${field}.valid_from`, event.validFrom),
    ...wireContent(event, `${field}.content`),
    traceParent: text('trace_parent', event.traceParent ?? carried?.traceParent),
  };
}

/** An event that is passed on under its own id is not its own cause. */
const causeOf = ({ eventId }: NewEvent, carried: EventContext | undefined): string | undefined =>
  carried?.causationId === eventId ? undefined : carried?.causationId;

/** Throws CONTENT_TOO_LARGE, INVALID_CONTENT, INVALID_FIELD or INVALID_UTF8. */
export function wireContent(given: NewContent, field: string): Pick<WireNewEvent, 'content' | 'contentType'> {
  const { content, json } = given;
  if ((content === undefined) === (json === undefined))
    throw invalidField(field, 'is given as `content` or as `json`, one of the two');
  if (json !== undefined) {
    const bytes = typeof json === 'string' ? Buffer.from(checkText(field, json)) : Buffer.from(json);
    return { content: bytes, contentType: ContentType.JSON };
  }
  if (typeof content !== 'object' || content === null) {
    throw new AnnalsError('INVALID_CONTENT', `${field} is no object`, { field });
  }
  return { content: encodeBson(content, field), contentType: ContentType.BSON };
}

/** The conditions as the wire takes them. Throws INVALID_FIELD or INVALID_UTF8. */
export function wireExpectations(expect: Expectation | readonly Expectation[] | undefined): WireExpectation[] {
  if (expect === undefined) return [];
  // `Array.isArray` does not narrow a readonly array.
  const all = Array.isArray(expect) ? (expect as readonly Expectation[]) : [expect as Expectation];
  if (all.length > LIMITS.expectationsPerAppend)
    throw overLimit('expectations', LIMITS.expectationsPerAppend, all.length, 'expectations');
  return all.map(({ source, lastSeen, ...filter }, i) => {
    const field = `expectations[${i}]`;
    if (source !== undefined && filter.eventSourceIds !== undefined)
      throw invalidField(`${field}.filter.event_source_ids`, 'is given as `source` and as `eventSourceIds`; give one');
    const eventSourceIds = typeof source === 'string' ? [source] : (source ?? filter.eventSourceIds);
    return {
      filter: wireFilter({ ...filter, eventSourceIds }, `${field}.filter`),
      lastSeen: lastSeen === undefined ? undefined : checkNumber(`${field}.last_seen`, lastSeen),
    };
  });
}
