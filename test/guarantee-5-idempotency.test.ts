/**
 * Guarantee 5: appending an event id again returns the first append's numbers, with `duplicate: true`, under any
 * expectation, however long after. The same id with another type, source or content is an error, and so is a batch of
 * which part is recorded.
 */
import { BSON, Decimal128, Int32, Long, ObjectId } from 'bson';
import { serve } from './support/in-process-server';
import {
  event,
  events,
  freshSequence,
  json,
  numbersOf,
  range,
  type NewEvent,
  type RawClient,
} from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

const bson = (value: object): Pick<NewEvent, 'content' | 'contentType'> => ({
  content: Buffer.from(BSON.serialize(value)),
  contentType: 'CONTENT_TYPE_BSON',
});

describe('the same event again', () => {
  it('returns the first numbers and time, marked as a duplicate, and records nothing', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(3) });
    const same = event();
    const first = await servers.a.appended({ sequence, events: [same] });
    await servers.a.appended({ sequence, events: events(3) });
    for (const client of [servers.a, servers.b]) {
      const again = await client.appended({ sequence, events: [same] });
      expect(again).toEqual({ ...first, duplicate: true });
      expect(again.firstSequenceNumber).toBe(3);
    }
    expect(await servers.a.tail({ sequence })).toBe(6);
  });

  it('is a duplicate after the server was stopped, through a new one', async () => {
    const sequence = freshSequence();
    const same = events(2);
    const before = await serve(servers.database.url);
    const first = await before.client.appended({ sequence, events: same });
    await before.stop();
    const after = await serve(servers.database.url);
    expect(await after.client.appended({ sequence, events: same })).toEqual({ ...first, duplicate: true });
    await after.stop();
  });

  it.each([
    ['one that its own first time broke', { filter: { eventSourceIds: ['mine'] } }],
    ['one that others have broken since', { filter: {}, lastSeen: 0 }],
    ['one ahead of the tail', { filter: {}, lastSeen: 1_000 }],
  ])('is a duplicate under any expectation: %s', async (_, expectation) => {
    const sequence = freshSequence();
    const same = event({ eventSourceId: 'mine' });
    await servers.a.appended({ sequence, events: [same] });
    await servers.a.appended({ sequence, events: events(2) });
    for (const client of [servers.a, servers.b]) {
      const again = await client.appended({ sequence, events: [same], expectations: [expectation] });
      expect(again).toMatchObject({ firstSequenceNumber: 0, duplicate: true });
    }
  });

  it('sent many times at once, through both servers, becomes one event', async () => {
    const sequence = freshSequence();
    const same = event();
    const answers = await Promise.all(
      range(0, 40).map((i) => servers.either(i).appended({ sequence, events: [same] })),
    );
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ firstSequenceNumber }) => firstSequenceNumber))).toEqual(new Set([0]));
    expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0]);
  });

  it('sent at once with an expectation that its own first time breaks is still that one event', async () => {
    const sequence = freshSequence();
    const request = { sequence, events: events(2), expectations: [{ filter: {} }] };
    const answers = await Promise.all(range(0, 20).map((i) => servers.either(i).appended(request)));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0, 1]);
  });

  it('sent at once between other appends holds up none of them', async () => {
    const sequence = freshSequence();
    const same = event();
    const answers = await Promise.all(
      range(0, 60).map((i) =>
        servers.either(i).appended({ sequence, events: i % 3 === 0 ? [same] : events(1 + (i % 2)) }),
      ),
    );
    const log = await servers.b.read({ sequence });
    expect(numbersOf(log)).toEqual(range(0, log.length));
    expect(log.filter(({ eventId }) => eventId === same.eventId)).toHaveLength(1);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(19);
  });

  it('may differ in what is only metadata, which keeps its first value', async () => {
    const sequence = freshSequence();
    const same = event({ correlationId: 'first', tags: ['first'] });
    await servers.a.appended({ sequence, events: [same] });
    const changed = { ...same, correlationId: 'second', tags: [], occurred: { seconds: 1 } };
    expect(await servers.a.appended({ sequence, events: [changed] })).toMatchObject({ duplicate: true });
    const [recorded] = await servers.a.read({ sequence });
    expect(recorded).toMatchObject({ correlationId: 'first', tags: ['first'] });
  });

  it('is another event in another sequence', async () => {
    const same = event();
    for (const sequence of [freshSequence(), freshSequence()]) {
      expect(await servers.a.appended({ sequence, events: [same] })).toMatchObject({ duplicate: false });
    }
  });
});

