/** The tail as this server knows it: what it takes of its own commits, and of what others have committed. */
import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { ensureEventCollection } from '../storage/event-collections';
import type { AnnouncementDraft } from '../storage/event-document';
import { documentAs, eventDraft } from '../storage/event-draft.testing';
import { insertEvents } from '../storage/insert-events';
import type { LogEvent } from './log-event';
import { Tail } from './tail';

/** A client that is never connected: nothing here asks the database. */
const db = new MongoClient('mongodb://127.0.0.1:1').db('annals+test+default');

const events = (...numbers: number[]): LogEvent[] =>
  numbers.map((number) => ({
    number,
    type: 't',
    eventSourceId: 's',
    tags: [],
    correlationId: 'c',
    document: Buffer.alloc(10),
  }));

let tail: Tail;
let told: number;
beforeEach(() => {
  tail = new Tail(db, 'event-log');
  told = 0;
  tail.listen(() => told++);
});

it('moves on with each commit and tells once for all of its events', () => {
  tail.publish(events(0, 1, 2));
  expect([tail.next, told]).toEqual([3, 1]);
  expect([tail.ring.first, tail.ring.get(2)?.number]).toEqual([0, 2]);
});

it('passes over what it knows already, and takes the rest', () => {
  tail.publish(events(0, 1, 2));
  tail.publish(events(1, 2, 3));
  expect([tail.next, told]).toEqual([4, 2]);
  tail.publish(events(0, 1));
  expect([tail.next, told]).toEqual([4, 2]);
});

it('never goes past a hole: what is behind one is waited for', () => {
  tail.publish(events(0, 1));
  tail.publish(events(3, 4));
  expect([tail.next, told]).toEqual([2, 1]);
  tail.publish(events(2, 4));
  expect([tail.next, tail.ring.get(4)]).toEqual([3, undefined]);
});

it('is followed while somebody listens', () => {
  const stop = tail.listen(() => undefined);
  expect(tail.followed).toBe(true);
  stop();
  const other = new Tail(db, 'event-log');
  expect(other.followed).toBe(false);
});

it('an event of which something is announced is forgotten by the ring, and what came after it stays', () => {
  tail.publish(events(0, 1, 2, 3));
  const [fourth] = events(4);
  if (fourth === undefined) throw new Error('no event');
  tail.publish([{ ...fourth, announces: { kind: 'compensation', sequenceNumber: 1 } }]);
  expect([tail.ring.first, tail.next]).toEqual([2, 5]);
  const [fifth] = events(5);
  if (fifth === undefined) throw new Error('no event');
  // What is redacted is taken from the earlier announcement, too.
  tail.publish([{ ...fifth, announces: { kind: 'redaction', sequenceNumber: 1 } }]);
  expect([tail.ring.first, tail.ring.get(5)?.number]).toEqual([5, 5]);
});

it('where a constraint came into force nothing is forgotten', () => {
  tail.publish(events(0, 1));
  const [second] = events(2);
  if (second === undefined) throw new Error('no event');
  tail.publish([{ ...second, announces: { kind: 'constraint', sequenceNumber: 0 } }]);
  expect(tail.ring.first).toBe(0);
});

describe('what others have committed', () => {
  let database: ReplicaSet;
  let client: MongoClient;
  let serial = 0;
  beforeAll(async () => {
    database = await startReplicaSet();
    client = await MongoClient.connect(database.url);
  });
  afterAll(async () => {
    await client.close();
    await database.stop();
  });

  const stored = (number: number, announces?: AnnouncementDraft): Buffer =>
    documentAs(number, eventDraft({ eventId: `e-${number}`, ...(announces === undefined ? {} : { announces }) }));

  /** A sequence of its own, and its tail that notes where it stood when it heard of a constraint. */
  async function sequence() {
    const own = client.db('annals+test+default');
    const name = `tail-${++serial}`;
    await ensureEventCollection(own, name);
    const heardAt: number[] = [];
    const fails = { next: false };
    const of: Tail = new Tail(own, `sequence+${name}`, async () => {
      if (fails.next) throw new Error('not now');
      heardAt.push(of.next);
      return Promise.resolve();
    });
    return {
      tail: of,
      heardAt,
      fails,
      insert: async (...documents: Buffer[]) => insertEvents(own, `sequence+${name}`, documents),
    };
  }

  const fence: AnnouncementDraft = { kind: 'constraint', sequenceNumber: 0, reason: '' };

  it('is taken in with what happened to earlier events', async () => {
    const { tail: of, insert } = await sequence();
    await insert(stored(0));
    await of.load();
    await insert(stored(1), stored(2), stored(3, { kind: 'redaction', sequenceNumber: 1, reason: 'r' }));
    await of.refresh();
    expect([of.next, of.ring.first]).toEqual([4, 2]);
    expect(of.ring.get(3)?.announces).toEqual({ kind: 'redaction', sequenceNumber: 1 });
  });

  it('is not passed over before a constraint in it is heard of', async () => {
    const { tail: of, heardAt, insert } = await sequence();
    await insert(stored(0));
    await of.load();
    // Before it knew anything: there may be one in what it has not looked at.
    expect([heardAt, of.next]).toEqual([[0], 1]);
    await insert(stored(1));
    await of.refresh();
    expect([heardAt, of.next]).toEqual([[0], 2]);
    await insert(stored(2), stored(3, fence), stored(4));
    await of.refresh();
    expect([heardAt, of.next]).toEqual([[0, 2], 5]);
  });

  it('is not passed over while nobody could hear of it', async () => {
    const { tail: of, heardAt, fails, insert } = await sequence();
    await insert(stored(0));
    fails.next = true;
    await expect(of.load()).rejects.toThrow('not now');
    expect(of.next).toBe(0);
    fails.next = false;
    await of.load();
    expect([heardAt, of.next]).toEqual([[0], 1]);
    await insert(stored(1, fence));
    fails.next = true;
    await expect(of.refresh()).rejects.toThrow('not now');
    expect(of.next).toBe(1);
    fails.next = false;
    await of.refresh();
    expect([heardAt, of.next]).toEqual([[0, 1], 2]);
  });

  it('when it is more than is looked at, may have a constraint in it', async () => {
    const { tail: of, heardAt, insert } = await sequence();
    await of.load();
    await insert(...Array.from({ length: 2_001 }, (_, i) => stored(i)));
    await of.refresh();
    expect([heardAt, of.next, of.ring.first]).toEqual([[0, 0], 2_001, 2_000]);
  });
});
