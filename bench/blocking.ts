/**
 * How long the server's event loop is held up at a time while a large batch is checked and cast: for so
 * long nobody else is answered. Told beside the same batch of plain events, whose message is decoded and
 * whose documents are made, too.
 */
import type { EventSequence } from '../src/client';
import type { MakeEvents } from './append';
import { onNewSequence, type Measure } from './measure';
import { ORDER_PLAIN, orderIn3Generations, ordersOf } from './orders';
import { spread, type Spread } from './statistics';
import { onTypedSequence } from './typed-store';

/** Events of the batch: the most that one append may have. */
export const BATCH_EVENTS = 2_000;

export interface BlockingFigures {
  readonly batches: number;
  /** The longest block of each batch, in ms. */
  readonly plainMs: Spread;
  readonly checkedMs: Spread;
}

const NAME = 'blocking';
const TITLE = `the longest block of the server's event loop in a batch of ${BATCH_EVENTS} events in three generations`;

export const blocking: Measure = {
  name: NAME,
  title: TITLE,
  run: (context) =>
    onNewSequence(context, `${NAME}-plain`, (place) =>
      onTypedSequence(context, NAME, async (sequence) => {
        const { server, sizes, around, onRound } = context;
        const block = batches(server.longestBlock);
        const plain = block(place.sequence, ordersOf(ORDER_PLAIN));
        const checked = block(sequence, ordersOf(orderIn3Generations.type));
        // Compilers warm up on the first of each.
        await plain();
        await checked();
        const [plainMs, checkedMs]: [number[], number[]] = [[], []];
        for (let round = 0; round < sizes.blockingBatches; round++) {
          onRound(round);
          plainMs.push(await plain());
          checkedMs.push(await around(checked));
        }
        const figures = { batches: sizes.blockingBatches, plainMs: spread(plainMs), checkedMs: spread(checkedMs) };
        return { kind: 'blocking', name: NAME, title: TITLE, figures };
      }),
    ),
};

type LongestBlock = (work: () => Promise<unknown>) => Promise<number>;

/** Appends a batch more at each call; resolves to the longest block meanwhile, in ms. */
const batches = (longestBlock: LongestBlock) => (sequence: EventSequence, make: MakeEvents) => {
  let appended = 0;
  return async (): Promise<number> => {
    const events = make(appended, BATCH_EVENTS);
    appended += BATCH_EVENTS;
    return longestBlock(() => sequence.append(events));
  };
};
