import { serialize } from 'bson';
import type { WireEvent } from '../contract/messages';
import { RecordedEvent } from './recorded-event';

const wire = (over: Partial<WireEvent> = {}): WireEvent => ({
  sequenceNumber: 7,
  eventId: 'e-7',
  type: 'OrderPlaced',
  generation: 1,
  eventSourceId: 'order-1',
  tags: ['eu'],
  correlationId: 'c-1',
  causationId: '',
  causedBy: '',
  occurred: 1_000,
  recorded: 2_000,
  validFrom: undefined,
  content: Buffer.from(serialize({ total: 42 })),
  contentGeneration: 1,
  contentType: 2,
  origin: undefined,
  ...over,
});

test('content is decoded when it is first asked for, and once', () => {
  const event = new RecordedEvent<{ total: number }>(wire());
  expect(event.content).toEqual({ total: 42 });
  expect(event.content).toBe(event.content);
});

test('content that nobody asks for is not decoded', () => {
  const event = new RecordedEvent(wire({ content: Buffer.from('no BSON') }));
  expect(event.sequenceNumber).toBe(7);
  expect(() => event.content).toThrow();
});

test('JSON content is parsed', () => {
  expect(new RecordedEvent(wire({ content: Buffer.from('{"a":[1]}'), contentType: 1 })).content).toEqual({ a: [1] });
});

test('an event that always holds is valid from the minimum date', () => {
  expect(new RecordedEvent(wire()).validFrom.toISOString()).toBe('0001-01-01T00:00:00.000Z');
});

test('for JSON.stringify: every field, dates as ISO 8601, content as JSON has it', () => {
  const origin = {
    store: 's',
    namespace: 'n',
    sequence: 'outbox',
    sequenceNumber: 3,
    recorded: 500,
    link: 'l',
    hops: 1,
  };
  const content = Buffer.from(serialize({ at: new Date(0), big: 2n ** 60n }));
  expect(JSON.parse(JSON.stringify(new RecordedEvent(wire({ origin, content, validFrom: 3_000 }))))).toMatchObject({
    sequenceNumber: 7,
    eventId: 'e-7',
    type: 'OrderPlaced',
    tags: ['eu'],
    occurred: '1970-01-01T00:00:01.000Z',
    recorded: '1970-01-01T00:00:02.000Z',
    validFrom: '1970-01-01T00:00:03.000Z',
    origin: { sequenceNumber: 3, recorded: '1970-01-01T00:00:00.500Z' },
    content: expect.objectContaining({ at: expect.anything() }),
  });
});
