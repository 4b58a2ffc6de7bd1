/**
 * Selects events. An event matches when it matches every part that is not empty; a filter with
 * nothing in it matches every event.
 */
export interface EventFilter {
  /** Any of these types. */
  types: string[];
  /** Any of these event sources. */
  eventSourceIds: string[];
  /** All of these tags. */
  tags: string[];
  correlationId: string | undefined;
  /** Also the announcements of compensations and redactions of such events. Absent: events alone. */
  announcements?: boolean;
}
