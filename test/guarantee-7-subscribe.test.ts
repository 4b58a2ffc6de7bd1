/**
 * Guarantee 7, as far as a subscriber that keeps its own offset is concerned: it receives exactly the events from its
 * number on that match its filter, in order, with no gap and no repeat over catch-up, live, slow, and a server killed.
 */
import { BSON } from 'bson';
import { LIMITS } from '../src/kernel/limits';
import { TUNING } from '../src/sequences/tuning';
import { startAnnals } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import {
  event,
  events,
  freshSequence,
  json,
  parsed,
  range,
  RawClient,
  refusalOf,
  type EventFilter,
  type NewEvent,
  type SequenceRef,
} from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

const caughtUp = ({ states }: { readonly states: readonly string[] }): boolean => states.includes('CAUGHT_UP');

describe('catch-up and live', () => {
  it('what was recorded before and what is recorded later comes once and in order, and caught_up is told once', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(LIMITS.eventsPerAppend) });
    const follower = servers.a.subscribe({ sequence });
    await awaitFact('it has caught up', () => caughtUp(follower));
    expect(follower.events).toHaveLength(LIMITS.eventsPerAppend);
    for (const i of range(0, 30)) await servers.either(i).appended({ sequence, events: [event()] });
    await awaitFact('it has all', () => follower.events.length >= LIMITS.eventsPerAppend + 30);
    expect(follower.numbers()).toEqual(range(0, LIMITS.eventsPerAppend + 30));
    expect(follower.states).toEqual(['CAUGHT_UP']);
    expect(follower.next()).toBe(LIMITS.eventsPerAppend + 30);
    follower.cancel();
  });

  it('subscribing at any moment of a stream of appends misses nothing and repeats nothing', async () => {
    const sequence = freshSequence();
    const followers = range(0, 20).map(() => ({ following: servers.a.subscribe({ sequence: freshSequence() }) }));
    for (const [i, follower] of followers.entries()) {
      follower.following.cancel();
      const appended = servers.either(i).appended({ sequence, events: events(1 + (i % 4)) });
      follower.following = servers.either(i + 1).subscribe({ sequence });
      await appended;
    }
    const tail = (await servers.a.tail({ sequence })) ?? 0;
    for (const { following } of followers) {
      await awaitFact('it has all', () => following.events.length > tail);
      expect(following.numbers()).toEqual(range(0, tail + 1));
      following.cancel();
    }
  });

  it('an event arrives whole, in JSON and in BSON, live as from the database', async () => {
    const sequence = freshSequence();
    const content = {
      text: 'Grüße 𝄞',
      n: 1.5,
      nested: { list: [1, null, true], '': 'empty key', $dollar: { 'a.b': 1 } },
    };
    const sent: NewEvent = {
      eventId: 'whole',
      type: 'typed',
      eventSourceId: 'source',
      tags: ['one', 'two'],
      correlationId: 'operation',
      causationId: 'cause',
      causedBy: 'me',
      occurred: { seconds: -1, nanos: 500_000_000 },
      validFrom: { seconds: 253_402_300_799, nanos: 999_000_000 },
      content: json(content),
    };
    const live = [
      servers.a.subscribe({ sequence, contentType: 'CONTENT_TYPE_JSON' }),
      servers.a.subscribe({ sequence, contentType: 'CONTENT_TYPE_BSON' }),
    ];
    for (const follower of live) await awaitFact('it is live', () => caughtUp(follower));
    const { recorded } = await servers.a.appended({ sequence, events: [sent] });
    // The other server has not seen the event pass and reads it.
    const read = [
      servers.b.subscribe({ sequence }),
      servers.b.subscribe({ sequence, contentType: 'CONTENT_TYPE_BSON' }),
    ];
    for (const follower of [...live, ...read]) await awaitFact('the event is there', () => follower.events.length > 0);

    for (const [i, follower] of [...live, ...read].entries()) {
      const { content: _, ...metadata } = sent;
      expect(follower.events).toMatchObject([
        { ...metadata, recorded, sequenceNumber: 0, generation: 1, origin: null },
      ]);
      const bytes = follower.events[0]?.content ?? Buffer.alloc(0);
      expect(i % 2 === 0 ? JSON.parse(bytes.toString()) : BSON.deserialize(bytes)).toEqual(content);
      expect(follower.events[0]?.contentType).toBe(i % 2 === 0 ? 'CONTENT_TYPE_JSON' : 'CONTENT_TYPE_BSON');
      follower.cancel();
    }
  });

  it('defaults are told: no causation, no identity, valid always, a correlation id of its own for the call', async () => {
    const sequence = freshSequence();
    const before = Math.floor(Date.now() / 1_000);
    await servers.a.appended({ sequence, events: events(2) });
    const [first, second] = await servers.a.read({ sequence });
    expect(first).toMatchObject({ causationId: '', causedBy: '', validFrom: null, tags: [] });
    expect(first?.correlationId).not.toBe('');
    expect(second?.correlationId).toBe(first?.correlationId);
    expect(first?.occurred?.seconds).toBeGreaterThanOrEqual(before);
  });
});

