/** What readers get of a log on which things have happened to events: from the database, from the ring, in pages and live. */
import { MongoClient, type Db } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { decodeReadResponse, decodeSubscribeResponse } from '../contract/event-codec';
import { ContentType, type EventFilter, type WireEvent } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { EventSource } from '../observation/event-source';
import { partitionKey } from '../observation/partition-key';
import { ensureEventCollection } from '../storage/event-collections';
import type { AnnouncementKind, EventDraft } from '../storage/event-document';
import { documentAs, eventDraft, firstGeneration } from '../storage/event-draft.testing';
import { insertEvents } from '../storage/insert-events';
import { fromDraft } from './log-event';
import { latestContent } from './presentation';
import { readRange, type ReadOptions } from './reader';
import { typeOf, typesOf } from './stored-event.testing';
import { Subscription } from './subscription';
import { Tail } from './tail';

const NAME = 'read';
const COLLECTION = `sequence+${NAME}`;

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let types: TypesOfStore;

const draft = (number: number, announces?: [AnnouncementKind, number], type = 'a'): EventDraft =>
  eventDraft({
    eventId: `e-${number}`,
    type,
    eventSourceId: `s-${number % 3}`,
    tags: number % 2 === 0 ? ['even'] : [],
    contents: firstGeneration({ n: number }),
    ...(announces === undefined
      ? {}
      : { announces: { kind: announces[0], sequenceNumber: announces[1], reason: 'because' } }),
  });

/** The log: announcements at 3, 4, 9 and 12 (about `b`), and where a constraint came into force at 5. */
const DRAFTS: readonly EventDraft[] = Array.from({ length: 14 }, (_, number) => {
  if (number === 3) return draft(3, ['compensation', 0]);
  if (number === 4) return draft(4, ['compensation', 0]);
  if (number === 5) return draft(5, ['constraint', 0], '$ConstraintInForce');
  if (number === 9) return draft(9, ['redaction', 7]);
  if (number === 12) return draft(12, ['compensation', 11], 'b');
  return draft(number, undefined, number === 11 ? 'b' : 'a');
});
const EVENTS = [0, 1, 2, 6, 7, 8, 10, 11, 13];
const WITH_ANNOUNCEMENTS = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13];

const documents = DRAFTS.map((of, number) => documentAs(number, of));

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  db = client.db('annals+test+default');
  await ensureEventCollection(db, NAME);
  await insertEvents(db, COLLECTION, documents);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});
beforeEach(() => {
  types = typesOf([]);
});

const filter = (over: Partial<EventFilter> = {}): EventFilter => ({
  types: [],
  eventSourceIds: [],
  tags: [],
  correlationId: undefined,
  ...over,
});
const EVERYTHING = [filter({ announcements: true })];

const place = () => ({ db, collection: COLLECTION, types: () => types, loadTypes: async () => Promise.resolve(types) });
const content = latestContent(ContentType.BSON);

async function read(over: Partial<ReadOptions> = {}): Promise<{ events: WireEvent[]; last: number | undefined }> {
  const options = { from: undefined, to: undefined, backwards: false, limit: 0, filters: [], content, ...over };
  const events: WireEvent[] = [];
  let last: number | undefined;
  for await (const message of readRange(place(), options)) {
    // A message's bytes are used again for the next one.
    const batch = decodeReadResponse(Buffer.from(message));
    events.push(...batch.events);
    last = batch.position;
  }
  return { events, last };
}

const numbers = (events: readonly { sequenceNumber: number }[]): number[] =>
  events.map(({ sequenceNumber }) => sequenceNumber);

describe('a read', () => {
  it('gets events alone, and announcements when it asks for them; never where a constraint came into force', async () => {
    expect(numbers((await read()).events)).toEqual(EVENTS);
    const all = await read({ filters: EVERYTHING });
    expect(numbers(all.events)).toEqual(WITH_ANNOUNCEMENTS);
    expect(all.events.find(({ sequenceNumber }) => sequenceNumber === 9)?.announcement).toEqual({
      kind: 2,
      sequenceNumber: 7,
      reason: 'because',
    });
    expect(
      numbers((await read({ filters: [filter({ types: ['$ConstraintInForce'], announcements: true })] })).events),
    ).toEqual([]);
  });

  it('gets the announcements that match a filter which asks for them, and no others', async () => {
    const filters = [filter({ types: ['b'], announcements: true }), filter({ types: ['a'] })];
    expect(numbers((await read({ filters })).events)).toEqual([...EVENTS, 12].sort((a, b) => a - b));
    const even = [filter({ tags: ['even'], announcements: true })];
    expect(numbers((await read({ filters: even })).events)).toEqual([0, 2, 4, 6, 8, 10, 12]);
  });

  it('backwards gets the same', async () => {
    expect(numbers((await read({ backwards: true })).events)).toEqual([...EVENTS].reverse());
    expect(numbers((await read({ backwards: true, filters: EVERYTHING })).events)).toEqual(
      [...WITH_ANNOUNCEMENTS].reverse(),
    );
  });

  it.each([1, 2, 3, 4, 5, 8, 9, 20])('with a limit of %i gets so many, whatever it has passed over', async (limit) => {
    expect(numbers((await read({ limit })).events)).toEqual(EVENTS.slice(0, limit));
    expect(numbers((await read({ limit, from: 3 })).events)).toEqual(EVENTS.slice(3, 3 + limit));
    expect(numbers((await read({ limit, backwards: true })).events)).toEqual([...EVENTS].reverse().slice(0, limit));
  });

  it('of announcements alone is told how far it got', async () => {
    expect(await read({ from: 3, to: 5 })).toEqual({ events: [], last: 5 });
  });

  it('that finds a number missing says so and delivers nothing behind it, with announcements too', async () => {
    await ensureEventCollection(db, 'damaged');
    const collection = 'sequence+damaged';
    await insertEvents(
      db,
      collection,
      documents.filter((_, number) => number !== 4),
    );
    for (const filters of [[], EVERYTHING]) {
      const options = { from: 0, to: undefined, backwards: false, limit: 0, filters, content };
      const damaged = (async () => {
        for await (const _ of readRange({ ...place(), collection }, options));
      })();
      await expect(damaged).rejects.toThrow('event 4 is missing');
    }
  });
});

