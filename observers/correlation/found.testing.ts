/** An event as a lookup finds it, for what does not ask where it came from. */
import type { FoundEvent, Sighting } from './found';

export const sighting = (place: Partial<Sighting> = {}): Sighting => ({
  deployment: 'here',
  store: 'shop',
  namespace: 'default',
  sequence: 'event-log',
  number: 0,
  recorded: new Date(0),
  link: '',
  address: '',
  ...place,
});

export const found = (eventId: string, event: Partial<FoundEvent> = {}): FoundEvent => ({
  eventId,
  type: 'happened',
  eventSourceId: 'thing',
  correlationId: 'operation',
  causationId: '',
  causedBy: '',
  occurred: new Date(0),
  tags: [],
  traceParent: '',
  announcement: undefined,
  redacted: false,
  compensations: 0,
  announcedAt: [],
  at: sighting(),
  origin: undefined,
  hops: 0,
  told: undefined,
  ...event,
});
