/** Reading by position, against a real `mongod`. */
import { BSON, Long, MongoClient, type Db } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import type { EventFilter } from '../kernel/event-filter';
import { ensureEventCollection } from './event-collections';
import {
  decodeDocument,
  deliveredQuery,
  documentAt,
  filterQuery,
  findByEventIds,
  findEvents,
  findLast,
  isIndexed,
  selectsAll,
} from './find-events';
import type { RawEvents } from './find-events';
import { insertEvents } from './insert-events';

let database: ReplicaSet;
let client: MongoClient;
let db: Db;

const SMALL = 'sequence+small';
const LARGE = 'sequence+large';
/** Events so large that a reply of 16 MiB holds not nearly all of them. */
const LARGE_EVENTS = 40;
const LARGE_BYTES = 1_000_000;

const event = (number: number, fields: object): Buffer =>
  Buffer.from(BSON.serialize({ _id: Long.fromNumber(number), eventId: `event ${number}`, tags: [], ...fields }));

beforeAll(async () => {
  database = await startReplicaSet();
  client = new MongoClient(database.url, { monitorCommands: true });
  db = client.db('annals+test+default');
  await ensureEventCollection(db, 'small');
  await ensureEventCollection(db, 'large');
  const small = Array.from({ length: 100 }, (_, i) =>
    event(i, { eventSourceId: `source ${i % 10}`, tags: i % 2 ? ['odd'] : [] }),
  );
  await insertEvents(db, SMALL, small);
  for (let i = 0; i < LARGE_EVENTS; i += 10) {
    const batch = Array.from({ length: 10 }, (_, j) =>
      event(i + j, { eventSourceId: 's', text: 'x'.repeat(LARGE_BYTES) }),
    );
    await insertEvents(db, LARGE, batch);
  }
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const numbers = ({ bytes, starts }: RawEvents): number[] =>
  starts.map((start) => Number(decodeDocument(documentAt(bytes, start))['_id']));
const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
const NOTHING = { types: [], eventSourceIds: [], tags: [], correlationId: undefined };

describe('a page', () => {
  it('has the events of its range in its direction, and says when nothing is left', async () => {
    const whole = await findEvents(db, SMALL, { from: 0, limit: 1_000 });
    expect([numbers(whole), whole.exhausted]).toEqual([range(0, 100), true]);
    const some = await findEvents(db, SMALL, { from: 10, to: 19, limit: 1_000 });
    expect([numbers(some), some.exhausted]).toEqual([range(10, 10), true]);
    const limited = await findEvents(db, SMALL, { from: 10, limit: 5 });
    expect([numbers(limited), limited.exhausted]).toEqual([range(10, 5), false]);
    const backwards = await findEvents(db, SMALL, { from: 0, to: 50, limit: 3, backwards: true });
    expect(numbers(backwards)).toEqual([50, 49, 48]);
  });

  it('of a collection that is not there is empty, with whatever filter', async () => {
    for (const filter of [NOTHING, { ...NOTHING, eventSourceIds: ['a'] }, { ...NOTHING, tags: ['b'] }]) {
      const found = await findEvents(db, 'sequence+never', { from: 0, limit: 10, filters: [filter] });
      expect([found.starts, found.exhausted]).toEqual([[], true]);
    }
  });

  it('that the database cuts at 16 MiB has a prefix and is not exhausted, and going on from there misses nothing', async () => {
    for (const backwards of [false, true]) {
      const seen: number[] = [];
      let pages = 0;
      for (let from = 0, to = LARGE_EVENTS - 1; from <= to; pages++) {
        const page = await findEvents(db, LARGE, { from, to, limit: 1_000, backwards });
        const found = numbers(page);
        seen.push(...found);
        const last = found.at(-1);
        if (page.exhausted || last === undefined) break;
        if (backwards) to = last - 1;
        else from = last + 1;
      }
      expect(seen).toEqual(backwards ? range(0, LARGE_EVENTS).reverse() : range(0, LARGE_EVENTS));
      expect(pages).toBeGreaterThan(1);
    }
  });

  it('leaves no cursor open at the database', async () => {
    await findEvents(db, LARGE, { from: 0, limit: 1_000 });
    const status = (await client.db('admin').command({ serverStatus: 1 })) as {
      metrics: { cursor: { open: { total: number } } };
    };
    expect(status.metrics.cursor.open.total).toBe(0);
  });

  it('by source and by tag is found by an index, and looks at no other event', async () => {
    const filters = [
      { ...NOTHING, eventSourceIds: ['source 3'] },
      { ...NOTHING, tags: ['odd'] },
    ];
    for (const filter of filters) {
      const commands: string[] = [];
      const listener = ({ command }: { command: { hint?: string } }) => commands.push(String(command.hint));
      client.on('commandStarted', listener);
      const found = await findEvents(db, SMALL, { from: 0, limit: 100, filters: [filter] });
      client.off('commandStarted', listener);
      const explained = await db
        .collection(SMALL)
        .find(filterQuery([filter]))
        .hint(commands[0] ?? '')
        .explain('executionStats');
      const { executionStats } = explained as { executionStats: { totalDocsExamined: number } };
      expect(executionStats.totalDocsExamined).toBe(found.starts.length);
    }
  });
});

it('the last event that matches is found, from a number on', async () => {
  const numberOf = (document: Buffer | undefined) =>
    document === undefined ? undefined : Number(decodeDocument(document)['_id']);
  expect(numberOf(await findLast(db, SMALL))).toBe(99);
  expect(numberOf(await findLast(db, SMALL, [{ ...NOTHING, eventSourceIds: ['source 3'] }]))).toBe(93);
  expect(numberOf(await findLast(db, SMALL, [{ ...NOTHING, eventSourceIds: ['source 3'] }], 94))).toBeUndefined();
  expect(numberOf(await findLast(db, 'sequence+never'))).toBeUndefined();
});

it('the last event is the end of the log without a filter, and what readers get of it with one', async () => {
  await ensureEventCollection(db, 'announced');
  const announces = (kind: string) => ({ announces: { kind, sequenceNumber: Long.fromNumber(0), reason: '' } });
  await insertEvents(db, 'sequence+announced', [
    event(0, { type: 'a' }),
    event(1, { ...announces('compensation'), type: 'a' }),
    event(2, { ...announces('constraint'), type: 'b' }),
  ]);
  const last = async (filters?: EventFilter[]) => {
    const found = await findLast(db, 'sequence+announced', filters);
    return found === undefined ? undefined : Number(decodeDocument(found)['_id']);
  };
  expect(await last()).toBe(2);
  expect(await last([NOTHING])).toBe(0);
  expect(await last([{ ...NOTHING, announcements: true }])).toBe(1);
  expect(await last([{ ...NOTHING, types: ['a'] }])).toBe(0);
  expect(await last([{ ...NOTHING, types: ['b'], announcements: true }])).toBeUndefined();
});

it('events are found by their ids, those that there are', async () => {
  const found = await findByEventIds(db, SMALL, ['event 7', 'nobody', 'event 3']);
  expect(found.map((document) => decodeDocument(document)['eventId'] as unknown).sort()).toEqual([
    'event 3',
    'event 7',
  ]);
  expect(await findByEventIds(db, SMALL, ['nobody'])).toEqual([]);
});

describe('the query of filters', () => {
  it('of none, or of one that selects everything, asks for everything', () => {
    expect(filterQuery([])).toEqual({});
    expect(filterQuery([NOTHING])).toEqual({});
    expect(filterQuery([{ ...NOTHING, types: ['a'] }, NOTHING])).toEqual({});
  });

  it('of several asks for what any of them selects', () => {
    expect(
      filterQuery([
        { ...NOTHING, types: ['a'] },
        { ...NOTHING, correlationId: 'c' },
      ]),
    ).toEqual({
      $or: [{ type: { $in: ['a'] } }, { correlationId: 'c' }],
    });
  });

  it('that readers get leaves out announcements that no filter asks for', () => {
    expect(deliveredQuery([])).toEqual({ announces: { $exists: false } });
    expect(deliveredQuery([{ ...NOTHING, types: ['a'] }])).toEqual({
      type: { $in: ['a'] },
      announces: { $exists: false },
    });
    expect(deliveredQuery([NOTHING, { ...NOTHING, announcements: true }])).toEqual({
      $or: [{ announces: { $exists: false } }, { 'announces.kind': { $in: [null, 'compensation', 'redaction'] } }],
    });
  });

  it('selects all when no filter stands against any event, whatever is said of announcements', () => {
    expect([selectsAll([]), selectsAll([NOTHING]), selectsAll([{ ...NOTHING, announcements: true }])]).toEqual([
      true,
      true,
      true,
    ]);
    expect(selectsAll([{ ...NOTHING, types: ['a'] }])).toBe(false);
    expect(selectsAll([{ ...NOTHING, correlationId: '' }])).toBe(false);
  });

  it('is led by an index when each filter has a source or a tag', () => {
    expect(isIndexed([])).toBe(false);
    expect(
      isIndexed([
        { ...NOTHING, eventSourceIds: ['a'] },
        { ...NOTHING, tags: ['t'] },
      ]),
    ).toBe(true);
    expect(
      isIndexed([
        { ...NOTHING, eventSourceIds: ['a'] },
        { ...NOTHING, types: ['t'] },
      ]),
    ).toBe(false);
  });
});