describe('where a subscription starts', () => {
  let sequence: SequenceRef;
  beforeEach(async () => {
    sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(10) });
  });

  it('at a number, inclusive', async () => {
    const follower = servers.b.subscribe({ sequence, from: 7 });
    await awaitFact('it has caught up', () => caughtUp(follower));
    expect(follower.numbers()).toEqual([7, 8, 9]);
    follower.cancel();
  });

  it('with only_new behind the tail of this moment', async () => {
    for (const client of [servers.a, servers.b]) {
      const follower = client.subscribe({ sequence, onlyNew: true });
      await awaitFact('it is live', () => caughtUp(follower));
      const { firstSequenceNumber } = await servers.a.appended({ sequence, events: [event()] });
      await awaitFact('the new event is there', () => follower.events.length > 0);
      expect(follower.numbers()).toEqual([firstSequenceNumber]);
      follower.cancel();
    }
  });

  it('beyond the tail it waits, and skips what is recorded before its number', async () => {
    const follower = servers.a.subscribe({ sequence, from: 12 });
    await awaitFact('it is live', () => caughtUp(follower));
    for (const i of range(0, 4)) await servers.either(i).appended({ sequence, events: [event()] });
    await awaitFact('it has what it wanted', () => follower.events.length >= 2);
    expect(follower.numbers()).toEqual([12, 13]);
    follower.cancel();
  });

  it('of a sequence that was never made it waits for the first event', async () => {
    const empty = freshSequence();
    const follower = servers.b.subscribe({ sequence: empty, filters: [{ eventSourceIds: ['a'] }] });
    await awaitFact('it is live', () => caughtUp(follower));
    await servers.a.appended({ sequence: empty, events: [event({ eventSourceId: 'a' })] });
    await awaitFact('the event is there', () => follower.events.length > 0);
    expect(follower.numbers()).toEqual([0]);
    follower.cancel();
  });

  it('next is where a subscription goes on after each response, also when nothing matched', async () => {
    const follower = servers.a.subscribe({ sequence, filters: [{ types: ['nothing'] }] });
    await awaitFact('it has caught up', () => caughtUp(follower));
    expect([follower.events.length, follower.next()]).toEqual([0, 10]);
    follower.cancel();
  });
});

describe('filters select the same from the database and live', () => {
  const shop: NewEvent[] = [
    { type: 'placed', eventSourceId: 'order-1', tags: ['eu', 'gift'], correlationId: 'x' },
    { type: 'paid', eventSourceId: 'order-1', tags: ['eu'], correlationId: 'x' },
    { type: 'placed', eventSourceId: 'order-2', tags: [], correlationId: 'y' },
    { type: 'paid', eventSourceId: 'order-2', tags: ['gift', 'us'], correlationId: 'y' },
    { type: 'cancelled', eventSourceId: 'order-3', tags: ['us', 'eu', 'gift'], correlationId: 'x' },
  ];
  it.each<[string, EventFilter[], number[]]>([
    ['types', [{ types: ['placed', 'cancelled'] }], [0, 2, 4]],
    ['event sources', [{ eventSourceIds: ['order-1', 'order-3'] }], [0, 1, 4]],
    ['all of the tags', [{ tags: ['gift', 'eu'] }], [0, 4]],
    ['correlation id', [{ correlationId: 'y' }], [2, 3]],
    ['an empty correlation id, which no event has', [{ correlationId: '' }], []],
    ['every part of one filter', [{ types: ['placed', 'paid'], eventSourceIds: ['order-1'], tags: ['eu'] }], [0, 1]],
    ['any of several filters', [{ types: ['cancelled'] }, { eventSourceIds: ['order-2'], types: ['paid'] }], [3, 4]],
    ['one empty filter among several: everything', [{ types: ['cancelled'] }, {}], [0, 1, 2, 3, 4]],
  ])('by %s', async (_, filters, wanted) => {
    const sequence = freshSequence();
    const live = [servers.a.subscribe({ sequence, filters }), servers.b.subscribe({ sequence, filters })];
    for (const follower of live) await awaitFact('it is live', () => caughtUp(follower));
    for (const fields of shop) await servers.a.appended({ sequence, events: [event(fields)] });
    const late = servers.b.subscribe({ sequence, filters });
    await awaitFact('the late one has caught up', () => caughtUp(late));
    expect(late.numbers()).toEqual(wanted);
    // An event that everybody wants ends the wait for what nobody must get.
    const end = event({ type: 'cancelled', eventSourceId: 'order-1', tags: ['eu', 'gift'], correlationId: 'y' });
    await servers.a.appended({ sequence, events: [end] });
    const selected = (await servers.a.read({ sequence, filters })).map(({ sequenceNumber }) => sequenceNumber);
    for (const follower of live) {
      await awaitFact('it has what it wants', () => follower.events.length >= selected.length);
      expect(follower.numbers()).toEqual(selected);
      follower.cancel();
    }
    late.cancel();
  });
});

