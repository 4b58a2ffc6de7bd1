/**
 * Checks one append call and turns it into what the sequencer takes: drafts whose documents are
 * encoded already, so that nothing is left to do between a number and its insert. What is wrong with
 * the call itself is thrown, with the field and the limit; the first fault is enough. What a schema
 * has against it stays with the append: an event id that is known is answered all the same.
 */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import { LIMITS, MIN_DATE_MS } from '../kernel/limits';
import type { Steps } from '../kernel/steps';
import type { Violation } from '../kernel/violation';
import type { AppendRequest, Expectation, NewEvent } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { encodeEventDocument, type EventDraft } from '../storage/event-document';
import type { Companion } from './companion';
import type { ClaimsAt } from './constrained';
import { checkContent, type CheckedContent } from './content-check';
import { checkCause, checkDate, checkFilter, checkTags, checkTraceParent, checkType, required } from './field-checks';

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
  /** What it claims, when that was found out already. */
  readonly claims?: ClaimsAt | undefined;
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
): Steps<AdmittedAppend> {
  const { events, expectations } = request;
  if (events.length === 0)
    throw new AnnalsError('INVALID_FIELD', 'events is empty; an append has at least one', { field: 'events' });
  if (events.length > LIMITS.eventsPerAppend) {
    throw overLimit('events', LIMITS.eventsPerAppend, events.length, 'events', 'CALL_TOO_LARGE');
  }
  checkExpectations(expectations);

  const correlationId = events.every((event) => event.correlationId !== '') ? '' : newId();
  const violations: Violation[] = [];
  const looksAt = types === undefined || (types.empty && !types.strict) ? undefined : types;
  const encoded = new DocumentsOfCall();
  for (const [i, event] of events.entries()) {
    const field = `events[${i}]`;
    const checked = checkContent(event, looksAt, field);
    if (violations.length < LIMITS.violationsTold) violations.push(...checked.violations);
    encoded.add(draft(event, checked, field, correlationId, now));
    yield;
  }
  const { drafts, documents, bytes } = encoded;
  refuseRepeatedIds(drafts);
  const madeIds = events.some((event) => event.eventId === undefined);
  // Here and in the drafts nothing is spread, as every append there is comes by: an object that begins with
  // `...encoded` and has four more fields costs as much as all checks together.
  return { drafts, documents, bytes, expectations, madeIds, violations, companions: [] };
}

type Encoded = Pick<AdmittedAppend, 'drafts' | 'documents' | 'bytes'>;

/** The documents of one call's drafts, within its limits: refused before more of them are made, since generations may make much of little. */
class DocumentsOfCall {
  readonly drafts: EventDraft[] = [];
  readonly documents: Buffer[] = [];
  bytes = 0;

  add(event: EventDraft): void {
    const document = encodeEventDocument(event);
    const { length } = document;
    if (length > LIMITS.eventBytes) {
      const field = `events[${this.drafts.length}]`;
      throw overLimit(field, LIMITS.eventBytes, length, 'bytes in all generations', 'CONTENT_TOO_LARGE');
    }
    this.bytes += length;
    if (this.bytes > LIMITS.appendBytes) {
      throw overLimit('events', LIMITS.appendBytes, this.bytes, 'bytes', 'CALL_TOO_LARGE');
    }
    this.drafts.push(event);
    this.documents.push(document);
  }
}

/** The documents of checked drafts, within the limits of one call. */
export function encodeDrafts(drafts: readonly EventDraft[]): Encoded {
  const documents = new DocumentsOfCall();
  for (const event of drafts) documents.add(event);
  return documents;
}

/** An append that the server makes of drafts of its own, and what goes along with it. */
export const ownAppend = (
  drafts: readonly EventDraft[],
  companions: readonly Companion[],
  violations: readonly Violation[] = [],
): AdmittedAppend => ({ ...encodeDrafts(drafts), expectations: [], madeIds: false, violations, companions });

function draft(
  event: NewEvent,
  { generation, contents }: CheckedContent,
  field: string,
  correlation: string,
  now: number,
): EventDraft {
  const { correlationId, causationId, causedBy } = checkCause(event, correlation, `${field}.`);
  return {
    eventId: event.eventId === undefined ? newId() : required(event.eventId, `${field}.event_id`, LIMITS.eventIdLength),
    type: checkType(event.type, `${field}.type`),
    eventSourceId: required(event.eventSourceId, `${field}.event_source_id`, LIMITS.eventSourceIdLength),
    generation,
    tags: checkTags(event.tags, `${field}.tags`),
    correlationId,
    causationId,
    causedBy,
    traceParent: checkTraceParent(event.traceParent, `${field}.trace_parent`),
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
