/** A committed event as the log keeps it in memory: its bytes, and what filters and checks look at. */
import type { EventFilter } from '../contract/messages';
import type { AnnouncementDraft, EventDraft } from '../storage/event-document';
import { announcementAt, announcementKind, PASS_OVER, visitEvent, type Announced } from '../storage/event-fields';
import { documentAt } from '../storage/find-events';

export interface LogEvent {
  readonly number: number;
  readonly type: string;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly correlationId: string;
  /** What it says of which earlier event; absent of an ordinary one. */
  readonly announces?: Announced;
  /** The stored document. */
  readonly document: Buffer;
}

/** What a filter looks at: true of a draft and of a committed event. */
export type Selectable = Pick<LogEvent, 'type' | 'eventSourceId' | 'tags' | 'correlationId' | 'announces'>;

/** An event that was just committed. The draft's document has been stamped with the number. */
export function fromDraft(number: number, draft: EventDraft, document: Buffer): LogEvent {
  const { type, eventSourceId, tags, correlationId, announces } = draft;
  const event = { number, type, eventSourceId, tags, correlationId, document };
  return announces === undefined ? event : { ...event, announces: aboutOf(announces) };
}

const aboutOf = ({ kind, sequenceNumber }: AnnouncementDraft): Announced => ({ kind, sequenceNumber });

/** An event that another server committed, from its stored document. */
export function fromDocument(document: Buffer): LogEvent {
  const text = { type: '', eventSourceId: '', correlationId: '' };
  const tags: string[] = [];
  let number = 0;
  let announces: LogEvent['announces'];
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field in text) text[field as keyof typeof text] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field === '_id') number = value;
    },
    tag: (bytes, start, end) => tags.push(bytes.toString('utf8', start, end)),
    announces: (bytes, start) => (announces = announcementAt(bytes, start)),
  });
  const { type, eventSourceId, correlationId } = text;
  const event = { number, type, eventSourceId, correlationId, tags, document };
  return announces === undefined ? event : { ...event, announces };
}

/** Whether one filter selects the event; the same question as deliveredQuery asks of the database. */
export function matches(filter: EventFilter, event: Selectable): boolean {
  return (
    (event.announces === undefined || (filter.announcements === true && event.announces.kind !== 'constraint')) &&
    (filter.types.length === 0 || filter.types.includes(event.type)) &&
    (filter.eventSourceIds.length === 0 || filter.eventSourceIds.includes(event.eventSourceId)) &&
    filter.tags.every((tag) => event.tags.includes(tag)) &&
    (filter.correlationId === undefined || filter.correlationId === event.correlationId)
  );
}

/** Whether any of the filters selects the event; no filter selects every event, and no announcement. */
export const matchesAny = (filters: readonly EventFilter[], event: Selectable): boolean =>
  filters.length === 0 ? event.announces === undefined : filters.some((filter) => matches(filter, event));

/**
 * Whether a reader with these filters gets the stored event at `start`, which the database has selected
 * by them: what is no announcement is let through without a look at anything else.
 */
export function isDelivered(filters: readonly EventFilter[], bytes: Buffer, start: number): boolean {
  const kind = announcementKind(bytes, start);
  if (kind === undefined) return true;
  return kind !== 'constraint' && matchesAny(filters, fromDocument(documentAt(bytes, start)));
}