describe('the same id with something else', () => {
  it.each<[string, NewEvent, string]>([
    ['another type', { type: 'other' }, 'type'],
    ['another source', { eventSourceId: 'other' }, 'event_source_id'],
    ['other content', { content: json({ other: true }) }, 'content'],
    ['the same content in another order of keys', { content: json({ b: 2, a: 1 }) }, 'content'],
  ])('%s is EVENT_ID_REUSED, and the first event stays as it is', async (_, change, part) => {
    const sequence = freshSequence();
    const first = event({ content: json({ a: 1, b: 2 }) });
    await servers.a.appended({ sequence, events: [first] });
    for (const client of [servers.a, servers.b]) {
      const violations = await client.refused({ sequence, events: [{ ...first, ...change }] });
      expect(violations).toMatchObject([{ code: 'EVENT_ID_REUSED', field: `events[0].${part}`, sequenceNumber: 0 }]);
    }
    const log = await servers.b.read({ sequence });
    expect(log.map(({ content }) => content.toString())).toEqual(['{"a":1,"b":2}']);
  });

  it('of several events is told for all of them at once', async () => {
    const sequence = freshSequence();
    const batch = events(3);
    await servers.a.appended({ sequence, events: batch });
    const violations = await servers.a.refused({ sequence, events: batch.map((one) => ({ ...one, type: 'other' })) });
    expect(violations.map(({ field, sequenceNumber }) => [field, sequenceNumber])).toEqual(
      range(0, 3).map((i) => [`events[${i}].type`, i]),
    );
  });

  it('at the same time is recorded once, and the other is refused', async () => {
    const sequence = freshSequence();
    const one = event();
    const answers = await Promise.all(
      range(0, 10).map((i) => servers.either(i).append({ sequence, events: [{ ...one, type: `type ${i}` }] })),
    );
    expect(answers.filter(({ appended }) => appended)).toHaveLength(1);
    expect(answers.flatMap(({ refused }) => refused?.violations ?? []).map(({ code }) => code)).toEqual(
      Array(9).fill('EVENT_ID_REUSED'),
    );
  });
});

describe('the same content in JSON and in BSON is the same', () => {
  it.each<[string, string, object]>([
    ['an integer', '{"n":7}', { n: new Int32(7) }],
    ['an integer beyond 32 bits', '{"n":5000000000}', { n: Long.fromNumber(5e9) }],
    ['a whole double', '{"n":7}', { n: Long.fromNumber(7) }],
    ['nested', '{"a":[1,{"b":null}],"c":true}', { a: [1, { b: null }], c: true }],
    ['extended types', '{"d":{"$numberDecimal":"1.50"}}', { d: Decimal128.fromString('1.50') }],
    ['an object id', '{"o":{"$oid":"5f43a7c2e1b2a3d4c5b6a798"}}', { o: new ObjectId('5f43a7c2e1b2a3d4c5b6a798') }],
  ])('%s', async (_, text, value) => {
    const sequence = freshSequence();
    const first = event({ content: Buffer.from(text) });
    await servers.a.appended({ sequence, events: [first] });
    expect(await servers.b.appended({ sequence, events: [{ ...first, ...bson(value) }] })).toMatchObject({
      duplicate: true,
    });
  });

  it('and so is JSON with other white space', async () => {
    const sequence = freshSequence();
    const first = event({ content: json({ a: [1, 2] }) });
    await servers.a.appended({ sequence, events: [first] });
    const spaced = { ...first, content: Buffer.from('{ "a" : [ 1 ,\n2 ] }') };
    expect(await servers.a.appended({ sequence, events: [spaced] })).toMatchObject({ duplicate: true });
  });
});

