/**
 * The projection of causes, in its namespace's database. One document holds a block of neighbouring events of a
 * sequence: for each of them the number of its correlation id and that of its cause's id (kernel/id-hash), in the
 * order of the log. A block is a function of the log and of how far it is filled, so it may be written twice, and
 * by a server that does not know that it owns nothing any more.
 */
import { Long, MongoBulkWriteError, MongoServerError, type Collection, type Db, type Document } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';

/** Events of a block: few enough that one event of many blocks is read quickly, many enough that an event costs little. */
export const BLOCK_EVENTS = 256;

/** Which of the two ids of its events. */
export type EdgeKind = 'correlation' | 'causation';

export interface Block {
  readonly sequence: string;
  /** The first number is this times `BLOCK_EVENTS`. */
  readonly block: number;
  readonly correlations: readonly number[];
  readonly causations: readonly number[];
}

/** How far each sequence is projected: every number below it. */
export interface Projected {
  /** Grows by one with each time that the projection is dropped. */
  readonly generation: number;
  readonly positions: ReadonlyMap<string, number>;
}

interface BlockDocument {
  readonly _id: string;
  readonly sequence: string;
  readonly block: number;
  /** Events that are in it. */
  readonly filled: number;
  readonly correlations: readonly number[];
  readonly causations: readonly number[];
}

interface ProjectedDocument {
  readonly _id: 'projected';
  readonly generation: number;
  readonly positions: Readonly<Record<string, Long | number>>;
}

const FIELD = { correlation: 'correlations', causation: 'causations' } as const;

const DUPLICATE_KEY = 11_000;

/** MongoDB's answer when there is nothing to drop. */
const NAMESPACE_NOT_FOUND = 26;

/** Blocks in the first reply of the database, by how much each next one is larger, and in the largest: some MB. */
const FIRST_BLOCKS = 16;
const BLOCKS_GROWTH = 4;
const MOST_BLOCKS = 512;

/** Blocks in one reply where their order does not matter. */
const BLOCKS_AT_ONCE = 128;

export class CorrelationStore {
  readonly #blocks: Collection<BlockDocument>;
  readonly #projected: Collection<ProjectedDocument>;

  constructor(db: Db) {
    this.#blocks = db.collection('correlation-blocks');
    this.#projected = db.collection('correlation');
  }

