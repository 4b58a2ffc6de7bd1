/** The insert is held against a real `mongod`: what it writes, and what it says of every way in which it can end. */
import {
  BSON,
  Double,
  Long,
  MongoClient,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  type ClientSession,
  type Db,
  type Document,
} from 'mongodb';
import { makeDocumentSequence } from 'mongodb/lib/cmap/commands';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { ensureEventCollection } from './event-collections';
import { AlongFailed, insertEvents, insertEventsAtomically, outcomeOf } from './insert-events';

let database: ReplicaSet;
let client: MongoClient;
let session: ClientSession;
let db: Db;
let sequences = 0;
let collection: string;

beforeAll(async () => {
  database = await startReplicaSet();
  client = new MongoClient(database.url);
  session = client.startSession();
  db = client.db('annals+test+default');
});
afterAll(async () => {
  await session.endSession();
  await client.close();
  await database.stop();
});
beforeEach(async () => {
  const sequence = `s${sequences++}`;
  collection = `sequence+${sequence}`;
  await ensureEventCollection(db, sequence);
});

const document = (number: number, fields: Document = {}): Buffer =>
  Buffer.from(
    BSON.serialize({ _id: Long.fromNumber(number), eventId: `event ${number}`, eventSourceId: 's', ...fields }),
  );

/** What a command's reply tells of a write, as an error. */
function thrown(reply: Document): void {
  const [error] = (reply['writeErrors'] ?? []) as Document[];
  if (error !== undefined) throw new MongoServerError(error);
}

/** The collection's documents as the bytes that they are. */
const stored = async (): Promise<Buffer[]> =>
  db
    .collection(collection)
    .find<Buffer>({}, { raw: true, sort: { _id: 1 } })
    .toArray();

const ways = [
  ['by itself', (documents: readonly Buffer[]) => insertEvents(db, collection, documents)],
  ['in a transaction', (documents: readonly Buffer[]) => insertEventsAtomically(db, collection, documents, session)],
] as const;

describe("the driver's internal document sequence", () => {
  /** What a serializer of objects would not keep: a double that is whole, an order of keys, a key that comes twice. */
  const strange = Buffer.concat([
    document(0, { whole: new Double(1), b: 1, a: 2 }).subarray(0, -1),
    Buffer.from([0x10, 0x61, 0, 7, 0, 0, 0, 0]),
  ]);
  strange.writeInt32LE(strange.length, 0);

  it.each(ways)('brings bytes into the collection as they are, %s', async (_, insert) => {
    const documents = [strange, document(1, { text: 'x'.repeat(100_000) }), document(2)];
    expect(await insert(documents)).toEqual({ kind: 'committed' });
    const found = await stored();
    expect(found).toHaveLength(3);
    found.forEach((bytes, i) => expect(Buffer.compare(bytes, documents[i] as Buffer)).toBe(0));
  });

  it('is still made from a field, objects and their bytes, and still there', () => {
    const made = makeDocumentSequence('documents', [{}, {}], [document(0), document(1)]) as Record<string, unknown>;
    expect(made).toMatchObject({ field: 'documents' });
    expect(typeof makeDocumentSequence).toBe('function');
  });

  it.each(ways)('takes as many and as large documents as a call may have, %s', async (_, insert) => {
    const many = Array.from({ length: 2_000 }, (_unused, i) => document(i));
    expect(await insert(many)).toEqual({ kind: 'committed' });
    const large = Array.from({ length: 16 }, (_unused, i) => document(2_000 + i, { text: 'x'.repeat(1_000_000) }));
    expect(await insert(large)).toEqual({ kind: 'committed' });
    expect(await db.collection(collection).countDocuments()).toBe(2_016);
  });
});

