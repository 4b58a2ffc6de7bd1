import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import {
  decodeAppendRequest,
  decodeAppendResponse,
  decodeAppendStreamRequest,
  decodeAppendStreamResponse,
  encodeAppendRequest,
  encodeAppendResponse,
  encodeAppendStreamRequest,
  encodeAppendStreamResponse,
} from './append-codec';
import { appendRequests, appendResponses, appendStreamItems, appendStreamResults } from './arbitrary-messages.testing';
import {
  genericAppendRequest,
  genericAppendResponse,
  genericAppendStreamResult,
  genericCodec,
} from './generic-messages.testing';
import type { AppendRequest, NewEvent } from './messages';
import { ProtoWriter } from './wire/proto-writer';

const append = genericCodec('Append');
const stream = genericCodec('AppendStream');

const event = (over: Partial<NewEvent> = {}): NewEvent => ({
  eventId: 'e-1',
  type: 'OrderPlaced',
  generation: 1,
  eventSourceId: 'order-1',
  tags: [],
  correlationId: '',
  causationId: '',
  causedBy: '',
  traceParent: '',
  occurred: undefined,
  validFrom: undefined,
  content: Buffer.from('{}'),
  contentType: 1,
  ...over,
});

const request = (over: Partial<AppendRequest> = {}): AppendRequest => ({
  sequence: { store: 'shop', namespace: '', sequence: 'event-log' },
  events: [event()],
  expectations: [],
  ...over,
});