/** A tail that knows the log up to `next`, and has of it in memory what begins at `from`. */
function tailAt(from: number, next: number): Tail {
  const tail = new Tail(db, COLLECTION);
  const events = DRAFTS.map((of, number) => fromDraft(number, of, documents[number] as Buffer));
  tail.publish(events.slice(0, next));
  // What is kept begins later.
  if (from > 0) tail.ring.forget(from - 1);
  return tail;
}

async function follow(
  tail: Tail,
  filters: readonly EventFilter[],
  from = 0,
): Promise<{ numbers: number[]; next: number }> {
  const subscription = new Subscription({ ...place(), tail }, { from, filters, content });
  const found: number[] = [];
  const end = new AbortController();
  for await (const message of subscription.messages(end.signal)) {
    const { events, position, state } = decodeSubscribeResponse(Buffer.from(message));
    found.push(...numbers(events));
    if (state === 1) return { numbers: found, next: position ?? 0 };
  }
  throw new Error('it ended');
}

describe('a subscription', () => {
  it.each([
    ['the database', 14],
    ['the ring', 0],
    ['one and then the other', 8],
  ])('gets the same from %s', async (_, from) => {
    expect(await follow(tailAt(from, 14), [])).toEqual({ numbers: EVENTS, next: 14 });
    expect(await follow(tailAt(from, 14), EVERYTHING)).toEqual({ numbers: WITH_ANNOUNCEMENTS, next: 14 });
  });

  it('shares what is kept with others, until the types are others', async () => {
    const tail = tailAt(0, 14);
    const generationAt = async () => {
      const subscription = new Subscription({ ...place(), tail }, { from: 13, filters: [], content });
      for await (const message of subscription.messages(new AbortController().signal)) {
        return decodeSubscribeResponse(Buffer.from(message)).events[0]?.contentGeneration;
      }
      throw new Error('it ended');
    };
    expect(await generationAt()).toBe(1);
    types = typesOf([typeOf('a', 2)], 2);
    expect(await generationAt()).toBe(2);
    types = typesOf([typeOf('a', 3)], 3);
    expect(await generationAt()).toBe(3);
  });
});

describe('what an observer is delivered', () => {
  const source = (tail: Tail, filters: readonly EventFilter[], over = {}) =>
    new EventSource({
      sequence: { ...place(), tail },
      filters,
      content: { ...content, ...over },
      partitionOf: partitionKey({ kind: 'source' }),
    });

  it.each([
    ['the database', 14],
    ['the ring', 0],
  ])('is the same from %s: events, and announcements if it asks for them', async (_, from) => {
    const tail = tailAt(from, 14);
    const plain = await source(tail, []).read(0, 13);
    expect([plain.events.map(({ number }) => number), plain.next]).toEqual([EVENTS, 14]);
    const all = await source(tail, EVERYTHING).read(0, 13);
    expect(all.events.map(({ number }) => number)).toEqual(WITH_ANNOUNCEMENTS);
    // An announcement is in the partition of the event that it is about.
    expect(all.events.find(({ number }) => number === 3)?.partition).toBe('s-0');
    // The place moves on past what is not delivered.
    expect(await source(tail, []).read(3, 5)).toEqual({ events: [], next: 6 });
  });

  it('comes in the generation that it names, from the ring as from the database', async () => {
    types = typesOf([typeOf('a', 3)]);
    for (const from of [0, 14]) {
      const frames = await source(tailAt(from, 14), [], { wanted: () => 2, allGenerations: true }).read(0, 0);
      const [event] = decodeReadResponse(frames.events[0]?.frame ?? Buffer.alloc(0)).events;
      expect(event).toMatchObject({ contentGeneration: 2, notCast: '', generations: [{ generation: 1 }] });
    }
  });
});
