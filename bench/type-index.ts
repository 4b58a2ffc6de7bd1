/**
 * What an index on the event type would cost every append. There is none: reading by type walks a
 * bounded stretch of the log at a time instead, and this measure is where that is decided again.
 */
import { floorSide, type AppendShape } from './append';
import type { Floor } from './floor';
import { compared, onNewSequence, type Context, type Measure } from './measure';
import type { Side } from './rounds';

const NAME = 'type-index';
const TITLE = 'inserts of 100 with an index on the type beside';

/** Events of one insert: a busy group commit. */
const GROUP_EVENTS = 100;

export const typeIndex: Measure = {
  name: NAME,
  title: TITLE,
  run: (context: Context) =>
    onNewSequence(context, NAME, async ({ raw }) => {
      const shape: AppendShape = {
        events: context.sizes.largeCallsEvents,
        eventsPerCall: GROUP_EVENTS,
        inFlight: 1,
      };
      const { side, drop } = await indexedSide(context.floor, shape);
      try {
        const figures = await compared(floorSide(raw, shape), side, context);
        return { kind: 'rate', name: NAME, title: TITLE, figures };
      } finally {
        await drop();
      }
    }),
};

/** The same inserts into a collection with one index more. */
async function indexedSide(floor: Floor, shape: AppendShape): Promise<{ side: Side; drop: () => Promise<void> }> {
  const collection = await floor.collection(`bench-${NAME}-indexed`);
  await collection.index({ type: 1, _id: 1 });
  const { run } = floorSide(collection, shape);
  return { side: { how: 'one index more', run }, drop: () => collection.drop() };
}
