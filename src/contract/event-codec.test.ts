import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { few, optional, sequenceNumbers, wireEvents } from './arbitrary-messages.testing';
import { decodeEvent, decodeGetEventResponse, decodeReadResponse, decodeSubscribeResponse } from './event-codec';
import { genericCodec, genericEvent, genericMessage } from './generic-messages.testing';
import { ProtoWriter } from './wire/proto-writer';

describe('the hand-written decoder of events agrees with the general serializer', () => {
  test('an Event by itself', () => {
    fc.assert(
      fc.property(wireEvents, (event) => {
        expect(decodeEvent(genericMessage('Event').serialize(genericEvent(event)))).toEqual(event);
      }),
    );
  });

  test('a ReadResponse', () => {
    fc.assert(
      fc.property(few(wireEvents), optional(sequenceNumbers), (events, position) => {
        const bytes = genericCodec('Read').responseSerialize({
          events: events.map(genericEvent),
          ...(position === undefined ? {} : { position }),
        });
        expect(decodeReadResponse(bytes)).toEqual({ events, position, state: 0 });
      }),
    );
  });

  test('a SubscribeResponse', () => {
    fc.assert(
      fc.property(few(wireEvents), sequenceNumbers, fc.constantFrom(0, 1, 2), (events, next, state) => {
        const bytes = genericCodec('Subscribe').responseSerialize({ events: events.map(genericEvent), next, state });
        expect(decodeSubscribeResponse(bytes)).toEqual({ events, position: next, state });
      }),
    );
  });

  test('a GetEventResponse, with its event and without', () => {
    fc.assert(
      fc.property(optional(wireEvents), (event) => {
        const bytes = genericCodec('GetEvent').responseSerialize(
          event === undefined ? {} : { event: genericEvent(event) },
        );
        expect(decodeGetEventResponse(bytes)).toEqual(event);
      }),
    );
  });
});

test('any bytes are read or refused with an AnnalsError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of [decodeEvent, decodeReadResponse, decodeSubscribeResponse, decodeGetEventResponse]) {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AnnalsError);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('content is a slice of the message and not a copy', () => {
  const [event] = fc.sample(wireEvents, 1).map((sample) => ({ ...sample, content: Buffer.from('content') }));
  if (event === undefined) throw new Error('no sample');
  const bytes = genericMessage('Event').serialize(genericEvent(event));
  expect(decodeEvent(bytes).content.buffer).toBe(bytes.buffer);
});

test('an ordinary event shares what it has none of with every other', () => {
  const bytes = genericMessage('Event').serialize({ sequenceNumber: 7, eventId: 'e' });
  const [one, other] = [decodeEvent(bytes), decodeEvent(bytes)];
  expect(one).toMatchObject({ announcement: undefined, redaction: undefined, notCast: '' });
  expect([one.tags, one.compensations, one.generations]).toEqual([[], [], []]);
  expect(other.compensations).toBe(one.compensations);
  expect(other.generations).toBe(one.generations);
});

test('an announcement of a later version’s kind is of none that is known here', () => {
  const writer = new ProtoWriter();
  const announcement = writer.open(17);
  writer.uint(1, 9);
  writer.close(announcement);
  expect(decodeEvent(writer.finish()).announcement?.kind).toBe(0);
});