describe('how an insert ends', () => {
  it('by itself at the first clash, what is before it stays, and the key is told', async () => {
    await insertEvents(db, collection, [document(0), document(1)]);
    const outcome = await insertEvents(db, collection, [document(2), document(1, { eventId: 'new' }), document(3)]);
    expect(outcome).toEqual({ kind: 'clash', at: 1, key: 'number' });
    expect(await stored()).toHaveLength(3);
    const duplicate = await insertEvents(db, collection, [document(3), document(4, { eventId: 'event 0' })]);
    expect(duplicate).toEqual({ kind: 'clash', at: 1, key: 'event-id' });
  });

  it('in a transaction with nothing at all, and the session can be used again', async () => {
    await insertEvents(db, collection, [document(0)]);
    const clash = [document(1), document(0, { eventId: 'new' })];
    expect(await insertEventsAtomically(db, collection, clash, session)).toEqual({
      kind: 'clash',
      at: 1,
      key: 'number',
    });
    const duplicate = [document(1), document(2, { eventId: 'event 0' })];
    expect(await insertEventsAtomically(db, collection, duplicate, session)).toMatchObject({ key: 'event-id' });
    expect(await stored()).toHaveLength(1);
    expect(await insertEventsAtomically(db, collection, [document(1), document(2)], session)).toEqual({
      kind: 'committed',
    });
  });

  it('with the number told when number and event id both clash', async () => {
    await insertEvents(db, collection, [document(0)]);
    expect(await insertEvents(db, collection, [document(0)])).toMatchObject({ kind: 'clash', key: 'number' });
  });

  it('contended when another transaction holds a key', async () => {
    const other = client.startSession();
    other.startTransaction();
    await db.collection<{ _id: Long }>(collection).insertOne({ _id: Long.fromNumber(0) }, { session: other });
    expect(await insertEventsAtomically(db, collection, [document(0)], session)).toEqual({ kind: 'contended' });
    await other.abortTransaction();
    await other.endSession();
    expect(await insertEventsAtomically(db, collection, [document(0)], session)).toEqual({ kind: 'committed' });
  });

  it('refused when the database understood it and would not do it', async () => {
    const invalid = Buffer.from(BSON.serialize({ _id: [1], eventId: 'x' }));
    expect(await insertEvents(db, collection, [document(0), invalid])).toMatchObject({ kind: 'refused', at: 1 });
    expect(await stored()).toHaveLength(1);
  });

  it('unknown but never sent when no server can be found', async () => {
    const lost = new MongoClient('mongodb://127.0.0.1:1/?replicaSet=none', { serverSelectionTimeoutMS: 50 });
    expect(await insertEvents(lost.db('x'), 'y', [document(0)])).toMatchObject({ kind: 'unknown', sent: false });
    await lost.close();
  });

  it('unknown and perhaps sent when the connection breaks in between', async () => {
    const impatient = new MongoClient(database.url, { socketTimeoutMS: 200 });
    await impatient.connect();
    const holder = client.startSession();
    holder.startTransaction();
    await db.collection<{ _id: Long }>(collection).insertOne({ _id: Long.fromNumber(0) }, { session: holder });
    // Outside of a transaction an insert waits for the other's end, here for longer than the connection lives.
    const outcome = await insertEvents(impatient.db(db.databaseName), collection, [document(0)]);
    expect(outcome).toMatchObject({ kind: 'unknown', sent: true });
    await holder.abortTransaction();
    await holder.endSession();
    await impatient.close();
  });
});

