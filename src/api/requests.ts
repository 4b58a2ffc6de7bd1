/** What the requests of several calls have in common: defaults, and the wire's looser types made strict. */
import type { EventFilter__Output } from '../contract/generated/annals/v1/EventFilter';
import type { ContentType__Output } from '../contract/generated/annals/v1/ContentType';
import type { GenerationWanted__Output } from '../contract/generated/annals/v1/GenerationWanted';
import type { View__Output } from '../contract/generated/annals/v1/View';
import { ContentType, type EventFilter, type SequenceRef } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import type { GenerationWanted } from '../kernel/generation-wanted';
import { DEFAULT_NAMESPACE, DEFAULT_SEQUENCE, DEFAULT_STORE, type SequenceAddress } from '../kernel/names';
import { checkFilters } from '../sequences/field-checks';
import type { ContentWanted, TypesAtHand } from '../sequences/presentation';
import { checkWanted, wantedOf } from '../sequences/wanted-generations';

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
    filters.map(({ types, eventSourceIds, tags, correlationId, announcements }) => ({
      types,
      eventSourceIds,
      tags,
      correlationId,
      ...(announcements ? { announcements } : {}),
    })),
    'filters',
  );

/** Without what the general deserializer puts beside the fields. Whether the generations are there is checked against the types. */
export const generationsOf = (wanted: readonly GenerationWanted__Output[]): readonly GenerationWanted[] =>
  wanted.map(({ type, generation }) => ({ type, generation }));

const VIEWS = {
  VIEW_UNSPECIFIED: 'original',
  VIEW_ORIGINAL: 'original',
  VIEW_EFFECTIVE: 'effective',
  VIEW_ALL: 'all',
} as const;

export const contentTypeOf = (type: ContentType__Output): ContentType =>
  type === 'CONTENT_TYPE_BSON' ? ContentType.BSON : ContentType.JSON;

/** In which form a reader wants content. @throws AnnalsError INVALID_FIELD, UNKNOWN_GENERATION */
export async function contentOf(
  request: {
    readonly contentType: ContentType__Output;
    readonly view?: View__Output;
    readonly generations: readonly GenerationWanted__Output[];
    readonly allGenerations: boolean;
  },
  { loadTypes }: TypesAtHand,
): Promise<ContentWanted> {
  const { contentType, view = 'VIEW_ORIGINAL', generations, allGenerations } = request;
  if (generations.length > 0) checkWanted(generations, await loadTypes());
  return { contentType: contentTypeOf(contentType), view: VIEWS[view], allGenerations, wanted: wantedOf(generations) };
}
