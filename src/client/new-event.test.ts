import { deserialize } from 'bson';
import { LIMITS } from '../kernel/limits';
import { wireEvents, wireExpectations, type NewEvent } from './new-event';

const event = (over: object = {}): NewEvent => ({
  type: 'OrderPlaced',
  eventSourceId: 'order-1',
  content: { total: 1 },
  ...over,
});

const refusal = (act: () => unknown): object => {
  try {
    act();
  } catch (error) {
    return error as object;
  }
  throw new Error('nothing was thrown');
};

test('an event without an id is given one, so that sending it again is known', () => {
  const [first, second] = wireEvents([event(), event()]);
  expect(first?.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(second?.eventId).not.toBe(first?.eventId);
});

test('an object travels as BSON', () => {
  const [wire] = wireEvents([event({ content: { total: 42, at: new Date(5) } })]);
  expect(wire?.contentType).toBe(2);
  expect(wire && deserialize(wire.content)).toEqual({ total: 42, at: new Date(5) });
});

test.each([['{"a": 1.0}'], [Buffer.from('{"a": 1.0}')]])('JSON text travels as it stands', (json) => {
  const [wire] = wireEvents([{ type: 'A', eventSourceId: 's', json }]);
  expect(wire?.contentType).toBe(1);
  expect(wire?.content.toString()).toBe('{"a": 1.0}');
});

test('an expectation takes one source or several', () => {
  expect(wireExpectations({ source: 'a', lastSeen: 3 })[0]).toMatchObject({
    filter: { eventSourceIds: ['a'] },
    lastSeen: 3,
  });
  expect(wireExpectations([{ source: ['a', 'b'] }])[0]).toMatchObject({
    filter: { eventSourceIds: ['a', 'b'] },
    lastSeen: undefined,
  });
});

test.each([
  ['no event', () => wireEvents([]), { code: 'INVALID_FIELD', field: 'events' }],
  [
    'too many events',
    () => wireEvents(Array.from({ length: LIMITS.eventsPerAppend + 1 }, () => event())),
    { code: 'CALL_TOO_LARGE', field: 'events' },
  ],
  [
    'too many bytes together',
    () => wireEvents(Array.from({ length: 17 }, () => event({ content: { x: 'x'.repeat(1024 * 1024 - 100) } }))),
    { code: 'CALL_TOO_LARGE' },
  ],
  [
    'too large a content',
    () => wireEvents([event(), event({ content: { x: 'x'.repeat(1024 * 1024) } })]),
    { code: 'CONTENT_TOO_LARGE', field: 'events[1].content' },
  ],
  [
    'no content',
    () => wireEvents([event({ content: undefined })]),
    { code: 'INVALID_FIELD', field: 'events[0].content' },
  ],
  [
    'content and JSON',
    () => wireEvents([event({ json: '{}' })]),
    { code: 'INVALID_FIELD', field: 'events[0].content' },
  ],
  [
    'content that is no object',
    () => wireEvents([event({ content: 'text' })]),
    { code: 'INVALID_CONTENT', field: 'events[0].content' },
  ],
  [
    'an invalid Date',
    () => wireEvents([event({ occurred: new Date(Number.NaN) })]),
    { code: 'DATE_OUT_OF_RANGE', field: 'events[0].occurred' },
  ],
  [
    'half of a surrogate pair',
    () => wireEvents([event({ eventId: 'a\ud800' })]),
    { code: 'INVALID_UTF8', field: 'events[0].event_id' },
  ],
  [
    'a tag that is no string',
    () => wireEvents([event({ tags: ['a', 1] })]),
    { code: 'INVALID_FIELD', field: 'events[0].tags[1]' },
  ],
  [
    'a number that is none',
    () => wireExpectations({ lastSeen: -1 }),
    { code: 'INVALID_FIELD', field: 'expectations[0].last_seen' },
  ],
  ['a source given twice', () => wireExpectations({ source: 'a', eventSourceIds: ['b'] }), { code: 'INVALID_FIELD' }],
  [
    'too many expectations',
    () => wireExpectations(Array.from({ length: 33 }, () => ({}))),
    { code: 'INVALID_FIELD', field: 'expectations' },
  ],
])('%s is refused before anything is sent', (_what, act, expected) => {
  expect(refusal(act)).toMatchObject(expected);
});