describe('a batch', () => {
  it('again, whole, is a duplicate with its first numbers', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(2) });
    const batch = events(5);
    const first = await servers.a.appended({ sequence, events: batch });
    for (const client of [servers.a, servers.b]) {
      expect(await client.appended({ sequence, events: batch })).toEqual({ ...first, duplicate: true });
    }
    expect(await servers.a.tail({ sequence })).toBe(6);
  });

  it('again, many times at once, is recorded once', async () => {
    const sequence = freshSequence();
    const batch = events(10);
    const answers = await Promise.all(range(0, 20).map((i) => servers.either(i).appended({ sequence, events: batch })));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(answers.map(({ lastSequenceNumber }) => lastSequenceNumber)).toEqual(Array(20).fill(9));
    expect(await servers.a.tail({ sequence })).toBe(9);
  });

  /** A batch that was sent second, made of what was sent first and something more. */
  const partial: [string, (sent: NewEvent[], more: NewEvent[]) => NewEvent[], string[]][] = [
    ['with a new event at its end', (sent, more) => [...sent, ...more], ['events[0]', 'events[1]', 'events[2]']],
    ['with a new event before', (sent, more) => [...more, ...sent], ['events[1]', 'events[2]', 'events[3]']],
    ['in another order', ([a, b, c]) => [b, a, c].flatMap((one) => one ?? []), ['events[0]', 'events[1]', 'events[2]']],
    ['with one left out of its middle', ([a, , c]) => [a, c].flatMap((one) => one ?? []), ['events[0]', 'events[1]']],
  ];
  it.each(partial)('%s is PARTIAL_DUPLICATE, and nothing of it is recorded', async (_, change, fields) => {
    const sequence = freshSequence();
    const sent = events(3);
    await servers.a.appended({ sequence, events: sent });
    const changed = change(sent, events(1));
    for (const client of [servers.a, servers.b]) {
      const violations = await client.refused({ sequence, events: changed });
      expect(new Set(violations.map(({ code }) => code))).toEqual(new Set(['PARTIAL_DUPLICATE']));
      expect(violations.map(({ field }) => field)).toEqual(fields.map((field) => `${field}.event_id`));
    }
    expect(await servers.a.tail({ sequence })).toBe(2);
  });

  it('of ids from two batches with a stranger between them is PARTIAL_DUPLICATE', async () => {
    const sequence = freshSequence();
    const [first, second] = [events(2), events(2)];
    await servers.a.appended({ sequence, events: first });
    await servers.a.appended({ sequence, events: [event()] });
    await servers.a.appended({ sequence, events: second });
    const violations = await servers.b.refused({ sequence, events: [...first, ...second] });
    expect(violations.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0, 1, 3, 4]);
  });

  it('refused for a part that is recorded can be sent without it', async () => {
    const sequence = freshSequence();
    const [sent, more] = [event(), event()];
    await servers.a.appended({ sequence, events: [sent] });
    await servers.a.refused({ sequence, events: [sent, more] });
    expect(await servers.a.appended({ sequence, events: [more] })).toMatchObject({
      firstSequenceNumber: 1,
      duplicate: false,
    });
  });
});

describe('an event id that the server makes', () => {
  it('is told, is a UUIDv7, and makes the event a new one each time', async () => {
    const sequence = freshSequence();
    const { eventId: _, ...nameless } = event();
    const ids: string[] = [];
    for (const client of [servers.a, servers.b] as RawClient[]) {
      const { eventIds, duplicate } = await client.appended({ sequence, events: [nameless, event()] });
      expect(duplicate).toBe(false);
      expect(eventIds).toHaveLength(2);
      ids.push(...eventIds);
    }
    expect((await servers.a.read({ sequence })).map(({ eventId }) => eventId)).toEqual(ids);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(4);
  });

  it('is not told when the caller gave all ids', async () => {
    const { eventIds } = await servers.a.appended({ sequence: freshSequence(), events: events(2) });
    expect(eventIds).toEqual([]);
  });
});
