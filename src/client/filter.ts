import type { EventFilter as WireFilter } from '../contract/messages';
import { checkText, invalidField } from './field-checks';

/** Selects events. An event matches when it matches every field that is given. */
export interface Filter {
  /** Any of these types. */
  readonly types?: readonly string[] | undefined;
  /** Any of these event sources. */
  readonly eventSourceIds?: readonly string[] | undefined;
  /** All of these tags. */
  readonly tags?: readonly string[] | undefined;
  readonly correlationId?: string | undefined;
  /**
   * Also the announcements of compensations and redactions of events that match. Events alone unless given;
   * `{ announcements: true }` by itself is every event and every announcement.
   */
  readonly announcements?: boolean | undefined;
}

/** One filter, written out; or several, of which an event must match any. */
export type Selection =
  (Filter & { readonly filters?: undefined }) | ({ readonly filters: readonly Filter[] } & NoFilter);

type NoFilter = { readonly [Field in keyof Filter]?: undefined };

export function wireFilter(filter: Filter, field: string): WireFilter {
  const texts = (name: string, values: readonly string[] | undefined): string[] =>
    values === undefined ? [] : values.map((value, i) => checkText(`${field}.${name}[${i}]`, value));
  return {
    types: texts('types', filter.types),
    eventSourceIds: texts('event_source_ids', filter.eventSourceIds),
    tags: texts('tags', filter.tags),
    correlationId:
      filter.correlationId === undefined ? undefined : checkText(`${field}.correlation_id`, filter.correlationId),
    announcements: filter.announcements === true,
  };
}

/** The filters as the general serializer takes them, where an absent field must not be there at all. */
export function wireSelection(selection: Selection) {
  const { types, eventSourceIds, tags, correlationId, announcements } = selection;
  const single = [types, eventSourceIds, tags, correlationId, announcements].some((field) => field !== undefined);
  if (single && selection.filters !== undefined) throw invalidField('filters', 'stands beside a filter of its own');
  const filters = selection.filters ?? (single ? [selection] : []);
  return filters.map((filter, i) => {
    const { correlationId: correlation, ...lists } = wireFilter(filter, `filters[${i}]`);
    return correlation === undefined ? lists : { ...lists, correlationId: correlation };
  });
}
