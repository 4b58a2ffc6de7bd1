/**
 * How long the server's event loop is held up at a time while a large batch is checked and cast: for so
 * long nobody else is answered. Told beside the same batch of plain events, whose message is decoded and
 * whose documents are made, too.
 */
import type { EventSequence } from '../src/client';
import type { MakeEvents } from './append';
import type { LongestBlock } from './loop-watch';
import { ORDER_PLAIN, orderIn3Generations, ordersOf } from './orders';
import type { Around } from './rounds';
import { spread, type Spread } from './statistics';

/** Events of the batch: the most that one append may have. */
export const BATCH_EVENTS = 2_000;

export interface BlockingFigures {
  readonly batches: number;
  /** The longest block of each batch. */
  readonly plain: Blocks;
  readonly checked: Blocks;
}

/** In ms: what the server did itself, and what passed on the wall, waiting for a processor included. */
export interface Blocks {
  readonly own: Spread;
  readonly wall: Spread;
}

export interface BlockingOptions {
  readonly plain: EventSequence;
  /** In a store that has the type in three generations. */
  readonly typed: EventSequence;
  readonly batches: number;
  /** Does the work while the server watches its event loop. */
  readonly watched: Watched;
  readonly around: Around;
}

type Watched = (work: () => Promise<unknown>) => Promise<LongestBlock>;

export async function measureBlocking(options: BlockingOptions): Promise<BlockingFigures> {
  const { batches, around, watched } = options;
  const plain = batchesOf(options.plain, ordersOf(ORDER_PLAIN), watched);
  const checked = batchesOf(options.typed, ordersOf(orderIn3Generations.type), watched);
  // Compilers warm up on the first of each.
  await plain();
  await checked();
  const blocks: { readonly plain: LongestBlock[]; readonly checked: LongestBlock[] } = { plain: [], checked: [] };
  for (let round = 0; round < batches; round++) {
    blocks.plain.push(await plain());
    blocks.checked.push(await around(checked));
  }
  return { batches, plain: blocksOf(blocks.plain), checked: blocksOf(blocks.checked) };
}

const blocksOf = (blocks: readonly LongestBlock[]): Blocks => ({
  own: spread(blocks.map(({ ownMs }) => ownMs)),
  wall: spread(blocks.map(({ wallMs }) => wallMs)),
});

/** Appends a batch more at each call; resolves to the longest block meanwhile. */
function batchesOf(sequence: EventSequence, make: MakeEvents, watched: Watched): () => Promise<LongestBlock> {
  let appended = 0;
  return async () => {
    const events = make(appended, BATCH_EVENTS);
    appended += BATCH_EVENTS;
    return watched(() => sequence.append(events));
  };
}
