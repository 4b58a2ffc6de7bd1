/** The rules for the fields of a call: what is wrong is thrown, with the field and the limit; the first fault is enough. */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS, MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import { isTraceParent } from '../kernel/trace-parent';
import type { EventFilter } from '../contract/messages';

/** Types of the server's own events begin so. */
const RESERVED_TYPE = '$';

export function checkType(type: string, field: string): string {
  required(type, field, LIMITS.eventTypeLength);
  if (!type.startsWith(RESERVED_TYPE)) return type;
  throw new AnnalsError(
    'INVALID_FIELD',
    `${field} is ${JSON.stringify(type)}; types that begin with $ are the server’s own`,
    {
      field,
    },
  );
}

export function checkTags(tags: readonly string[], field: string): readonly string[] {
  if (tags.length > LIMITS.tagsPerEvent) throw overLimit(field, LIMITS.tagsPerEvent, tags.length, 'tags');
  tags.forEach((tag, i) => required(tag, `${field}[${i}]`, LIMITS.tagLength));
  return tags;
}

/** What says how events hang together. */
export interface Cause {
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
}

/** @param correlationId what stands in for an empty one. @param prefix of the fields' names, such as `events[3].`. */
export const checkCause = (given: Cause, correlationId: string, prefix = ''): Cause => ({
  correlationId: atMost(given.correlationId, `${prefix}correlation_id`, LIMITS.metadataIdLength) || correlationId,
  causationId: atMost(given.causationId, `${prefix}causation_id`, LIMITS.metadataIdLength),
  causedBy: atMost(given.causedBy, `${prefix}caused_by`, LIMITS.metadataIdLength),
});

/** Of what is no trace context so many characters are told. */
const SHOWN_CHARACTERS = 80;

/** Empty: none. */
export function checkTraceParent(text: string, field: string): string {
  if (text === '' || isTraceParent(text)) return text;
  const shown = JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
  throw new AnnalsError(
    'INVALID_FIELD',
    `${field} is ${shown}; a W3C trace context is 00-, 32 hexadecimal digits, -, 16 of them, - and 2 of them, in lower case, and neither id is 0`,
    { field },
  );
}

/** @param ms a date, ms since 1970. */
export function checkDate(ms: number, field: string): number {
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

export function required(value: string, field: string, limit: number): string {
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
export function atMost(value: string, field: string, limit: number): string {
  if (value.length <= limit) return value;
  const characters = codePoints(value);
  if (characters <= limit) return value;
  throw overLimit(field, limit, characters, 'characters');
}

/** Refuses filters that no database should be asked. Returns them. */
export function checkFilters(filters: readonly EventFilter[], field: string): readonly EventFilter[] {
  if (filters.length > LIMITS.filtersPerRead) throw overLimit(field, LIMITS.filtersPerRead, filters.length, 'filters');
  filters.forEach((filter, i) => {
    checkFilter(filter, `${field}[${i}]`);
  });
  return filters;
}

export function checkFilter(filter: EventFilter, field: string): void {
  const lists = { types: filter.types, event_source_ids: filter.eventSourceIds, tags: filter.tags };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length > LIMITS.valuesPerFilter) {
      throw overLimit(`${field}.${name}`, LIMITS.valuesPerFilter, values.length, 'values');
    }
  }
}
