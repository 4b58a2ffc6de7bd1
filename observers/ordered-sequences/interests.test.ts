import type { BusinessEvent } from './business-event';
import { Interests, NO_INTEREST, type Awaited, type Following } from './interests';
import type { Json } from '../../src/contract/sequence-document';

const event = (fields: Partial<BusinessEvent> & { readonly data?: Json } = {}): BusinessEvent => ({
  eventId: 'e',
  eventType: 'Paid',
  eventSourceId: 'order-1',
  correlationId: 'operation',
  causationId: '',
  causedBy: '',
  sequenceNumber: 10,
  occurred: 0,
  content: () => fields.data ?? {},
  ...fields,
});

const byId = (eventId: string, step = 0): Awaited => ({ step, eventId, match: undefined, since: 0 });
const byTie = (by: 'correlation_id' | 'event_source_id' | 'property', value: string, property?: string): Awaited => ({
  step: 0,
  eventId: 'placeholder',
  match: { eventType: 'Paid', by, value, ...(property === undefined ? {} : { property }) },
  since: 5,
});
const following: Following = { step: 1, eventType: 'Paid', correlationId: 'operation', since: 5 };

function interested(...interests: [string, readonly Awaited[], (readonly Following[])?][]): Interests {
  const made = new Interests();
  for (const [sequenceId, awaited, follows = []] of interests) made.set(sequenceId, { awaited, following: follows });
  return made;
}
const told = (interests: Interests, of: BusinessEvent): string[] =>
  interests.concerned(of).map(({ sequenceId, step, as }) => `${sequenceId} ${step} ${as}`);

it('an event concerns every sequence that waits for its id, and no other', () => {
  const interests = interested(['a', [byId('e')]], ['b', [byId('f'), byId('e', 1)]], ['c', [byId('g')]]);
  expect(told(interests, event())).toEqual(['a 0 event', 'b 1 event']);
});

it.each([
  ['its operation', byTie('correlation_id', 'operation'), byTie('correlation_id', 'other')],
  ['its source', byTie('event_source_id', 'order-1'), byTie('event_source_id', 'order-2')],
  ['a property', byTie('property', '7', 'order.id'), byTie('property', '8', 'order.id')],
])('it concerns those that its type and %s tie it to', (_, tied, other) => {
  const interests = interested(['a', [tied]], ['b', [other]]);
  expect(told(interests, event({ data: { order: { id: 7 } } }))).toEqual(['a 0 event']);
  expect(told(interests, event({ eventType: 'Sent', data: { order: { id: 7 } } }))).toEqual([]);
});

it('one that came before is not meant', () => {
  const interests = interested(['a', [byTie('correlation_id', 'operation')]], ['b', [], [following]]);
  expect(told(interests, event({ sequenceNumber: 4 }))).toEqual([]);
  expect(told(interests, event({ sequenceNumber: 5 }))).toEqual(['a 0 event', 'b 1 follower']);
});

it('what a sequence waits for now replaces what it waited for, and what is new of it is known', () => {
  const interests = interested(['a', [byId('e'), byTie('correlation_id', 'operation')], [following]]);
  const now = { awaited: [byId('e'), byId('f', 1)], following: [] };
  expect(interests.fresh('a', now)).toEqual({ awaited: [byId('f', 1)], following: [] });
  interests.set('a', now);
  expect(told(interests, event())).toEqual(['a 0 event']);
  interests.set('a', NO_INTEREST);
  expect(told(interests, event())).toEqual([]);
});

it('one that no longer waits leaves the others what they wait for', () => {
  const tied = byTie('correlation_id', 'operation');
  const interests = interested(['a', [tied], [following]], ['b', [tied], [following]]);
  interests.set('a', NO_INTEREST);
  expect(told(interests, event())).toEqual(['b 0 event', 'b 1 follower']);
});