  async ensureIndexes(): Promise<void> {
    await this.#blocks.createIndexes([
      // The members of a correlation, of one sequence in the order of its log, from a place on.
      { name: 'correlation', key: { correlations: 1, sequence: 1, block: 1 } },
      // What events caused, in the same way.
      { name: 'causation', key: { causations: 1, sequence: 1, block: 1 } },
    ]);
  }

  async projected(): Promise<Projected> {
    const found = await this.#projected.findOne({ _id: 'projected' }, { readConcern: READ_CONCERN });
    const positions = Object.entries(found?.positions ?? {});
    return {
      generation: found?.generation ?? 0,
      positions: new Map(positions.map(([sequence, position]) => [sequence, Number(position)])),
    };
  }

  /**
   * Writes blocks, each unless it is there with more, and then how far a sequence has come with them.
   * @returns false when the projection was dropped since it had this generation.
   */
  async advance(generation: number, blocks: readonly Block[], sequence: string, position: number): Promise<boolean> {
    if (blocks.length > 0) await this.#write(blocks);
    const field = `positions.${sequence}`;
    const moved = await this.#projected.updateOne(
      { _id: 'projected', generation },
      { $max: { [field]: Long.fromNumber(position) } },
      { writeConcern: WRITE_CONCERN },
    );
    return moved.matchedCount === 1;
  }

  /** From here on it begins anew; blocks are dropped after everybody can know that. Returns the generation. */
  async drop(): Promise<number> {
    const begun = await this.#projected.findOneAndUpdate(
      { _id: 'projected' },
      { $inc: { generation: 1 }, $set: { positions: {} } },
      { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    await this.#blocks.drop().catch((error: unknown) => {
      if (!(error instanceof MongoServerError) || error.code !== NAMESPACE_NOT_FOUND) throw error;
    });
    await this.ensureIndexes();
    return begun?.generation ?? 0;
  }

  /** The generation, which begins when there is none. */
  async begin(): Promise<Projected> {
    await this.ensureIndexes();
    await this.#projected.updateOne(
      { _id: 'projected' },
      { $setOnInsert: { generation: 1, positions: {} } },
      { upsert: true, writeConcern: WRITE_CONCERN },
    );
    return this.projected();
  }

  /** The numbers at which a hash stands in a sequence, from a number on and below another, ascending, page by page. */
  async *ascending(
    kind: EdgeKind,
    hash: number,
    sequence: string,
    from: number,
    below: number,
  ): AsyncGenerator<number[]> {
    const last = Math.floor((below - 1) / BLOCK_EVENTS);
    let limit = FIRST_BLOCKS;
    for (let first = Math.floor(from / BLOCK_EVENTS); first <= last;) {
      const range = { [FIELD[kind]]: hash, sequence, block: { $gte: first, $lte: last } };
      const found = await this.#find(kind, range).sort({ block: 1 }).limit(limit).batchSize(limit).toArray();
      const numbers = found
        .flatMap((block) => numbersOf(block, kind, (one) => one === hash))
        .filter((number) => number >= from && number < below);
      if (numbers.length > 0) yield numbers;
      if (found.length < limit) return;
      first = (found.at(-1)?.block ?? last) + 1;
      // Who asks for so much gets more at once; most ask for little.
      limit = Math.min(MOST_BLOCKS, limit * BLOCKS_GROWTH);
    }
  }

  /** The numbers below another at which any of these hashes stands in a sequence, in no order. */
  async *anywhere(
    kind: EdgeKind,
    hashes: ReadonlySet<number>,
    sequence: string,
    below: number,
  ): AsyncGenerator<number[]> {
    const blocks = this.#find(kind, { [FIELD[kind]]: { $in: [...hashes] }, sequence }).batchSize(BLOCKS_AT_ONCE);
    try {
      while (await blocks.hasNext()) {
        const found = blocks.readBufferedDocuments();
        const numbers = found.flatMap((block) => numbersOf(block, kind, (one) => hashes.has(one)));
        const projected = numbers.filter((number) => number < below);
        if (projected.length > 0) yield projected;
      }
    } finally {
      await blocks.close();
    }
  }

  #find(kind: EdgeKind, filter: Document) {
    const projection = { _id: 0, block: 1, [FIELD[kind]]: 1 };
    return this.#blocks.find<ReadBlock>(filter, { projection, readConcern: READ_CONCERN });
  }

  async #write(blocks: readonly Block[]): Promise<void> {
    for (let left = blocks; left.length > 0;) {
      const met = await this.#replace(left);
      if (met.length === 0) return;
      // One that somebody else wrote at the same moment may be less full than ours, and is written over then.
      const there = await this.#blocks.find({ _id: { $in: met.map(idOf) } }, { projection: { filled: 1 } }).toArray();
      const filled = new Map(there.map((found) => [found._id, found.filled]));
      left = met.filter((block) => (filled.get(idOf(block)) ?? 0) < block.correlations.length);
    }
  }

  /** Writes blocks. Returns those in whose place others are, fuller or written at the same moment. */
  async #replace(blocks: readonly Block[]): Promise<Block[]> {
    const writes = blocks.map((of) => {
      const { sequence, block, correlations, causations } = of;
      const filled = correlations.length;
      const replacement = { sequence, block, filled, correlations, causations };
      // One that is fuller does not match, so that the upsert meets it as a duplicate.
      return { replaceOne: { filter: { _id: idOf(of), filled: { $lte: filled } }, replacement, upsert: true } };
    });
    try {
      await this.#blocks.bulkWrite(writes, { ordered: false, writeConcern: WRITE_CONCERN });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const errors = [error.writeErrors].flat();
      if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
      return errors.flatMap(({ index }) => blocks[index] ?? []);
    }
  }
}

const idOf = ({ sequence, block }: Block): string => `${sequence}/${block}`;

/** One of the two fields alone was asked for. */
type ReadBlock = Pick<BlockDocument, 'block'> & Partial<Pick<BlockDocument, 'correlations' | 'causations'>>;

function numbersOf(found: ReadBlock, kind: EdgeKind, isWanted: (hash: number) => boolean): number[] {
  const first = found.block * BLOCK_EVENTS;
  return (found[FIELD[kind]] ?? []).flatMap((hash, i) => (isWanted(hash) ? [first + i] : []));
}
