/** A committed event as the log keeps it in memory: its bytes, and what filters and checks look at. */
import type { EventFilter } from '../contract/messages';
import type { EventDraft } from '../storage/event-document';
import { PASS_OVER, visitEvent } from '../storage/event-fields';

export interface LogEvent {
  readonly number: number;
  readonly type: string;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly correlationId: string;
  /** The stored document. */
  readonly document: Buffer;
}

/** What a filter looks at: true of a draft and of a committed event. */
export type Selectable = Pick<LogEvent, 'type' | 'eventSourceId' | 'tags' | 'correlationId'>;

/** An event that was just committed. The draft's document has been stamped with the number. */
export const fromDraft = (number: number, draft: EventDraft, document: Buffer): LogEvent => ({
  number,
  type: draft.type,
  eventSourceId: draft.eventSourceId,
  tags: draft.tags,
  correlationId: draft.correlationId,
  document,
});

/** An event that another server committed, from its stored document. */
export function fromDocument(document: Buffer): LogEvent {
  const text = { type: '', eventSourceId: '', correlationId: '' };
  const tags: string[] = [];
  let number = 0;
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field in text) text[field as keyof typeof text] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field === '_id') number = value;
    },
    tag: (bytes, start, end) => tags.push(bytes.toString('utf8', start, end)),
  });
  return { number, tags, document, ...text };
}

/** Whether one filter selects the event; the same question as filterQuery asks of the database. */
export function matches(filter: EventFilter, event: Selectable): boolean {
  return (
    (filter.types.length === 0 || filter.types.includes(event.type)) &&
    (filter.eventSourceIds.length === 0 || filter.eventSourceIds.includes(event.eventSourceId)) &&
    filter.tags.every((tag) => event.tags.includes(tag)) &&
    (filter.correlationId === undefined || filter.correlationId === event.correlationId)
  );
}

/** Whether any of the filters selects the event; no filter selects every event. */
export const matchesAny = (filters: readonly EventFilter[], event: Selectable): boolean =>
  filters.length === 0 || filters.some((filter) => matches(filter, event));
