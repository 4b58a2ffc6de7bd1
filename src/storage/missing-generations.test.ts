import { BSON, Long, MongoClient, type Db, type Document } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import type { AnnouncementDraft } from './event-document';
import { documentAs, eventDraft } from './event-draft.testing';
import { insertEvents } from './insert-events';
import { findIncomplete, writeContents, type CompletedContent } from './missing-generations';

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  db = client.db('suite');
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const bson = (content: Document): Buffer => Buffer.from(BSON.serialize(content));
const WANTED = [{ types: ['a'], generations: [1, 2] }];

/** Contents by generation, as they are given. */
type Contents = Readonly<Record<number, Document>>;

async function log(
  ...events: { readonly type: string; readonly contents: Contents; readonly announces?: AnnouncementDraft }[]
): Promise<string> {
  const collection = `log-${++serial}`;
  const documents = events.map(({ type, contents, announces }, number) => {
    const draft = eventDraft({
      eventId: `e${number}`,
      type,
      contents: Object.entries(contents).map(([generation, content]) => ({
        generation: Number(generation),
        content: bson(content),
      })),
      ...(announces === undefined ? {} : { announces }),
    });
    return documentAs(number, draft);
  });
  expect(await insertEvents(db, collection, documents)).toEqual({ kind: 'committed' });
  return collection;
}

const byNumber = (collection: string) => db.collection<Document & { _id: number }>(collection);
const all = async (collection: string): Promise<Document[]> =>
  db
    .collection(collection)
    .find({}, { sort: { _id: 1 } })
    .toArray();
const numbersIn = async (collection: string, from = 0, to = 100) =>
  (await findIncomplete(db, collection, from, to, WANTED)).found.map(({ number }) => number);
const completion = (number: number, contents: Contents, added: number[]): CompletedContent => ({
  number,
  type: 'a',
  compensation: undefined,
  documentBytes: 1_000,
  contents: Object.entries(contents).map(([generation, content]) => ({
    generation: Number(generation),
    content: bson(content),
  })),
  added,
});

describe('finding what lacks a generation', () => {
  test('only events of the types, only those that lack one, only within the range', async () => {
    const collection = await log(
      { type: 'a', contents: { 1: {} } },
      { type: 'a', contents: { 1: {}, 2: {} } },
      { type: 'b', contents: { 1: {} } },
      { type: 'a', contents: { 2: {} } },
      { type: 'a', contents: { 1: {} } },
    );
    expect(await numbersIn(collection)).toEqual([0, 3, 4]);
    expect(await numbersIn(collection, 1, 3)).toEqual([3]);
    expect((await findIncomplete(db, collection, 1, 3, WANTED)).next).toBe(4);
  });

  test('what it is and what is there, as the bytes that are stored', async () => {
    const collection = await log({ type: 'a', contents: { 1: { x: 1 } } });
    expect((await findIncomplete(db, collection, 0, 0, WANTED)).found).toEqual([
      {
        number: 0,
        type: 'a',
        compensation: undefined,
        documentBytes: expect.any(Number) as number,
        written: 1,
        contents: [{ generation: 1, content: bson({ x: 1 }) }],
      },
    ]);
  });

  test('announced compensations too, but neither redactions nor what was redacted nor a fence', async () => {
    const announces = { sequenceNumber: 0, reason: 'r' };
    const collection = await log(
      { type: 'a', contents: { 1: {} } },
      { type: 'a', contents: { 1: {} }, announces: { ...announces, kind: 'compensation' } },
      { type: 'a', contents: { 1: {} }, announces: { ...announces, kind: 'redaction' } },
      { type: 'a', contents: { 1: {} }, announces: { ...announces, kind: 'constraint' } },
    );
    await byNumber(collection).updateOne({ _id: 0 }, { $set: { redaction: { reason: 'r' } } });
    expect(await numbersIn(collection)).toEqual([1]);
  });

  test('a compensation that lacks one, each told by itself', async () => {
    const collection = await log({ type: 'a', contents: { 1: {}, 2: {} } });
    const compensations = [
      { compensationId: 'first', generation: 2, content: { 1: {}, 2: {} } },
      { compensationId: 'second', generation: 1, content: { 1: { x: 1 } } },
    ];
    await byNumber(collection).updateOne({ _id: 0 }, { $set: { compensations } });
    const { found } = await findIncomplete(db, collection, 0, 0, WANTED);
    expect(found.map(({ compensation, written, contents }) => [compensation, written, contents.length])).toEqual([
      [undefined, 1, 2],
      [{ index: 0, id: 'first' }, 2, 2],
      [{ index: 1, id: 'second' }, 1, 1],
    ]);
  });

  test('a sequence that is not there has none', async () => {
    expect(await findIncomplete(db, 'nowhere', 0, 9, WANTED)).toEqual({ found: [], next: 10 });
  });
});

