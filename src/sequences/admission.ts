/**
 * Checks one append call and turns it into what the sequencer takes: drafts whose documents are
 * encoded already, so that nothing is left to do between a number and its insert. What is wrong with
 * the call itself is thrown, with the field and the limit; the first fault is enough. What a schema
 * has against it stays with the append: an event id that is known is answered all the same.
 */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import { LIMITS, MIN_DATE_MS } from '../kernel/limits';
import type { Violation } from '../kernel/violation';
import type { AppendRequest, Expectation, NewEvent } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { encodeEventDocument, type EventDraft } from '../storage/event-document';
import type { Companion } from './companion';
import { checkContent, type CheckedContent } from './content-check';
import { atMost, checkDate, checkFilter, checkTags, checkType, required } from './field-checks';

export interface AdmittedAppend {
  readonly drafts: readonly EventDraft[];
  /** Each draft's document, to be stamped with its number. */
  readonly documents: readonly Buffer[];
  /** The documents' bytes together. */
  readonly bytes: number;
  readonly expectations: readonly Expectation[];
  /** The server made at least one of the event ids. */
  readonly madeIds: boolean;
  /** What its content breaks. None: it may be recorded. */
  readonly violations: readonly Violation[];
  /** What goes along with it. */
  readonly companions: readonly Companion[];
}

/**
 * Admits an append, event by event: whoever runs it may stop in between, since a large batch of large
 * schemas takes a while.
 * @param now the server's time, ms since 1970: the default of `occurred`.
 */
export function* admission(
  request: AppendRequest,
  now: number,
  types: TypesOfStore | undefined,
): Generator<void, AdmittedAppend, void> {
  const { events, expectations } = request;
  if (events.length === 0)
    throw new AnnalsError('INVALID_FIELD', 'events is empty; an append has at least one', { field: 'events' });
  if (events.length > LIMITS.eventsPerAppend) {
    throw overLimit('events', LIMITS.eventsPerAppend, events.length, 'events', 'CALL_TOO_LARGE');
  }
  checkExpectations(expectations);

  const correlationId = events.every((event) => event.correlationId !== '') ? '' : newId();
  const drafts: EventDraft[] = [];
  const violations: Violation[] = [];
  const looksAt = types === undefined || (types.empty && !types.strict) ? undefined : types;
  let bytes = 0;
  for (const [i, event] of events.entries()) {
    const field = `events[${i}]`;
    const checked = checkContent(event, looksAt, field);
    for (const { content } of checked.contents) bytes += content.length;
    // Before more of it is made: generations and migrations may make much of little.
    if (bytes > LIMITS.appendBytes) throw overLimit('events', LIMITS.appendBytes, bytes, 'bytes', 'CALL_TOO_LARGE');
    if (violations.length < LIMITS.violationsTold) violations.push(...checked.violations);
    drafts.push(draft(event, checked, field, correlationId, now));
    if (looksAt !== undefined) yield;
  }
  refuseRepeatedIds(drafts);
  const madeIds = events.some((event) => event.eventId === undefined);
  return { ...encodeDrafts(drafts), expectations, madeIds, violations, companions: [] };
}

/** The documents of checked drafts, within the limits of one call. */
export function encodeDrafts(drafts: readonly EventDraft[]): Pick<AdmittedAppend, 'drafts' | 'documents' | 'bytes'> {
  const documents: Buffer[] = [];
  let bytes = 0;
  for (const [i, event] of drafts.entries()) {
    const document = encodeEventDocument(event);
    if (document.length > LIMITS.eventBytes) {
      throw overLimit(
        `events[${i}]`,
        LIMITS.eventBytes,
        document.length,
        'bytes in all generations',
        'CONTENT_TOO_LARGE',
      );
    }
    bytes += document.length;
    if (bytes > LIMITS.appendBytes) throw overLimit('events', LIMITS.appendBytes, bytes, 'bytes', 'CALL_TOO_LARGE');
    documents.push(document);
  }
  return { drafts, documents, bytes };
}

function draft(
  event: NewEvent,
  { generation, contents }: CheckedContent,
  field: string,
  correlationId: string,
  now: number,
): EventDraft {
  return {
    eventId: event.eventId === undefined ? newId() : required(event.eventId, `${field}.event_id`, LIMITS.eventIdLength),
    type: checkType(event.type, `${field}.type`),
    eventSourceId: required(event.eventSourceId, `${field}.event_source_id`, LIMITS.eventSourceIdLength),
    generation,
    tags: checkTags(event.tags, `${field}.tags`),
    correlationId: atMost(event.correlationId, `${field}.correlation_id`, LIMITS.metadataIdLength) || correlationId,
    causationId: atMost(event.causationId, `${field}.causation_id`, LIMITS.metadataIdLength),
    causedBy: atMost(event.causedBy, `${field}.caused_by`, LIMITS.metadataIdLength),
    occurred: checkDate(event.occurred ?? now, `${field}.occurred`),
    validFrom: checkDate(event.validFrom ?? MIN_DATE_MS, `${field}.valid_from`),
    contents,
    anyGeneration: event.generation === 0,
  };
}

function refuseRepeatedIds(drafts: readonly EventDraft[]): void {
  if (drafts.length === 1) return;
  const places = new Map<string, number>();
  drafts.forEach(({ eventId }, i) => {
    const earlier = places.get(eventId);
    if (earlier !== undefined) {
      throw new AnnalsError(
        'DUPLICATE_EVENT_ID_IN_CALL',
        `events[${i}].event_id is the same as events[${earlier}].event_id: ${JSON.stringify(eventId)}`,
        { field: `events[${i}].event_id` },
      );
    }
    places.set(eventId, i);
  });
}

function checkExpectations(expectations: readonly Expectation[]): void {
  if (expectations.length > LIMITS.expectationsPerAppend) {
    throw overLimit('expectations', LIMITS.expectationsPerAppend, expectations.length, 'expectations');
  }
  expectations.forEach(({ filter }, i) => {
    checkFilter(filter, `expectations[${i}].filter`);
  });
}
