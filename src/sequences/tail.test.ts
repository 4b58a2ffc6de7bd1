/** The tail as this server knows it, where no database is needed: what it takes of its own commits. */
import { MongoClient } from 'mongodb';
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
