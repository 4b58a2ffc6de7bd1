/**
 * Checks one append call and turns it into what the sequencer takes: drafts whose documents are
 * encoded already, so that nothing is left to do between a number and its insert. What is wrong with
 * the call itself is thrown, with the field and the limit; the first fault is enough.
 */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { checkBson } from '../kernel/content/validate-bson';
import { newId } from '../kernel/ids';
import { LIMITS, MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import {
  ContentType,
  type AppendRequest,
  type EventFilter,
  type Expectation,
  type NewEvent,
} from '../contract/messages';
import { encodeEventDocument, type EventDraft } from '../storage/event-document';

/** The one generation that every type has. */
const FIRST_GENERATION = 1;

export interface AdmittedAppend {
  readonly drafts: readonly EventDraft[];
  /** Each draft's document, to be stamped with its number. */
  readonly documents: readonly Buffer[];
  /** The documents' bytes together. */
  readonly bytes: number;
  readonly expectations: readonly Expectation[];
  /** The server made at least one of the event ids. */
  readonly madeIds: boolean;
}

/** @param now the server's time, ms since 1970: the default of `occurred`. */
export function admit(request: AppendRequest, now: number): AdmittedAppend {
  const { events, expectations } = request;
  if (events.length === 0)
    throw new AnnalsError('INVALID_FIELD', 'events is empty; an append has at least one', { field: 'events' });
  if (events.length > LIMITS.eventsPerAppend) {
    throw overLimit('events', LIMITS.eventsPerAppend, events.length, 'events', 'CALL_TOO_LARGE');
  }
  checkExpectations(expectations);

  const correlationId = events.every((event) => event.correlationId !== '') ? '' : newId();
  const drafts = events.map((event, i) => draft(event, `events[${i}]`, correlationId, now));
  refuseRepeatedIds(drafts);
  const documents: Buffer[] = [];
  let bytes = 0;
  for (const event of drafts) {
    const document = encodeEventDocument(event);
    bytes += document.length;
    if (bytes > LIMITS.appendBytes) throw overLimit('events', LIMITS.appendBytes, bytes, 'bytes', 'CALL_TOO_LARGE');
    documents.push(document);
  }
  return { drafts, documents, bytes, expectations, madeIds: events.some((event) => event.eventId === undefined) };
}

function draft(event: NewEvent, field: string, correlationId: string, now: number): EventDraft {
  if (event.generation !== 0 && event.generation !== FIRST_GENERATION) {
    throw new AnnalsError(
      'UNKNOWN_GENERATION',
      `${field}.generation is ${event.generation}; ${event.type} has generation ${FIRST_GENERATION} alone`,
      { field: `${field}.generation`, metadata: { limit: String(FIRST_GENERATION), actual: String(event.generation) } },
    );
  }
  return {
    eventId: event.eventId === undefined ? newId() : required(event.eventId, `${field}.event_id`, LIMITS.eventIdLength),
    type: required(event.type, `${field}.type`, LIMITS.eventTypeLength),
    eventSourceId: required(event.eventSourceId, `${field}.event_source_id`, LIMITS.eventSourceIdLength),
    generation: FIRST_GENERATION,
    tags: checkTags(event.tags, `${field}.tags`),
    correlationId: atMost(event.correlationId, `${field}.correlation_id`, LIMITS.metadataIdLength) || correlationId,
    causationId: atMost(event.causationId, `${field}.causation_id`, LIMITS.metadataIdLength),
    causedBy: atMost(event.causedBy, `${field}.caused_by`, LIMITS.metadataIdLength),
    occurred: checkDate(event.occurred ?? now, `${field}.occurred`),
    validFrom: checkDate(event.validFrom ?? MIN_DATE_MS, `${field}.valid_from`),
    content: checkContent(event, `${field}.content`),
  };
}

function checkContent(event: NewEvent, field: string): Buffer {
  // An empty message field is no content at all, in either encoding.
  if (event.content.length === 0) {
    throw new AnnalsError('INVALID_CONTENT', `${field} is empty; send {} for an event that says nothing more`, {
      field,
    });
  }
  if (event.contentType !== ContentType.BSON) return jsonToBson(event.content, field);
  checkBson(event.content, field);
  return event.content;
}

function checkTags(tags: readonly string[], field: string): readonly string[] {
  if (tags.length > LIMITS.tagsPerEvent) throw overLimit(field, LIMITS.tagsPerEvent, tags.length, 'tags');
  tags.forEach((tag, i) => required(tag, `${field}[${i}]`, LIMITS.tagLength));
  return tags;
}

/** @param ms a date, ms since 1970. */
function checkDate(ms: number, field: string): number {
  if (ms >= MIN_DATE_MS && ms <= MAX_DATE_MS) return ms;
  throw new AnnalsError(
    'DATE_OUT_OF_RANGE',
    `${field} is ${ms} ms since 1970; a date is from 0001-01-01 to 9999-12-31`,
    {
      field,
      metadata: { minimum: String(MIN_DATE_MS), maximum: String(MAX_DATE_MS), actual: String(ms) },
    },
  );
}

function required(value: string, field: string, limit: number): string {
  if (value === '') {
    throw new AnnalsError('INVALID_FIELD', `${field} is empty; it has 1 to ${limit} characters`, {
      field,
      metadata: { limit: String(limit), actual: '0' },
    });
  }
  return atMost(value, field, limit);
}

function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

/** Characters are Unicode code points; counting them is only needed when the UTF-16 length is over. */
function atMost(value: string, field: string, limit: number): string {
  if (value.length <= limit) return value;
  const characters = codePoints(value);
  if (characters <= limit) return value;
  throw overLimit(field, limit, characters, 'characters');
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

/** Refuses filters that no database should be asked. Returns them. */
export function checkFilters(filters: readonly EventFilter[], field: string): readonly EventFilter[] {
  if (filters.length > LIMITS.filtersPerRead) throw overLimit(field, LIMITS.filtersPerRead, filters.length, 'filters');
  filters.forEach((filter, i) => {
    checkFilter(filter, `${field}[${i}]`);
  });
  return filters;
}

function checkFilter(filter: EventFilter, field: string): void {
  const lists = { types: filter.types, event_source_ids: filter.eventSourceIds, tags: filter.tags };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length > LIMITS.valuesPerFilter) {
      throw overLimit(`${field}.${name}`, LIMITS.valuesPerFilter, values.length, 'values');
    }
  }
}
