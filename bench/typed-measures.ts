/**
 * What types and constraints cost: each measure beside plain events of the same content, in a store
 * that knows of no type. Neither side is the raw driver.
 */
import { constraint, type Annals, type EventSequence } from '../src/client';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../src/kernel/names';
import { namespaceDatabase } from '../src/storage/names';
import { annalsSide, throughClient, type AppendShape, type MakeEvents } from './append';
import { BATCH_EVENTS, measureBlocking } from './blocking';
import { readingSide } from './catch-up';
import type { FloorCollection } from './floor';
import { compared, onNewSequence, type Context, type Measure } from './measure';
import { ORDER_PLAIN, ORDER_UNIQUE, orderChecked, orderIn3Generations, ordersOf, storedOrder } from './orders';
import { onTypedSequence, typedCollection } from './typed-store';
import { WEBHOOK_PLAIN, webhooksOf, webhookType } from './webhook';
import type { Sizes } from './sizes';

const IN_FLIGHT = 64;

/** Behind the name of a measure in that of its plain sequence, which may be no longer. */
const PLAIN = 'p';

/** What an append is about, beside a plain one. */
interface Subject {
  readonly name: string;
  readonly title: string;
  readonly plain: () => MakeEvents;
  readonly events: () => MakeEvents;
  readonly inFlightEvents: (sizes: Sizes) => number;
  /** Before the first append. Returns what undoes it. */
  readonly prepare?: (annals: Annals, sequence: EventSequence) => Promise<() => Promise<unknown>>;
}

function appends({ name, title, plain, events, inFlightEvents, prepare }: Subject): Measure[] {
  const measure = (called: string, how: string, shapeOf: (sizes: Sizes) => AppendShape): Measure => ({
    name: called,
    title: `${title}, ${how}`,
    run: (context) =>
      onNewSequence(context, `${called}-${PLAIN}`, (place) =>
        onTypedSequence(context, called, async (sequence, annals) => {
          const undo = await prepare?.(annals, sequence);
          try {
            const shape = shapeOf(context.sizes);
            const beside = annalsSide('plain append', throughClient(place.sequence), shape, plain());
            const side = annalsSide(title, throughClient(sequence), shape, events());
            const figures = await compared(beside, side, context);
            return { kind: 'rate', name: called, title: `${title}, ${how}`, figures };
          } finally {
            await undo?.();
          }
        }),
      ),
  });
  return [
    measure(`${name}-serial`, 'one after the other', ({ serialEvents }) => ({
      events: serialEvents,
      eventsPerCall: 1,
      inFlight: 1,
    })),
    measure(`${name}-${IN_FLIGHT}`, `${IN_FLIGHT} in flight`, (sizes) => ({
      events: inFlightEvents(sizes),
      eventsPerCall: 1,
      inFlight: IN_FLIGHT,
    })),
  ];
}

const plainOrders = (): MakeEvents => ordersOf(ORDER_PLAIN);
const typedEvents = (sizes: Sizes): number => sizes.typedEvents;

/** Documents of one insert while a log is made. */
const FILL_DOCUMENTS = 1_000;

async function fill(collection: FloorCollection, events: number, type: string, generations: 1 | 3): Promise<void> {
  for (let from = 0; from < events; from += FILL_DOCUMENTS) {
    const count = Math.min(FILL_DOCUMENTS, events - from);
    await collection.insert(Array.from({ length: count }, (_, i) => storedOrder(from + i, type, generations)));
  }
}

/** A log from zero to its end in the latest generation of its events, beside one of plain events. */
const reads = (name: string, title: string, generations: 1 | 3): Measure => ({
  name,
  title,
  run: async (context: Context) => {
    const { typedLogEvents: events } = context.sizes;
    const sequence = `bench-${name}`;
    const plain = await context.floor.collection(sequence, namespaceDatabase(DEFAULT_STORE, DEFAULT_NAMESPACE));
    const typed = await typedCollection(context, sequence);
    try {
      await fill(plain, events, ORDER_PLAIN, 1);
      await fill(typed, events, orderIn3Generations.type, generations);
      const annals = await context.typed.annals();
      const reading = { by: 'subscribe', as: 'bson', decoded: false } as const;
      const beside = readingSide(context.annals.sequence(sequence), events, { ...reading, how: 'plain events' });
      const side = readingSide(annals.sequence(sequence), events, { ...reading, how: title });
      return { kind: 'rate', name, title, figures: await compared(beside, side, context) };
    } finally {
      await plain.drop();
      await typed.drop();
    }
  },
});

const blocking: Measure = {
  name: 'blocking',
  title: `the longest block of the server's event loop in a batch of ${BATCH_EVENTS} events in three generations`,
  run: (context) =>
    onNewSequence(context, `${blocking.name}-${PLAIN}`, (place) =>
      onTypedSequence(context, blocking.name, async (typed) => {
        const { server, sizes, around } = context;
        const figures = await measureBlocking({
          plain: place.sequence,
          typed,
          batches: sizes.blockingBatches,
          watched: async (work) => server.longestBlock(work),
          around,
        });
        return { kind: 'blocking', name: blocking.name, title: blocking.title, figures };
      }),
    ),
};

export const TYPED_MEASURES: readonly Measure[] = [
  ...appends({
    name: 'checked',
    title: 'a kilobyte held against its schema',
    plain: plainOrders,
    events: () => ordersOf(orderChecked.type),
    inFlightEvents: typedEvents,
  }),
  ...appends({
    name: 'webhook',
    title: 'a real webhook held against its schema',
    plain: () => webhooksOf(WEBHOOK_PLAIN),
    events: () => webhooksOf(webhookType().type),
    inFlightEvents: ({ webhookEvents }) => webhookEvents,
  }),
  ...appends({
    name: 'cast',
    title: 'a kilobyte cast to three generations',
    plain: plainOrders,
    events: () => ordersOf(orderIn3Generations.type),
    inFlightEvents: typedEvents,
  }),
  ...appends({
    name: 'unique',
    title: 'a kilobyte with one unique value',
    plain: plainOrders,
    events: () => ordersOf(ORDER_UNIQUE),
    inFlightEvents: typedEvents,
    prepare: async (annals, { address: { sequence } }) => {
      await annals.constraints.register(constraint(sequence, { sequence }).unique(ORDER_UNIQUE, 'number'));
      return () => annals.constraints.remove(sequence);
    },
  }),
  blocking,
  reads('read-generations', 'catch-up by the latest of three generations that are stored', 3),
  reads('read-cast', 'catch-up by the third generation, cast from the first as it is read', 1),
];