const errorOf = (act: () => unknown): AnnalsError => {
  try {
    act();
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('the hand-written codec of appends agrees with the general one', () => {
  test('an AppendRequest written by hand is read by the general one', () => {
    fc.assert(
      fc.property(appendRequests, (value) => {
        expect(append.requestDeserialize(encodeAppendRequest(value))).toEqual(genericAppendRequest(value));
      }),
    );
  });

  test('an AppendRequest written by the general one is read by hand', () => {
    fc.assert(
      fc.property(appendRequests, (value) => {
        expect(decodeAppendRequest(append.requestSerialize(genericAppendRequest(value)))).toEqual(value);
      }),
    );
  });

  test('an AppendStreamRequest, both ways', () => {
    fc.assert(
      fc.property(fc.array(appendRequests, { maxLength: 3 }), (requests) => {
        const items = requests.map((value, requestId) => ({ requestId, append: encodeAppendRequest(value) }));
        const generic = {
          items: requests.map((value, requestId) => ({ requestId, append: genericAppendRequest(value) })),
        };
        expect(stream.requestDeserialize(encodeAppendStreamRequest(items))).toEqual(generic);
        const read = decodeAppendStreamRequest(stream.requestSerialize(generic));
        expect(read.map((item) => decodeAppendRequest(item.append))).toEqual(requests);
        expect(read.map((item) => item.requestId)).toEqual(items.map((item) => item.requestId));
      }),
    );
  });

  test('an AppendStreamRequest keeps every append byte for byte', () => {
    fc.assert(
      fc.property(appendStreamItems, (items) => {
        expect(decodeAppendStreamRequest(encodeAppendStreamRequest(items))).toEqual(items);
      }),
    );
  });

  test('an AppendResponse, both ways', () => {
    fc.assert(
      fc.property(appendResponses, (value) => {
        const generic = genericAppendResponse(value);
        expect(append.responseDeserialize(encodeAppendResponse(value))).toEqual(generic);
        expect(decodeAppendResponse(append.responseSerialize(generic))).toEqual(value);
      }),
    );
  });

  test('an AppendStreamResponse, both ways', () => {
    fc.assert(
      fc.property(appendStreamResults, (results) => {
        const generic = { results: results.map(genericAppendStreamResult) };
        expect(stream.responseDeserialize(encodeAppendStreamResponse(results))).toEqual(generic);
        expect(decodeAppendStreamResponse(stream.responseSerialize(generic))).toEqual(results);
      }),
    );
  });
});

describe('bytes that are no request are refused and nothing worse', () => {
  const decoders = { decodeAppendRequest, decodeAppendResponse, decodeAppendStreamRequest, decodeAppendStreamResponse };

  test.each(Object.entries(decoders))('%s throws an AnnalsError or reads any bytes', (_name, decode) => {
    const soundOrRefused = (bytes: Uint8Array) => {
      try {
        decode(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(AnnalsError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), soundOrRefused), { numRuns: 1000 });
  });

  test('a request with one byte changed is read or refused, and one cut short is refused or shorter', () => {
    const whole = encodeAppendRequest(
      request({
        expectations: [{ filter: { types: ['A'], eventSourceIds: [], tags: ['t'], correlationId: 'c' }, lastSeen: 7 }],
      }),
    );
    const soundOrRefused = (bytes: Buffer) => {
      try {
        decodeAppendRequest(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(AnnalsError);
      }
    };
    for (let i = 0; i < whole.length; i++) {
      soundOrRefused(whole.subarray(0, i));
      for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(whole);
        changed[i] = byte;
        soundOrRefused(changed);
      }
    }
  });

  test('a request that ends in the middle of a field is MALFORMED_REQUEST', () => {
    const whole = encodeAppendRequest(request());
    expect(errorOf(() => decodeAppendRequest(whole.subarray(0, whole.length - 1))).code).toBe('MALFORMED_REQUEST');
  });

  test('text that is no UTF-8 is INVALID_UTF8 and names its field', () => {
    const whole = encodeAppendRequest(request({ events: [event(), event({ type: 'TYPE-HERE' })] }));
    whole[whole.indexOf('TYPE-HERE')] = 0xff;
    expect(errorOf(() => decodeAppendRequest(whole))).toMatchObject({ code: 'INVALID_UTF8', field: 'events[1].type' });
  });

  test('a replacement character that the caller sent is text like any other', () => {
    const sent = request({ events: [event({ type: 'a\ufffdb' })] });
    expect(decodeAppendRequest(encodeAppendRequest(sent))).toEqual(sent);
  });

  test('a number above 2^53 - 1 is INVALID_FIELD and names its field', () => {
    const writer = new ProtoWriter();
    const expectation = writer.open(3);
    writer.presentUint(2, 2 ** 53);
    writer.close(expectation);
    const error = errorOf(() => decodeAppendRequest(writer.finish()));
    expect(error).toMatchObject({ code: 'INVALID_FIELD', field: 'expectations[0].last_seen' });
  });

  test.each([-1, 1_000_000_000])('a timestamp with %i nanoseconds is INVALID_FIELD', (nanos) => {
    const writer = new ProtoWriter();
    const message = writer.open(2);
    const occurred = writer.open(9);
    writer.int(2, nanos);
    writer.close(occurred);
    writer.close(message);
    const error = errorOf(() => decodeAppendRequest(writer.finish()));
    expect(error).toMatchObject({ code: 'INVALID_FIELD', field: 'events[0].occurred.nanos' });
  });

  test('an unknown content type is INVALID_FIELD', () => {
    const bytes = append.requestSerialize({ events: [{ contentType: 9 }] });
    expect(errorOf(() => decodeAppendRequest(bytes))).toMatchObject({ field: 'events[0].content_type' });
  });

  test('a call of more events than the limit is CALL_TOO_LARGE with their number', () => {
    const events = Array.from({ length: LIMITS.eventsPerAppend + 5 }, () => event());
    expect(errorOf(() => decodeAppendRequest(encodeAppendRequest(request({ events }))))).toMatchObject({
      code: 'CALL_TOO_LARGE',
      field: 'events',
      metadata: { limit: '2000', actual: '2005' },
    });
  });

  test('lists are cut off at their limits while decoding', () => {
    const tags = Array.from({ length: LIMITS.tagsPerEvent + 3 }, (_, i) => `t${i}`);
    expect(
      errorOf(() => decodeAppendRequest(encodeAppendRequest(request({ events: [event({ tags })] })))),
    ).toMatchObject({
      field: 'events[0].tags',
      metadata: { actual: '35' },
    });
    const items = Array.from({ length: LIMITS.appendsPerMessage + 1 }, (_, requestId) => ({
      requestId,
      append: Buffer.alloc(0),
    }));
    expect(errorOf(() => decodeAppendStreamRequest(encodeAppendStreamRequest(items)))).toMatchObject({
      field: 'items',
    });
  });
});

describe('what a newer or another protobuf writer may send', () => {
  test('unknown fields of every wire type are passed over', () => {
    const unknown = Buffer.from([
      ...[0xa0, 0x06, 0x96, 0x01], // field 100, a number
      ...[0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8], // field 100, eight bytes
      ...[0xa2, 0x06, 0x02, 0x61, 0x62], // field 100, bytes
      ...[0xa3, 0x06, 0x08, 0x01, 0x0b, 0x0c, 0xa4, 0x06], // field 100, a group with a number and a group in it
      ...[0xa5, 0x06, 1, 2, 3, 4], // field 100, four bytes
    ]);
    const value = request();
    const known = encodeAppendRequest(value);
    expect(decodeAppendRequest(Buffer.concat([unknown, known, unknown]))).toEqual(value);
  });

  test('fields come in any order and the last of a scalar counts', () => {
    const writer = new ProtoWriter();
    const message = writer.open(2);
    writer.string(11, 'content');
    writer.string(2, 'First');
    writer.string(2, 'Second');
    writer.close(message);
    const ref = writer.open(1);
    writer.string(1, 'shop');
    writer.close(ref);
    const read = decodeAppendRequest(writer.finish());
    expect(read.sequence.store).toBe('shop');
    expect(read.events[0]?.type).toBe('Second');
  });

  test('a known field with another wire type is unknown', () => {
    const writer = new ProtoWriter();
    const message = writer.open(2);
    writer.presentUint(2, 5);
    writer.close(message);
    expect(decodeAppendRequest(writer.finish()).events[0]?.type).toBe('');
  });
});