describe('what goes along in the transaction', () => {
  const other = () => db.collection<{ _id: number }>('other');
  beforeAll(async () => {
    await db.createCollection('other');
    await other().insertOne({ _id: 0 });
  });

  it('is recorded with the events', async () => {
    const along = async (of: ClientSession) => {
      await other().insertOne({ _id: 1 }, { session: of });
    };
    expect(await insertEventsAtomically(db, collection, [document(0)], session, along)).toEqual({ kind: 'committed' });
    expect(await other().findOne({ _id: 1 })).not.toBeNull();
  });

  const network = new MongoNetworkError('the connection broke');
  it.each<[string, (of: ClientSession) => Promise<unknown>, Document]>([
    [
      'must not be written',
      async () => Promise.reject(new AlongFailed(2, new Error('no longer ours'))),
      { kind: 'refused', at: 2, error: { message: 'no longer ours' } },
    ],
    [
      'is what the database will never do',
      async (of) =>
        db.command({ update: 'other', updates: [{ q: {}, u: { $set: { _id: 7 } } }] }, { session: of }).then(thrown),
      { kind: 'refused', at: 0 },
    ],
    ['is wrong in itself', async () => Promise.reject(new TypeError('undefined')), { kind: 'refused', at: 0 }],
    [
      'is there already',
      async (of) => other().insertOne({ _id: 0 }, { session: of }),
      { kind: 'clash', at: 0, key: 'number' },
    ],
    [
      'meets a connection that breaks',
      async () => Promise.reject(new AlongFailed(1, network)),
      { kind: 'unknown', sent: false, error: network },
    ],
    [
      'is given up',
      async () => Promise.reject(new MongoError('the command was given up')),
      { kind: 'unknown', sent: false },
    ],
  ])('when it %s nothing is recorded', async (_, along, outcome) => {
    const own = client.startSession();
    const write = async (of: ClientSession) => {
      await along(of);
    };
    expect(await insertEventsAtomically(db, collection, [document(0)], own, write)).toMatchObject(outcome);
    expect(await stored()).toEqual([]);
    await own.endSession();
  });

  it('is contended when another transaction writes the same', async () => {
    const holder = client.startSession();
    holder.startTransaction();
    await other().updateOne({ _id: 0 }, { $set: { held: true } }, { session: holder });
    const own = client.startSession();
    const along = async (of: ClientSession) => {
      await other().updateOne({ _id: 0 }, { $set: { ours: true } }, { session: of });
    };
    expect(await insertEventsAtomically(db, collection, [document(0)], own, along)).toEqual({ kind: 'contended' });
    await holder.abortTransaction();
    await Promise.all([holder.endSession(), own.endSession()]);
  });

  it('writes nothing any more once the insert has been given up, neither in the next transaction nor outside', async () => {
    const own = client.startSession();
    let goOn = (): void => undefined;
    const paused = new Promise<void>((resolve) => (goOn = resolve));
    let late: Promise<unknown> | undefined;
    const along = async (of: ClientSession) => {
      late = paused.then(async () => other().insertOne({ _id: 99 }, { session: of }));
      return Promise.reject(new MongoError('the command was given up'));
    };
    await insertEventsAtomically(db, collection, [document(0)], own, along);
    expect(own.hasEnded).toBe(true);
    goOn();
    await expect(late).rejects.toThrow();
    expect(await other().findOne({ _id: 99 })).toBeNull();
  });
});

describe('what the answer to an insert says', () => {
  const clash = (keyPattern: Document) => ({ index: 4, code: 11_000, errmsg: 'E11000', keyPattern });
  it.each<[string, Document, Document]>([
    ['nothing wrong', { ok: 1, n: 3 }, { kind: 'committed' }],
    ['an empty list of errors', { ok: 1, n: 1, writeErrors: [] }, { kind: 'committed' }],
    ['a clash of numbers', { n: 4, writeErrors: [clash({ _id: 1 })] }, { kind: 'clash', at: 4, key: 'number' }],
    ['a clash of ids', { n: 4, writeErrors: [clash({ eventId: 1 })] }, { kind: 'clash', at: 4, key: 'event-id' }],
    ['another error', { n: 0, writeErrors: [{ index: 2, code: 121, errmsg: 'no' }] }, { kind: 'refused', at: 2 }],
    ['a conflict', { n: 0, writeErrors: [{ index: 0, code: 112 }] }, { kind: 'contended' }],
    ['no word of the majority', { n: 1, writeConcernError: { errmsg: 'timeout' } }, { kind: 'unknown', sent: true }],
    [
      'no word of the majority about what is before a clash',
      { n: 4, writeErrors: [clash({ _id: 1 })], writeConcernError: {} },
      { kind: 'unknown', sent: true },
    ],
  ])('%s', (_, reply, outcome) => {
    expect(outcomeOf(reply)).toMatchObject(outcome);
  });
});
