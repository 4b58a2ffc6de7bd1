/**
 * Bad input, over the wire: each is answered with a typed error that names the field and the limit, and the server
 * lives on with nothing lost.
 */
import * as grpc from '@grpc/grpc-js';
import { BSON } from 'bson';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { LIMITS, MAX_DATE_MS, MAX_MESSAGE_BYTES, MIN_DATE_MS } from '../src/kernel/limits';
import { awaitFact } from './support/await-fact';
import { compensate, redact } from './support/change-calls';
import { serve, type ServedHere } from './support/in-process-server';
import {
  event,
  events,
  freshSequence,
  json,
  numbersOf,
  range,
  refusal,
  type AppendRequest,
  type NewEvent,
  type RawClient,
  type SequenceRef,
} from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

const { INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE, PERMISSION_DENIED, RESOURCE_EXHAUSTED } = grpc.status;

let database: ReplicaSet;
let here: ServedHere;
let client: RawClient;
let sequence: SequenceRef;
/** Something that was recorded before the bad input, and a subscriber that follows. */
let kept: NewEvent;
let follower: ReturnType<RawClient['subscribe']>;

beforeAll(async () => {
  database = await startReplicaSet();
  here = await serve(database.url);
  ({ client } = here);
});
afterAll(async () => {
  await here.stop();
  await database.stop();
});

beforeEach(async () => {
  sequence = freshSequence();
  kept = event();
  await client.appended({ sequence, events: [kept] });
  follower = client.subscribe({ sequence });
});

/** After each: the server appends and reads, the subscriber gets it, nothing is lost and nothing came in. */
afterEach(async () => {
  const after = event();
  const { lastSequenceNumber } = await client.appended({ sequence, events: [after] });
  const log = await client.read({ sequence });
  expect(numbersOf(log)).toEqual(range(0, lastSequenceNumber + 1));
  expect([log[0]?.eventId, log.at(-1)?.eventId]).toEqual([kept.eventId, after.eventId]);
  await awaitFact('the subscriber has all', () => follower.events.length > lastSequenceNumber);
  expect(follower.numbers()).toEqual(range(0, lastSequenceNumber + 1));
  follower.cancel();
});

const only = async (): Promise<void> => expect(numbersOf(await client.read({ sequence }))).toEqual([0]);

/** The refusal of an append of one event with these fields; nothing is recorded. */
async function refusalOfEvent(fields: NewEvent) {
  const refused = await refusal(client.append({ sequence, events: [event(fields)] }));
  await only();
  return refused;
}

