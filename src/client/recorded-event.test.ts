import { serialize } from 'bson';
import { AnnouncementKind, ContentType, type Compensation, type WireEvent } from '../contract/messages';
import { wireEvent } from '../contract/wire-event.testing';
import { RecordedEvent } from './recorded-event';

const wire = (over: Partial<WireEvent> = {}): WireEvent =>
  wireEvent({
    sequenceNumber: 7,
    eventId: 'e-7',
    type: 'OrderPlaced',
    eventSourceId: 'order-1',
    tags: ['eu'],
    occurred: 1_000,
    recorded: 2_000,
    content: Buffer.from(serialize({ total: 42 })),
    contentType: ContentType.BSON,
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

const compensation = (over: Partial<Compensation> = {}): Compensation => ({
  compensationId: 'c-1',
  generation: 1,
  correlationId: 'corr',
  causationId: '',
  causedBy: 'ada',
  occurred: 3_000,
  recorded: 4_000,
  validFrom: undefined,
  reason: 'a typing error',
  sequenceNumber: 9,
  content: Buffer.from(serialize({ total: 24 })),
  contentGeneration: 1,
  contentType: ContentType.BSON,
  notCast: '',
  generations: [],
  ...over,
});

test('an ordinary event has nothing of what happened to others, and shares its empty lists', () => {
  const event = new RecordedEvent(wire());
  expect([event.announcement, event.effectiveCompensationId, event.redaction, event.notCast]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([event.compensations, event.generations]).toEqual([[], []]);
  expect(new RecordedEvent(wire()).compensations).toBe(event.compensations);
  expect(new RecordedEvent(wire()).generations).toBe(event.generations);
  expect(Object.keys(JSON.parse(JSON.stringify(event)) as object)).toEqual([
    'sequenceNumber',
    'eventId',
    'type',
    'generation',
    'eventSourceId',
    'tags',
    'correlationId',
    'causationId',
    'causedBy',
    'contentGeneration',
    'occurred',
    'recorded',
    'content',
  ]);
});

test('an announcement says what happened to which event, and why', () => {
  const of = (kind: AnnouncementKind) =>
    new RecordedEvent(wire({ announcement: { kind, sequenceNumber: 3, reason: 'r' } })).announcement;
  expect(of(AnnouncementKind.COMPENSATION)).toEqual({ kind: 'compensation', sequenceNumber: 3, reason: 'r' });
  expect(of(AnnouncementKind.REDACTION)?.kind).toBe('redaction');
});

test('compensations and further generations are decoded when they are asked for, and once', () => {
  const event = new RecordedEvent(
    wire({
      compensations: [
        compensation({ generations: [{ generation: 2, content: Buffer.from(serialize({ cents: 24 })) }] }),
      ],
      generations: [
        { generation: 1, content: Buffer.from(serialize({ total: 42 })) },
        { generation: 2, content: Buffer.from('no BSON') },
      ],
    }),
  );
  const [first] = event.compensations;
  expect(first).toMatchObject({ compensationId: 'c-1', reason: 'a typing error', sequenceNumber: 9 });
  expect([first?.occurred, first?.recorded]).toEqual([new Date(3_000), new Date(4_000)]);
  expect(first?.validFrom.toISOString()).toBe('0001-01-01T00:00:00.000Z');
  expect(first?.content).toEqual({ total: 24 });
  expect(first?.content).toBe(first?.content);
  expect(first?.generations[0]?.content).toEqual({ cents: 24 });
  expect(event.generations.map(({ generation }) => generation)).toEqual([1, 2]);
  expect(event.generations[0]?.content).toBe(event.generations[0]?.content);
  expect(() => event.generations[1]?.content).toThrow();
});

test('for JSON.stringify: what happened to an event, where something did', () => {
  const json: unknown = JSON.parse(
    JSON.stringify(
      new RecordedEvent(
        wire({
          compensations: [compensation({ validFrom: 5_000, notCast: 'no such customer' })],
          generations: [{ generation: 1, content: Buffer.from(serialize({ total: 42 })) }],
          redaction: { reason: 'asked to', causedBy: 'ada', recorded: 6_000, sequenceNumber: 11 },
          effectiveCompensationId: 'c-1',
          notCast: 'why',
        }),
      ),
    ),
  );
  expect(json).toMatchObject({
    compensations: [
      {
        compensationId: 'c-1',
        occurred: '1970-01-01T00:00:03.000Z',
        validFrom: '1970-01-01T00:00:05.000Z',
        notCast: 'no such customer',
        content: { total: 24 },
      },
    ],
    generations: [{ generation: 1, content: { total: 42 } }],
    redaction: { reason: 'asked to', recorded: '1970-01-01T00:00:06.000Z', sequenceNumber: 11 },
    effectiveCompensationId: 'c-1',
    notCast: 'why',
  });
});
