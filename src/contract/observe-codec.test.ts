import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { few, optional, sequenceNumbers, wireEvents } from './arbitrary-messages.testing';
import { genericEvent, genericMessage } from './generic-messages.testing';
import {
  decodeObserveRequest,
  decodeObserveResponse,
  encodeAcknowledgements,
  encodeDeliveries,
  encodeHeartbeat,
  encodeLeave,
  encodeRegister,
  encodeRegistered,
  encodeServerHeartbeat,
  type AcknowledgementMessage,
  type IncomingDelivery,
} from './observe-codec';
import { messageCodec, serviceDefinition } from './services';

const observe = serviceDefinition('Observers')['Observe'];
if (observe === undefined) throw new Error('the contract has no Observe');
const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = observe;

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'grapheme', minLength: 30, maxLength: 90 }));

const deliveries: fc.Arbitrary<IncomingDelivery[]> = few(
  fc.record({
    id: sequenceNumbers,
    partition: text,
    events: few(wireEvents),
    attempt: fc.integer({ min: 1, max: 0xffff_ffff }),
    replay: fc.boolean(),
    redelivery: fc.boolean(),
  }),
);

const genericDelivery = ({ id, events, ...rest }: IncomingDelivery): object => ({
  ...rest,
  deliveryId: id,
  events: events.map(genericEvent),
});

const acknowledgements: fc.Arbitrary<AcknowledgementMessage[]> = few(
  fc.record({
    deliveryId: sequenceNumbers,
    handledThrough: optional(sequenceNumbers),
    failure: optional(fc.record({ message: text, stack: text, permanent: fc.boolean() })),
  }),
);

const genericAcknowledgement = ({ handledThrough, failure, ...rest }: AcknowledgementMessage): object => ({
  ...rest,
  ...(handledThrough === undefined ? {} : { handledThrough, _handledThrough: 'handledThrough' }),
  failure: failure ?? null,
});

/** As the server has them: the entry of field 1 of a delivery, tag and length included. */
function frameOf(event: IncomingDelivery['events'][number]): Buffer {
  const bytes = messageCodec<object>('Delivery').encode({ events: [genericEvent(event)] });
  return bytes;
}

describe('the hand-written codec agrees with the general serializer', () => {
  test('deliveries, read', () => {
    fc.assert(
      fc.property(deliveries, (list) => {
        const bytes = responseSerialize({ deliveries: list.map(genericDelivery) });
        expect(decodeObserveResponse(bytes)).toEqual({ registered: undefined, deliveries: list });
      }),
    );
  });

  test('deliveries, written: the events’ bytes are as they came', () => {
    fc.assert(
      fc.property(deliveries, (list) => {
        const outgoing = list.map((delivery) => ({
          ...delivery,
          events: delivery.events.map((event) => ({ frame: frameOf(event) })),
        }));
        const generic = responseDeserialize(responseSerialize({ deliveries: list.map(genericDelivery) }));
        expect(responseDeserialize(encodeDeliveries(outgoing))).toEqual(generic);
        expect(decodeObserveResponse(encodeDeliveries(outgoing)).deliveries).toEqual(list);
      }),
    );
  });

  test('acknowledgements, both ways', () => {
    fc.assert(
      fc.property(acknowledgements, (list) => {
        const generic = { acknowledgements: { acknowledgements: list.map(genericAcknowledgement) } };
        const bytes = requestSerialize(generic);
        expect(decodeObserveRequest(bytes)).toEqual({ kind: 'acknowledgements', acknowledgements: list });
        const written = encodeAcknowledgements(list);
        expect(decodeObserveRequest(written)).toEqual({ kind: 'acknowledgements', acknowledgements: list });
        expect(requestDeserialize(written)).toEqual(requestDeserialize(bytes));
      }),
    );
  });

  test('what is said once', () => {
    const register = genericRegister();
    expect(decodeObserveRequest(requestSerialize({ register: { clientName: 'c' } }))).toEqual({
      kind: 'register',
      bytes: register,
    });
    expect(encodeRegister(register)).toEqual(requestSerialize({ register: { clientName: 'c' } }));
    expect(encodeHeartbeat()).toEqual(requestSerialize({ heartbeat: {} }));
    expect(encodeLeave()).toEqual(requestSerialize({ leave: {} }));
    expect(decodeObserveRequest(encodeHeartbeat())).toEqual({ kind: 'heartbeat' });
    expect(decodeObserveRequest(encodeLeave())).toEqual({ kind: 'leave' });
    expect(encodeServerHeartbeat()).toEqual(responseSerialize({ heartbeat: true }));
    const registered = messageCodec<object>('Registered').encode({ clientId: 'x', position: 2 ** 40 });
    expect(encodeRegistered(registered)).toEqual(
      responseSerialize({ registered: { clientId: 'x', position: 2 ** 40 } }),
    );
    expect(decodeObserveResponse(encodeRegistered(registered))).toEqual({ registered, deliveries: [] });
  });
});

const genericRegister = (): Buffer => messageCodec<object>('Register').encode({ clientName: 'c' });

test('fields that a later version adds are passed over', () => {
  const later = Buffer.from([0x9a, 0x06, 0x02, 0x68, 0x69]); // field 99, two bytes
  const known = responseSerialize({ deliveries: [{ deliveryId: 7, partition: 'p' }] });
  expect(decodeObserveResponse(Buffer.concat([later, known])).deliveries).toMatchObject([{ id: 7, partition: 'p' }]);
  expect(decodeObserveRequest(Buffer.concat([encodeLeave(), later]))).toEqual({ kind: 'leave' });
});

test('any bytes, and any message with a byte changed, are read or refused with an AnnalsError', () => {
  const readOrRefused = (bytes: Buffer): void => {
    for (const decode of [decodeObserveRequest, decodeObserveResponse]) {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(AnnalsError);
      }
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readOrRefused(Buffer.from(bytes))),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(acknowledgements, deliveries, fc.nat(), fc.nat(255), (acks, list, at, byte) => {
      for (const bytes of [
        encodeAcknowledgements(acks),
        responseSerialize({ deliveries: list.map(genericDelivery) }),
      ]) {
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        readOrRefused(bytes);
      }
    }),
  );
});

test('an event by itself is what a delivery holds', () => {
  const [event] = fc.sample(wireEvents, 1);
  if (event === undefined) throw new Error('no sample');
  expect(frameOf(event).subarray(-genericMessage('Event').serialize(genericEvent(event)).length)).toEqual(
    genericMessage('Event').serialize(genericEvent(event)),
  );
});