describe('writing what was missing', () => {
  test('keeps every byte, and the generations in their order', async () => {
    const collection = await log({ type: 'a', contents: { 2: { x: 1 } } });
    const odd = { b: 1, 10: Long.fromNumber(5), 2: { $ref: 'x', 'a.b': null } };
    const contents = { 1: odd, 2: { x: 1 }, 11: {} };
    expect(await writeContents(db, collection, [completion(0, contents, [1, 11])])).toEqual({
      changed: 1,
      refused: [],
    });
    const [raw] = await db.collection(collection).find<Buffer>({}, { raw: true }).toArray();
    const whole = Buffer.concat([bson({ content: contents })]);
    // The same bytes somewhere in the document: type, key and value of `content`.
    expect(raw?.includes(whole.subarray(4, -1))).toBe(true);
  });

  test('leaves alone what somebody has written or redacted meanwhile, and goes on with the others', async () => {
    const collection = await log(
      { type: 'a', contents: { 1: {}, 2: { theirs: true } } },
      { type: 'a', contents: { 1: {} } },
      { type: 'a', contents: { 1: {} } },
    );
    await byNumber(collection).updateOne({ _id: 1 }, { $set: { redaction: { reason: 'r' } } });
    const ours = [0, 1, 2].map((number) => completion(number, { 1: {}, 2: { ours: true } }, [2]));
    expect(await writeContents(db, collection, ours)).toEqual({ changed: 1, refused: [] });
    expect((await all(collection)).map(({ content }) => content as unknown)).toEqual([
      { 1: {}, 2: { theirs: true } },
      { 1: {} },
      { 1: {}, 2: { ours: true } },
    ]);
  });

  test('a compensation is known by its id as well as by its place', async () => {
    const collection = await log({ type: 'a', contents: { 1: {}, 2: {} } });
    const compensations = [{ compensationId: 'first', generation: 1, content: { 1: {} }, reason: 'r' }];
    await byNumber(collection).updateOne({ _id: 0 }, { $set: { compensations } });
    const change = completion(0, { 1: {}, 2: { x: 1 } }, [2]);
    const at = (id: string) => [{ ...change, compensation: { index: 0, id } }];
    expect(await writeContents(db, collection, at('another'))).toMatchObject({ changed: 0 });
    expect(await writeContents(db, collection, at('first'))).toMatchObject({ changed: 1 });
    expect((await all(collection))[0]).toMatchObject({
      compensations: [{ compensationId: 'first', generation: 1, content: { 1: {}, 2: { x: 1 } }, reason: 'r' }],
    });
  });

  test('a document that would be too large is refused by itself', async () => {
    const half = { text: 'x'.repeat(9 * 1024 * 1024) };
    const collection = await log({ type: 'a', contents: { 1: half } }, { type: 'a', contents: { 1: {} } });
    const { found } = await findIncomplete(db, collection, 0, 0, WANTED);
    const { changed, refused } = await writeContents(db, collection, [
      { ...completion(0, { 1: half, 2: half }, [2]), documentBytes: found[0]?.documentBytes ?? 0 },
      completion(1, { 1: {}, 2: {} }, [2]),
    ]);
    expect(changed).toBe(1);
    expect(refused.map(({ content }) => content.number)).toEqual([0]);
  });
});
