/** What the requests of several calls have in common: defaults, and the wire's looser types made strict. */
import type { EventFilter__Output } from '../contract/generated/annals/v1/EventFilter';
import type { ContentType__Output } from '../contract/generated/annals/v1/ContentType';
import { ContentType, type EventFilter, type SequenceRef } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_NAMESPACE, DEFAULT_SEQUENCE, DEFAULT_STORE, type SequenceAddress } from '../kernel/names';
import { checkFilters } from '../sequences/admission';

/** An absent or empty part means its default. */
export const addressOf = (ref: Partial<SequenceRef> | null | undefined): SequenceAddress => ({
  store: ref?.store || DEFAULT_STORE,
  namespace: ref?.namespace || DEFAULT_NAMESPACE,
  sequence: ref?.sequence || DEFAULT_SEQUENCE,
});

/** A uint64 as a number; beyond 2^53 it would not be exact, and no sequence reaches there. */
export function numberOf(value: number | undefined, field: string): number | undefined {
  if (value === undefined || Number.isSafeInteger(value)) return value;
  const limit = String(Number.MAX_SAFE_INTEGER);
  throw new AnnalsError('INVALID_FIELD', `${field} is ${value}; a number is at most ${limit}`, {
    field,
    metadata: { limit, actual: String(value) },
  });
}

export const filtersOf = (filters: readonly EventFilter__Output[]): readonly EventFilter[] =>
  checkFilters(
    filters.map(({ types, eventSourceIds, tags, correlationId }) => ({ types, eventSourceIds, tags, correlationId })),
    'filters',
  );

export const contentTypeOf = (type: ContentType__Output): ContentType =>
  type === 'CONTENT_TYPE_BSON' ? ContentType.BSON : ContentType.JSON;
