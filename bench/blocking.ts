/**
 * How long the server's event loop is held up at a time while a large batch is checked and cast: for so
 * long nobody else is answered. Told beside the same batch of plain events, whose message is decoded and
 * whose documents are made, too.
 */
import type { EventSequence } from '../src/client';
import type { MakeEvents } from './append';
import type { LongestBlock } from './loop-watch';
import { onNewSequence, type Measure } from './measure';
import { ORDER_PLAIN, orderIn3Generations, ordersOf } from './orders';
import { spread, type Spread } from './statistics';
import { onTypedSequence } from './typed-store';

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

const NAME = 'blocking';
const TITLE = `the longest block of the server's event loop in a batch of ${BATCH_EVENTS} events in three generations`;

export const blocking: Measure = {
  name: NAME,
  title: TITLE,
  run: (context) =>
    onNewSequence(context, `${NAME}-p`, (place) =>
      onTypedSequence(context, NAME, async (sequence) => {
        const { server, sizes, around, onRound } = context;
        const block = batches(async (work) => server.longestBlock(work));
        const plain = block(place.sequence, ordersOf(ORDER_PLAIN));
        const checked = block(sequence, ordersOf(orderIn3Generations.type));
        // Compilers warm up on the first of each.
        await plain();
        await checked();
        const blocks: { readonly plain: LongestBlock[]; readonly checked: LongestBlock[] } = { plain: [], checked: [] };
        for (let round = 0; round < sizes.blockingBatches; round++) {
          onRound(round);
          blocks.plain.push(await plain());
          blocks.checked.push(await around(checked));
        }
        const figures = {
          batches: sizes.blockingBatches,
          plain: blocksOf(blocks.plain),
          checked: blocksOf(blocks.checked),
        };
        return { kind: 'blocking', name: NAME, title: TITLE, figures };
      }),
    ),
};

const blocksOf = (blocks: readonly LongestBlock[]): Blocks => ({
  own: spread(blocks.map(({ ownMs }) => ownMs)),
  wall: spread(blocks.map(({ wallMs }) => wallMs)),
});

type Watched = (work: () => Promise<unknown>) => Promise<LongestBlock>;

/** Appends a batch more at each call; resolves to the longest block meanwhile. */
const batches = (watched: Watched) => (sequence: EventSequence, make: MakeEvents) => {
  let appended = 0;
  return async (): Promise<LongestBlock> => {
    const events = make(appended, BATCH_EVENTS);
    appended += BATCH_EVENTS;
    return watched(() => sequence.append(events));
  };
};
