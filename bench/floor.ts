/**
 * The floor: what the raw driver reaches on the same MongoDB, with the same documents, indexes and
 * durability. Nothing that keeps its promises in MongoDB can be faster than this for long.
 */
import { Long, MongoClient, type Collection, type Db, type Document } from 'mongodb';
import { ensureEventCollection } from '../src/storage/event-collections';
import { WRITE_CONCERN } from '../src/storage/insert-events';
import { CATALOGUE_DATABASE, sequenceCollection } from '../src/storage/names';

const DATABASE = 'annals-bench-floor';

/** Documents of one reply of a scan: MongoDB's reply is bounded by bytes, and smaller ones cost a round trip each. */
const SCAN_BATCH = 1_000;

/** A scan that decodes each document as the driver does, and one that also makes JSON text of its content. */
export type Decoding = 'decoded' | 'as-json';

export class Floor {
  readonly #client: MongoClient;

  private constructor(client: MongoClient) {
    this.#client = client;
  }

  static async connect(url: string): Promise<Floor> {
    const client = new MongoClient(url);
    await client.connect();
    return new Floor(client);
  }

  /** A new collection with the indexes of an event sequence; in Annals' own database it is one. */
  async collection(name: string, database = DATABASE): Promise<FloorCollection> {
    const db = this.#client.db(database);
    await db.dropCollection(sequenceCollection(name));
    await ensureEventCollection(db, name);
    return new FloorCollection(db, sequenceCollection(name));
  }

  /** What Annals keeps beside its sequences. */
  database(name: string): Db {
    return this.#client.db(name);
  }

  /** The collection in which Annals keeps a sequence, to be dropped when it was measured. */
  sequenceOf(database: string, sequence: string): FloorCollection {
    return new FloorCollection(this.#client.db(database), sequenceCollection(sequence));
  }

  /** Takes the observers away whose ids begin so, with their failures and leases. */
  async forgetObservers(database: string, prefix: string): Promise<void> {
    const begins = { $regex: `^${prefix}` };
    const db = this.#client.db(database);
    await db.collection<{ _id: string }>('observers').deleteMany({ _id: begins });
    await db.collection('observer-failures').deleteMany({ '_id.observer': begins });
    const leases = this.#client.db(CATALOGUE_DATABASE).collection<{ _id: string }>('leases');
    await leases.deleteMany({ _id: { $regex: `^observer/[^/]*/[^/]*/${prefix}` } });
  }

  async version(): Promise<string> {
    const { version } = await this.#client.db('admin').command({ buildInfo: 1 });
    return String(version);
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    await this.#client.db(DATABASE).dropDatabase();
    await this.#client.close();
  }
}

export class FloorCollection {
  readonly #db: Db;
  readonly #collection: Collection;
  /** The number of the next document. */
  next = 0;

  constructor(db: Db, name: string) {
    this.#db = db;
    this.#collection = db.collection(name);
  }

  /** One ordered insert; resolves when a majority has it in its journal. */
  async insert(documents: readonly Document[]): Promise<void> {
    const reply = await this.#db.command({
      insert: this.#collection.collectionName,
      ordered: true,
      documents,
      writeConcern: WRITE_CONCERN,
    });
    if (reply['n'] !== documents.length || reply['writeConcernError'] !== undefined) {
      throw new Error(`the floor could not insert: ${JSON.stringify(reply)}`);
    }
  }

  /** Reads everything in order of numbers; the documents that it saw. */
  async scan(decoding: Decoding): Promise<number> {
    let documents = 0;
    let bytes = 0;
    const cursor = this.#collection.find({}, { batchSize: SCAN_BATCH, readConcern: { level: 'majority' } });
    for await (const { content } of cursor.sort({ _id: 1 })) {
      documents++;
      // Kept, so that no compiler finds the text unneeded.
      if (decoding === 'as-json') bytes += JSON.stringify(content).length;
    }
    if (decoding === 'as-json' && bytes === 0) throw new Error('the scan saw no content');
    return documents;
  }

  /** The documents from a number on, decoded, in order, as many at a time as a reply of a scan holds. */
  async *batches(from: number): AsyncGenerator<Document[], void, undefined> {
    const numbered = this.#db.collection<{ _id: Long }>(this.#collection.collectionName);
    const cursor = numbered.find(
      { _id: { $gte: Long.fromNumber(from) } },
      { batchSize: SCAN_BATCH, readConcern: { level: 'majority' } },
    );
    let batch: Document[] = [];
    for await (const document of cursor.sort({ _id: 1 })) {
      batch.push(document);
      if (batch.length < SCAN_BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** One index beside those of an event sequence. */
  async index(key: Record<string, 1>): Promise<void> {
    await this.#collection.createIndex(key);
  }

  async drop(): Promise<void> {
    await this.#collection.drop();
  }
}