describe('names outside the rules', () => {
  const BAD = [
    'Upper',
    '-hyphen',
    'under_score',
    'a/b',
    'a.b',
    'ü',
    'x'.repeat(LIMITS.nameLength + 1),
    'a\0',
    'a\n',
    ' ',
    '$x',
  ];

  it.each(BAD)('%j as store, namespace or sequence is INVALID_NAME in every call', async (bad) => {
    for (const part of ['store', 'namespace', 'sequence'] as const) {
      const ref = { ...sequence, [part]: bad };
      const wanted = { status: INVALID_ARGUMENT, code: 'INVALID_NAME', field: `sequence.${part}` };
      expect(await refusal(client.append({ sequence: ref, events: [event()] }))).toMatchObject(wanted);
      expect(await refusal(client.read({ sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(client.tail({ sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(client.getEvent({ sequence: ref, sequenceNumber: 0 }))).toMatchObject(wanted);
      expect(await refusal(client.serverStream('Subscribe', { sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(compensate(client, { sequence: ref, sequenceNumber: 0 }))).toMatchObject(wanted);
      expect(await refusal(redact(client, { sequence: ref, sequenceNumber: 0 }))).toMatchObject(wanted);
    }
    const ensure = await refusal(client.ensure({ store: bad }));
    expect(ensure).toMatchObject({ code: 'INVALID_NAME', field: 'store' });
    const second = await refusal(client.ensure({ store: 'good', namespaces: ['good', bad] }));
    expect(second).toMatchObject({ code: 'INVALID_NAME', field: 'namespaces[1]' });
    const list = await refusal(client.listSequences({ store: bad }));
    expect(list).toMatchObject({ code: 'INVALID_NAME', field: 'store' });
  });

  it('tells the limit and how long the name was', async () => {
    const store = 'x'.repeat(1_000);
    expect(await refusal(client.ensure({ store }))).toMatchObject({
      metadata: { limit: String(LIMITS.nameLength), actual: '1000' },
    });
  });

  it('an empty store cannot be made, and not too many namespaces at once', async () => {
    expect(await refusal(client.ensure({}))).toMatchObject({ code: 'INVALID_NAME', field: 'store' });
    const namespaces = range(0, LIMITS.namespacesPerEnsure + 1).map((i) => `n${i}`);
    expect(await refusal(client.ensure({ store: 'many', namespaces }))).toMatchObject({
      code: 'INVALID_FIELD',
      field: 'namespaces',
      metadata: { limit: String(LIMITS.namespacesPerEnsure), actual: String(namespaces.length) },
    });
    expect((await client.listStores()).stores.map(({ name }) => name)).not.toContain('many');
  });
});

describe('a store or namespace that is not there', () => {
  it('is UNKNOWN_STORE or UNKNOWN_NAMESPACE in every call, and is not made by it', async () => {
    const cases = [
      {
        ref: { store: 'nowhere' },
        wanted: { status: NOT_FOUND, code: 'UNKNOWN_STORE', metadata: { store: 'nowhere' } },
      },
      {
        ref: { namespace: 'nobody' },
        wanted: { status: NOT_FOUND, code: 'UNKNOWN_NAMESPACE', metadata: { store: 'default', namespace: 'nobody' } },
      },
    ];
    for (const { ref, wanted } of cases) {
      expect(await refusal(client.append({ sequence: ref, events: [event()] }))).toMatchObject(wanted);
      expect(await refusal(client.read({ sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(client.tail({ sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(client.getEvent({ sequence: ref, eventId: 'x' }))).toMatchObject(wanted);
      expect(await refusal(client.serverStream('Subscribe', { sequence: ref }))).toMatchObject(wanted);
      expect(await refusal(client.listSequences(ref))).toMatchObject(wanted);
      expect(await refusal(compensate(client, { sequence: ref, sequenceNumber: 0 }))).toMatchObject(wanted);
      expect(await refusal(redact(client, { sequence: ref, sequenceNumber: 0 }))).toMatchObject(wanted);
    }
    const { stores } = await client.listStores();
    expect(stores.map(({ name }) => name)).not.toContain('nowhere');
  });

  it('made after it was asked for is found', async () => {
    const store = `late-${sequence.sequence ?? ''}`.slice(0, LIMITS.nameLength);
    await refusal(client.append({ sequence: { store }, events: [event()] }));
    await client.ensure({ store });
    await client.appended({ sequence: { store }, events: [event()] });
  });
});

describe('what is too large', () => {
  /** JSON content whose BSON has exactly so many bytes. */
  const ofBsonSize = (bytes: number): Buffer => {
    const overhead = BSON.calculateObjectSize({ text: '' });
    return json({ text: 'x'.repeat(bytes - overhead) });
  };
  const bson = (content: Buffer): Buffer => Buffer.from(BSON.serialize(JSON.parse(content.toString()) as object));

  it('content of 1 MiB as BSON is recorded, in either content type; one byte more is CONTENT_TOO_LARGE', async () => {
    const fits = ofBsonSize(LIMITS.contentBytes);
    const over = ofBsonSize(LIMITS.contentBytes + 1);
    const wanted = {
      status: INVALID_ARGUMENT,
      code: 'CONTENT_TOO_LARGE',
      field: 'events[0].content',
      metadata: expect.objectContaining({ limit: String(LIMITS.contentBytes) }),
    };
    expect(await refusalOfEvent({ content: over })).toMatchObject(wanted);
    expect(await refusalOfEvent({ content: bson(over), contentType: 'CONTENT_TYPE_BSON' })).toMatchObject(wanted);
    const { lastSequenceNumber } = await client.appended({
      sequence,
      events: [event({ content: fits }), event({ content: bson(fits), contentType: 'CONTENT_TYPE_BSON' })],
    });
    for (const sequenceNumber of [1, 2]) {
      const found = await client.getEvent({ sequence, sequenceNumber });
      expect(found.event?.content.equals(fits)).toBe(true);
    }
    expect(lastSequenceNumber).toBe(2);
  });

  it('a call of 2,001 events is CALL_TOO_LARGE', async () => {
    const call = client.append({ sequence, events: events(LIMITS.eventsPerAppend + 1) });
    expect(await refusal(call)).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'CALL_TOO_LARGE',
      field: 'events',
      metadata: { limit: String(LIMITS.eventsPerAppend), actual: String(LIMITS.eventsPerAppend + 1) },
    });
    await only();
  });

  it('a call of over 16 MiB is CALL_TOO_LARGE, and one far over is turned away by gRPC itself', async () => {
    const content = ofBsonSize(1_000_000);
    const over = Math.ceil(LIMITS.appendBytes / 1_000_000);
    expect(await refusal(client.append({ sequence, events: events(over, { content }) }))).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'CALL_TOO_LARGE',
      field: 'events',
      metadata: expect.objectContaining({ limit: String(LIMITS.appendBytes) }),
    });
    const farOver = Math.ceil(MAX_MESSAGE_BYTES / 1_000_000) + 2;
    const far = await refusal(client.append({ sequence, events: events(farOver, { content }) }));
    expect(far.status).toBe(RESOURCE_EXHAUSTED);
    await only();
  });

  it('a call just under 16 MiB is recorded whole', async () => {
    const content = ofBsonSize(1_000_000);
    const { lastSequenceNumber } = await client.appended({ sequence, events: events(16, { content }) });
    expect(lastSequenceNumber).toBe(16);
  });

  it.each<[string, NewEvent, string, number]>([
    ['a type', { type: 'x'.repeat(LIMITS.eventTypeLength + 1) }, 'type', LIMITS.eventTypeLength],
    [
      'a source',
      { eventSourceId: 'x'.repeat(LIMITS.eventSourceIdLength + 1) },
      'event_source_id',
      LIMITS.eventSourceIdLength,
    ],
    [
      'a correlation id',
      { correlationId: 'x'.repeat(LIMITS.metadataIdLength + 1) },
      'correlation_id',
      LIMITS.metadataIdLength,
    ],
    [
      'a causation id',
      { causationId: 'x'.repeat(LIMITS.metadataIdLength + 1) },
      'causation_id',
      LIMITS.metadataIdLength,
    ],
    ['an identity', { causedBy: 'x'.repeat(LIMITS.metadataIdLength + 1) }, 'caused_by', LIMITS.metadataIdLength],
    ['a tag', { tags: ['fits', 'x'.repeat(LIMITS.tagLength + 1)] }, 'tags[1]', LIMITS.tagLength],
    ['the list of tags', { tags: range(0, LIMITS.tagsPerEvent + 1).map(String) }, 'tags', LIMITS.tagsPerEvent],
  ])('%s over its limit is INVALID_FIELD with the limit', async (_, fields, field, limit) => {
    expect(await refusalOfEvent(fields)).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'INVALID_FIELD',
      field: `events[0].${field}`,
      metadata: { limit: String(limit), actual: String(limit + 1) },
    });
  });

  it('too many expectations, filters, or values in a filter are INVALID_FIELD', async () => {
    const values = range(0, LIMITS.valuesPerFilter + 1).map(String);
    const expectations = range(0, LIMITS.expectationsPerAppend + 1).map(() => ({ filter: {} }));
    const appends: [AppendRequest, string][] = [
      [{ expectations }, 'expectations'],
      [{ expectations: [{ filter: { types: values } }] }, 'expectations[0].filter.types'],
      [{ expectations: [{ filter: {} }, { filter: { tags: values } }] }, 'expectations[1].filter.tags'],
    ];
    for (const [request, field] of appends) {
      const call = client.append({ sequence, events: [event()], ...request });
      expect(await refusal(call)).toMatchObject({ status: INVALID_ARGUMENT, code: 'INVALID_FIELD', field });
    }
    const filters = range(0, LIMITS.filtersPerRead + 1).map(() => ({}));
    expect(await refusal(client.read({ sequence, filters }))).toMatchObject({
      code: 'INVALID_FIELD',
      field: 'filters',
    });
    const long = { sequence, filters: [{ eventSourceIds: values }] };
    const wanted = { code: 'INVALID_FIELD', field: 'filters[0].event_source_ids' };
    expect(await refusal(client.read(long))).toMatchObject(wanted);
    expect(await refusal(client.tail(long))).toMatchObject(wanted);
    expect(await refusal(client.serverStream('Subscribe', long))).toMatchObject(wanted);
    await only();
  });
});

describe('content that cannot come back the same', () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  it.each([
    ['a duplicate key', '{"a":1,"a":1}'],
    ['a duplicate key deep inside', '{"x":[{"a":1,"b":2,"a":3}]}'],
    ['a duplicate key, once with an escape', '{"a":1,"\\u0061":2}'],
    ['NaN', '{"n":NaN}'],
    ['Infinity', '{"n":-Infinity}'],
    ['a number that is infinite', '{"n":1e999}'],
    [`depth over ${LIMITS.contentDepth}`, nested(LIMITS.contentDepth + 1)],
    ['depth without end', '['.repeat(100_000)],
    ['NUL in a key', '{"a\\u0000b":1}'],
    ['half a surrogate pair', '{"a":"\\ud800"}'],
    ['no object', '[1]'],
    ['a bare value', '1'],
    ['two objects', '{}{}'],
    ['an object that does not end', '{"a":1'],
    ['a comma too many', '{"a":1,}'],
    ['white space only', '  '],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
  ])('%s is INVALID_CONTENT', async (_, text) => {
    expect(await refusalOfEvent({ content: Buffer.from(text) })).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'INVALID_CONTENT',
      field: 'events[0].content',
    });
  });

  it.each([
    ['bytes after the document', Buffer.concat([BSON.serialize({}), Buffer.of(0)])],
    ['a length that is wrong', Buffer.from([6, 0, 0, 0, 0])],
    ['an unknown type', Buffer.from([8, 0, 0, 0, 0x7e, 0x61, 0, 0])],
    ['a duplicate key', Buffer.from([19, 0, 0, 0, 0x10, 0x61, 0, 1, 0, 0, 0, 0x10, 0x61, 0, 2, 0, 0, 0, 0])],
    ['depth over the limit', Buffer.from(BSON.serialize(JSON.parse(nested(LIMITS.contentDepth + 1)) as object))],
    ['nothing', Buffer.alloc(0)],
    ['garbage', Buffer.from('not BSON at all')],
  ])('BSON with %s is INVALID_CONTENT', async (_, content) => {
    expect(await refusalOfEvent({ content, contentType: 'CONTENT_TYPE_BSON' })).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'INVALID_CONTENT',
      field: 'events[0].content',
    });
  });

  const texts = [
    '{"$set":{"a.b":1},"$where":"x","a.b.c":2}',
    '{"__proto__":{"polluted":true},"constructor":1,"toString":null}',
    '{"":{"":""}}',
    '{"$oid":"not an id","$date":7}',
    '{"b":1,"a":2,"10":3,"9":4}',
    nested(LIMITS.contentDepth),
  ];
  it.each(texts)('but keys that MongoDB or JavaScript treat specially come back the same: %s', async (text) => {
    const sent = [
      event({ content: Buffer.from(text) }),
      // The same as BSON, with the keys in the order of the text.
      event({ content: await asBson(text), contentType: 'CONTENT_TYPE_BSON' }),
    ];
    await client.appended({ sequence, events: sent });
    const asJson = (await client.read({ sequence, from: 1 })).map(({ content }) => content.toString());
    expect(asJson).toEqual([text, text]);
    const [first, second] = await client.read({ sequence, from: 1, contentType: 'CONTENT_TYPE_BSON' });
    expect(first?.content).toEqual(second?.content);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  /** What the server itself makes of a JSON text, read back as BSON through a sequence of its own. */
  async function asBson(text: string): Promise<Buffer> {
    const aside = freshSequence();
    await client.appended({ sequence: aside, events: [event({ content: Buffer.from(text) })] });
    const [found] = await client.read({ sequence: aside, contentType: 'CONTENT_TYPE_BSON' });
    return found?.content ?? Buffer.alloc(0);
  }
});

describe('event ids and the like', () => {
  it('an empty event id, type or source is INVALID_FIELD', async () => {
    for (const [fields, field] of [
      [{ eventId: '' }, 'event_id'],
      [{ type: '' }, 'type'],
      [{ eventSourceId: '' }, 'event_source_id'],
      [{ tags: ['a', ''] }, 'tags[1]'],
    ] as const) {
      const refused = await refusalOfEvent(fields as NewEvent);
      expect(refused).toMatchObject({ status: INVALID_ARGUMENT, code: 'INVALID_FIELD', field: `events[0].${field}` });
    }
  });

  it('an event id of 200 characters of any kind is fine, 201 are not', async () => {
    const fine = ['x'.repeat(LIMITS.eventIdLength), '😀'.repeat(LIMITS.eventIdLength), ' \t\n\0"\\$.', 'ünïcödé 事件'];
    await client.appended({ sequence, events: fine.map((eventId) => event({ eventId })) });
    for (const [i, eventId] of fine.entries()) {
      const found = await client.getEvent({ sequence, eventId });
      expect(found.event).toMatchObject({ eventId, sequenceNumber: i + 1 });
    }
    for (const character of ['x', '😀']) {
      const eventId = character.repeat(LIMITS.eventIdLength + 1);
      const call = client.append({ sequence, events: [event({ eventId })] });
      expect(await refusal(call)).toMatchObject({
        code: 'INVALID_FIELD',
        field: 'events[0].event_id',
        metadata: { limit: '200', actual: '201', unit: 'characters' },
      });
    }
  });

  it('the same event id twice in one call is DUPLICATE_EVENT_ID_IN_CALL', async () => {
    const twice = event();
    const call = client.append({ sequence, events: [event(), twice, event(), twice] });
    expect(await refusal(call)).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'DUPLICATE_EVENT_ID_IN_CALL',
      field: 'events[3].event_id',
    });
    await only();
  });

  it('a call without events is INVALID_FIELD', async () => {
    expect(await refusal(client.append({ sequence }))).toMatchObject({ code: 'INVALID_FIELD', field: 'events' });
    expect(await refusal(client.append({}))).toMatchObject({ code: 'INVALID_FIELD', field: 'events' });
  });

  it('generation 1 and 0, the latest, are recorded as 1; generation 2 is UNKNOWN_GENERATION', async () => {
    await client.appended({ sequence, events: [event({ generation: 0 }), event({ generation: 1 })] });
    const log = await client.read({ sequence, from: 1 });
    expect(log.map(({ generation, contentGeneration }) => [generation, contentGeneration])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(await refusal(client.append({ sequence, events: [event({ generation: 2 })] }))).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'UNKNOWN_GENERATION',
      field: 'events[0].generation',
      metadata: { limit: '1', actual: '2' },
    });
  });

  it('an append to system is RESERVED_SEQUENCE', async () => {
    const call = client.append({ sequence: { sequence: 'system' }, events: [event()] });
    expect(await refusal(call)).toMatchObject({
      status: PERMISSION_DENIED,
      code: 'RESERVED_SEQUENCE',
      field: 'sequence.sequence',
    });
  });

  it('an expectation ahead of the tail is EXPECTATION_AHEAD_OF_TAIL', async () => {
    const call = client.append({ sequence, events: [event()], expectations: [{ filter: {}, lastSeen: 1 }] });
    expect(await refusal(call)).toMatchObject({
      status: OUT_OF_RANGE,
      code: 'EXPECTATION_AHEAD_OF_TAIL',
      field: 'expectations[0].last_seen',
      metadata: { actual: '1', tail: '0' },
    });
  });

  it('a number above 2^53 is INVALID_FIELD, in appends and in reads', async () => {
    const huge = '18446744073709551615';
    const expectations = [{ filter: {}, lastSeen: huge }];
    const append = await refusal(client.append({ sequence, events: [event()], expectations }));
    expect(append).toMatchObject({ code: 'INVALID_FIELD', field: 'expectations[0].last_seen' });
    for (const field of ['from', 'to', 'limit'] as const) {
      const read = await refusal(client.read({ sequence, [field]: huge }));
      expect(read).toMatchObject({ code: 'INVALID_FIELD', field });
    }
    const get = await refusal(client.getEvent({ sequence, sequenceNumber: huge }));
    expect(get).toMatchObject({ code: 'INVALID_FIELD', field: 'sequence_number' });
    for (const change of [compensate, redact]) {
      const refused = await refusal(change(client, { sequence, sequenceNumber: huge }));
      expect(refused).toMatchObject({ code: 'INVALID_FIELD', field: 'sequence_number' });
    }
  });
});

describe('dates', () => {
  const timestamp = (ms: number) => ({
    seconds: Math.floor(ms / 1_000),
    nanos: (ms - Math.floor(ms / 1_000) * 1_000) * 1e6,
  });

  it.each(['occurred', 'validFrom'] as const)(
    '%s from 0001-01-01 to 9999-12-31 comes back; outside is DATE_OUT_OF_RANGE',
    async (field) => {
      const inside = [MIN_DATE_MS + 1, -1, 0, 1, MAX_DATE_MS];
      await client.appended({ sequence, events: inside.map((ms) => event({ [field]: timestamp(ms) })) });
      const log = await client.read({ sequence, from: 1 });
      expect(log.map((recorded) => recorded[field])).toEqual(inside.map(timestamp));
      const wire = field === 'occurred' ? 'occurred' : 'valid_from';
      for (const ms of [MIN_DATE_MS - 1, MAX_DATE_MS + 1, -(2 ** 60), 2 ** 60]) {
        const call = client.append({ sequence, events: [event({ [field]: timestamp(ms) })] });
        expect(await refusal(call)).toMatchObject({
          status: INVALID_ARGUMENT,
          code: 'DATE_OUT_OF_RANGE',
          field: `events[0].${wire}`,
          metadata: expect.objectContaining({ minimum: String(MIN_DATE_MS), maximum: String(MAX_DATE_MS) }),
        });
      }
    },
  );

  it.each([-1, 1_000_000_000])('nanos of %d are INVALID_FIELD', async (nanos) => {
    expect(await refusalOfEvent({ occurred: { seconds: 1, nanos } })).toMatchObject({
      code: 'INVALID_FIELD',
      field: 'events[0].occurred.nanos',
    });
  });
});

/** A length-delimited protobuf field. */
const field = (number: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  if (bytes.length > 127) throw new Error('one byte of length is enough here');
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
};
const BROKEN = Buffer.from([0x61, 0xff, 0x62]);
const refBytes = () => field(1, field(3, sequence.sequence ?? ''));

describe('invalid UTF-8', () => {
  const newEvent = (...extra: Buffer[]): Buffer =>
    field(2, Buffer.concat([field(2, 'noted'), field(4, 'source'), field(11, '{}'), ...extra]));

  it.each([
    ['event_id', 1],
    ['type', 2],
    ['event_source_id', 4],
    ['tags', 5],
    ['correlation_id', 6],
    ['causation_id', 7],
    ['caused_by', 8],
  ])('in events[0].%s of an append is INVALID_UTF8', async (name, number) => {
    const call = client.unary('EventSequences', 'Append', Buffer.concat([refBytes(), newEvent(field(number, BROKEN))]));
    expect(await refusal(call)).toMatchObject({
      status: INVALID_ARGUMENT,
      code: 'INVALID_UTF8',
      field: expect.stringMatching(new RegExp(`^events\\[0\\]\\.${name}`)),
    });
    await only();
  });

  it.each([
    ['sequence.store', () => Buffer.concat([field(1, field(1, BROKEN)), newEvent()])],
    ['sequence.namespace', () => Buffer.concat([field(1, field(2, BROKEN)), newEvent()])],
    ['sequence.sequence', () => Buffer.concat([field(1, field(3, BROKEN)), newEvent()])],
    [
      'expectations[0].filter.types',
      () => Buffer.concat([refBytes(), newEvent(), field(3, field(1, field(1, BROKEN)))]),
    ],
    [
      'expectations[0].filter.event_source_ids',
      () => Buffer.concat([refBytes(), newEvent(), field(3, field(1, field(2, BROKEN)))]),
    ],
    [
      'expectations[0].filter.tags',
      () => Buffer.concat([refBytes(), newEvent(), field(3, field(1, field(3, BROKEN)))]),
    ],
    [
      'expectations[0].filter.correlation_id',
      () => Buffer.concat([refBytes(), newEvent(), field(3, field(1, field(4, BROKEN)))]),
    ],
  ])('in %s of an append is INVALID_UTF8', async (name, request) => {
    const refused = await refusal(client.unary('EventSequences', 'Append', request()));
    expect(refused).toMatchObject({ code: 'INVALID_UTF8', field: name });
    await only();
  });

  it.each([
    ['a value', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['a key', Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong form', Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ])('in %s of JSON content is INVALID_UTF8', async (_, content) => {
    expect(await refusalOfEvent({ content })).toMatchObject({ code: 'INVALID_UTF8', field: 'events[0].content' });
  });

  it('in BSON content is INVALID_UTF8', async () => {
    const content = Buffer.from(BSON.serialize({ text: 'abc' }));
    content[content.indexOf('abc')] = 0xff;
    const refused = await refusalOfEvent({ content, contentType: 'CONTENT_TYPE_BSON' });
    expect(refused).toMatchObject({ code: 'INVALID_UTF8', field: 'events[0].content' });
  });

  it.each<['EventSequences' | 'Stores', string, () => Buffer]>([
    ['EventSequences', 'Read', () => Buffer.concat([refBytes(), field(6, field(1, BROKEN))])],
    ['EventSequences', 'Subscribe', () => Buffer.concat([refBytes(), field(4, field(3, BROKEN))])],
    ['EventSequences', 'GetEvent', () => Buffer.concat([refBytes(), field(3, BROKEN)])],
    ['EventSequences', 'GetTail', () => Buffer.concat([refBytes(), field(2, field(4, BROKEN))])],
    ['EventSequences', 'ListSequences', () => field(1, BROKEN)],
    // What a client wrote itself, in content, is none of the broken text.
    ['EventSequences', 'Compensate', () => Buffer.concat([refBytes(), field(7, '{"a":"\ufffd"}'), field(14, BROKEN)])],
    ['EventSequences', 'Redact', () => Buffer.concat([refBytes(), field(5, BROKEN)])],
    ['Stores', 'Ensure', () => field(1, BROKEN)],
  ])('in a request of %s.%s is INVALID_UTF8', async (service, method, request) => {
    const streams = ['Read', 'Subscribe'].includes(method);
    const call = streams ? client.serverStream(method, request()) : client.unary(service, method, request());
    expect(await refusal(call)).toMatchObject({ status: INVALID_ARGUMENT, code: 'INVALID_UTF8' });
  });
});

describe('bytes that are not the message of the call', () => {
  const MALFORMED: [string, Buffer][] = [
    ['a length beyond the end', Buffer.of(0x12, 0x7f, 0x00)],
    ['a varint without end', Buffer.of(0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['field number 0', Buffer.of(0x02, 0x00)],
    ['an unknown wire type', Buffer.of(0x0f)],
    ['text', Buffer.from('GET / HTTP/1.1')],
  ];
  it.each(MALFORMED)('%s in an append is MALFORMED_REQUEST', async (_, bytes) => {
    const refused = await refusal(client.unary('EventSequences', 'Append', bytes));
    expect(refused).toMatchObject({ status: INVALID_ARGUMENT, code: 'MALFORMED_REQUEST' });
    await only();
  });

  it.each([
    ['EventSequences', 'Read'],
    ['EventSequences', 'Subscribe'],
    ['EventSequences', 'GetEvent'],
    ['EventSequences', 'GetTail'],
    ['EventSequences', 'ListSequences'],
    ['EventSequences', 'Compensate'],
    ['EventSequences', 'Redact'],
    ['Stores', 'Ensure'],
  ] as const)('in a request of %s.%s it is MALFORMED_REQUEST', async (service, method) => {
    const bytes = Buffer.of(0x0f);
    const streams = ['Read', 'Subscribe'].includes(method);
    const call = streams ? client.serverStream(method, bytes) : client.unary(service, method, bytes);
    expect(await refusal(call)).toMatchObject({ status: INVALID_ARGUMENT, code: 'MALFORMED_REQUEST' });
  });

  it('an unknown content type is INVALID_FIELD', async () => {
    const bytes = Buffer.concat([
      refBytes(),
      field(2, Buffer.concat([field(2, 't'), field(4, 's'), field(11, '{}'), Buffer.of(0x60, 9)])),
    ]);
    const refused = await refusal(client.unary('EventSequences', 'Append', bytes));
    expect(refused).toMatchObject({ code: 'INVALID_FIELD', field: 'events[0].content_type' });
  });

  it('fields of a later version of the contract are passed over', async () => {
    const request = Buffer.concat([
      refBytes(),
      field(
        2,
        Buffer.concat([field(2, 'noted'), field(4, 'source'), field(11, '{}'), Buffer.of(0xfa, 0x3f, 0x01, 0x78)]),
      ),
      Buffer.of(0xfa, 0x3f, 0x01, 0x78),
    ]);
    await client.unary('EventSequences', 'Append', request);
    expect(await client.tail({ sequence })).toBe(1);
  });
});

describe('on an AppendStream', () => {
  /** The answers to what is sent in one message, by request id; or the error that ended the stream. */
  async function answersTo(message: Buffer | object, count: number): Promise<Map<number, string> | grpc.ServiceError> {
    return new Promise((resolve) => {
      const answers = new Map<number, string>();
      const stream = client.appendStream();
      stream.on('data', ({ results }: { results: { requestId: number; failure?: { code: string } | null }[] }) => {
        for (const { requestId, failure } of results) answers.set(requestId, failure?.code ?? 'recorded');
        if (answers.size === count) {
          stream.end();
          resolve(answers);
        }
      });
      stream.on('error', (error: grpc.ServiceError) => resolve(error));
      stream.write(message);
    });
  }

  it('one bad append fails alone, with the same details as in a call of its own', async () => {
    const good = { requestId: 1, append: { sequence, events: [event()] } };
    const bad = { requestId: 2, append: { sequence, events: [event({ type: '' })] } };
    const unknown = { requestId: 3, append: { sequence: { store: 'nowhere' }, events: [event()] } };
    const answers = await answersTo({ items: [good, bad, unknown] }, 3);
    expect(answers).toEqual(
      new Map([
        [1, 'recorded'],
        [2, 'INVALID_FIELD'],
        [3, 'UNKNOWN_STORE'],
      ]),
    );
  });

  it('one malformed append fails alone', async () => {
    const item = (requestId: number, append: Buffer) =>
      field(1, Buffer.concat([Buffer.of(0x08, requestId), field(2, append)]));
    const good = Buffer.concat([refBytes(), field(2, Buffer.concat([field(2, 't'), field(4, 's'), field(11, '{}')]))]);
    const answers = await answersTo(Buffer.concat([item(1, Buffer.of(0x12, 0x7f)), item(2, good)]), 2);
    expect(answers).toEqual(
      new Map([
        [1, 'MALFORMED_REQUEST'],
        [2, 'recorded'],
      ]),
    );
  });

  it('a message that is malformed as a whole ends the stream with MALFORMED_REQUEST', async () => {
    const ended = await answersTo(Buffer.of(0x0a, 0x7f), 1);
    expect(ended).toMatchObject({ code: INVALID_ARGUMENT, details: expect.stringContaining('MALFORMED_REQUEST') });
  });

  it('more appends in one message than its limit end the stream with INVALID_FIELD', async () => {
    const items = range(0, LIMITS.appendsPerMessage + 1).map((requestId) => ({ requestId }));
    const ended = await answersTo({ items }, 1);
    expect(ended).toMatchObject({ code: INVALID_ARGUMENT, details: expect.stringContaining('INVALID_FIELD') });
  });
});

describe('garbage on the port', () => {
  async function socket(): Promise<{ socket: Socket; closed: () => boolean }> {
    const [host, port] = here.server.address.split(':');
    const connection = connectTcp({ host: host ?? '', port: Number(port) });
    let gone = false;
    connection.on('close', () => (gone = true));
    connection.on('error', () => undefined);
    connection.resume();
    await once(connection, 'connect');
    return { socket: connection, closed: () => gone };
  }

  it.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['TLS', Buffer.from('16030100f1010000ed0303', 'hex')],
    ['bytes without meaning', Buffer.from(range(0, 4_096).map((i) => (i * 31) % 256))],
    [
      'a frame of HTTP/2 that cannot be',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(64, 0xff)]),
    ],
  ])('%s: the connection ends, the server goes on', async (_, bytes) => {
    const { socket: connection, closed } = await socket();
    connection.write(bytes);
    await awaitFact('the server hangs up', closed);
  });

  it('many connections that begin to speak HTTP/2 and stop in the middle cost others nothing', async () => {
    const half = await Promise.all(range(0, 50).map(() => socket()));
    for (const { socket: connection } of half) connection.write('PRI * HTTP/2.0\r\n\r\nSM');
    await client.appended({ sequence, events: [event()] });
    for (const { socket: connection } of half) connection.destroy();
  });

  it.each([
    ['a path that is none', { ':path': '/', 'content-type': 'application/grpc' }],
    ['another content type', { ':path': '/annals.v1.EventSequences/Append', 'content-type': 'text/plain' }],
    ['another method', { ':path': '/annals.v1.EventSequences/Append', ':method': 'GET' }],
  ])('an HTTP/2 request with %s is answered, not with data', async (_, headers) => {
    const session = connectHttp2(`http://${here.server.address}`);
    const stream = session.request({ ':method': 'POST', ...headers });
    stream.on('error', () => undefined);
    stream.end();
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(answer['grpc-status'] === '0').toBe(false);
    session.destroy();
  });

  it('a message whose gRPC prefix promises more than it may have is turned away before it has come', async () => {
    const session = connectHttp2(`http://${here.server.address}`);
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/annals.v1.EventSequences/Append',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    let status: unknown;
    stream.on('response', (headers) => (status ??= headers['grpc-status']));
    stream.on('trailers', (headers) => (status ??= headers['grpc-status']));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(0xffff_fff0, 1);
    stream.write(prefix);
    stream.resume();
    await awaitFact('it is answered', () => status !== undefined);
    expect(Number(status)).toBe(RESOURCE_EXHAUSTED);
    session.destroy();
  });
});