describe('a subscriber that is slow', () => {
  const BIG = json({ text: 'x'.repeat(500_000) });

  it('is told that it fell behind and that it has caught up again, and misses nothing', async () => {
    const sequence = freshSequence();
    const follower = servers.a.subscribe({ sequence });
    const other = servers.a.subscribe({ sequence });
    await awaitFact('both are live', () => caughtUp(follower) && caughtUp(other));
    follower.pause();
    // More than twice what is kept in memory, and more than the messages that a paused client of grpc-js takes in all the
    // same (sixteen, and some on the wire), so that neither can hold it.
    const count = Math.ceil((2.5 * TUNING.ringBytes + 40 * TUNING.frameBytes) / BIG.length);
    for (const _ of range(0, count)) await servers.a.appended({ sequence, events: [event({ content: BIG })] });
    await awaitFact('the other one has all', () => other.events.length >= count);
    expect(other.states).toEqual(['CAUGHT_UP']);

    follower.resume();
    await awaitFact('it has all', () => follower.events.length >= count && follower.states.length >= 3);
    expect(follower.numbers()).toEqual(range(0, count));
    expect(follower.states).toEqual(['CAUGHT_UP', 'FELL_BEHIND', 'CAUGHT_UP']);
    await servers.b.appended({ sequence, events: [event()] });
    await awaitFact('it is live again', () => follower.events.length > count);
    follower.cancel();
    other.cancel();
  });
});

describe('a server that goes away', () => {
  it('killed while a subscriber follows: on from next, through the next server, there is no gap and no repeat', async () => {
    const sequence = freshSequence();
    const first = await startAnnals({ mongodb: servers.database.url });
    const client = new RawClient(first.address);
    const follower = client.subscribe({ sequence });
    await awaitFact('it is live', () => caughtUp(follower));
    const writing = (async () => {
      for (const i of range(0, 60)) await servers.either(i).appended({ sequence, events: events(2) });
    })();
    await awaitFact('it has seen some', () => follower.events.length > 10);
    await first.kill9();
    await awaitFact('it is told', () => follower.error() !== undefined);
    const second = await startAnnals({ mongodb: servers.database.url });
    const other = new RawClient(second.address);
    const { next } = follower;
    const resumed = other.subscribe({ sequence, from: next() ?? 0 });
    await writing;
    const total = 120;
    await awaitFact('both together have all', () => follower.events.length + resumed.events.length >= total);
    expect([...follower.numbers(), ...resumed.numbers()]).toEqual(range(0, total));
    client.close();
    other.close();
    await second.kill9();
  });

  it('a subscriber that cancels leaves nothing behind that would hold up a stop', async () => {
    const sequence = freshSequence();
    const follower = servers.a.subscribe({ sequence });
    await awaitFact('it is live', () => caughtUp(follower));
    follower.cancel();
    await awaitFact('it has ended', () => follower.error() !== undefined);
    expect(refusalOf(follower.error()).code).toBeUndefined();
    await servers.a.appended({ sequence, events: [event()] });
    expect(follower.events).toEqual([]);
  });
});

it('content that JSON cannot hold as it is comes as it was sent to a subscriber of either type', async () => {
  const sequence = freshSequence();
  const text = '{"big":9007199254740993,"neg":-0,"__proto__":{"x":1},"$set":{"a.b":1},"":""}';
  await servers.a.appended({ sequence, events: [event({ content: Buffer.from(text) })] });
  const follower = servers.b.subscribe({ sequence });
  await awaitFact('the event is there', () => follower.events.length > 0);
  expect(follower.events[0]?.content.toString()).toBe(text);
  expect(follower.events.map(parsed)).toHaveLength(1);
  follower.cancel();
});
