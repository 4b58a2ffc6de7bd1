/** The measures by name, in the order in which they are run and printed. */
import { connect, type EventSequence } from '../src/client';
import { annalsSide, floorSide, throughClient, type AppendShape } from './append';
import { readingSide, scanSide, type Reading } from './catch-up';
import type { Decoding } from './floor';
import { Arrivals, commitSide, deliverySide, RATE_PER_SECOND } from './latency';
import { besideIdleObservers, IDLE_OBSERVERS } from './idle-observers';
import { compared, onNewSequence, type Context, type Measure } from './measure';
import { measureMemory, SILENT_SUBSCRIBERS } from './memory';
import { observingSide, type Observing } from './observing';
import { RELAY_MEASURES } from './relay-measures';
import { besideReplay } from './replaying';
import type { Figures } from './rounds';
import { SAGA_MEASURES } from './saga-measures';
import type { Sizes } from './sizes';
import { waits } from './statistics';
import { LOG } from './surroundings';
import { typeIndex } from './type-index';
import { TRACE_MEASURES } from './trace-measures';
import { TYPED_MEASURES } from './typed-measures';
import { unaryClient } from './unary';

type ShapeOf = (sizes: Sizes) => AppendShape;

const appends = (name: string, title: string, shapeOf: ShapeOf): Measure => ({
  name,
  title,
  run: (context) =>
    onNewSequence(context, name, async ({ sequence, raw }) => {
      const shape = shapeOf(context.sizes);
      const annals = annalsSide('AppendStream', throughClient(sequence), shape);
      return { kind: 'rate', name, title, figures: await compared(floorSide(raw, shape), annals, context) };
    }),
});

const inFlight = (calls: number): Measure =>
  appends(`in-flight-${calls}`, `${calls} appends in flight`, ({ inFlightEvents }) => ({
    events: inFlightEvents,
    eventsPerCall: 1,
    inFlight: calls,
  }));

/** The same load by unary calls, to stand beside the stream. */
const UNARY_IN_FLIGHT = 64;

const unary: Measure = {
  name: `unary-${UNARY_IN_FLIGHT}`,
  title: `${UNARY_IN_FLIGHT} unary calls in flight`,
  run: (context) =>
    onNewSequence(context, unary.name, async ({ sequence, raw }) => {
      const { name, title } = unary;
      const shape = { events: context.sizes.unaryEvents, eventsPerCall: 1, inFlight: UNARY_IN_FLIGHT };
      const client = unaryClient(context.server.address, sequence.address.sequence);
      try {
        const annals = annalsSide('unary Append', client.append, shape);
        return { kind: 'rate', name, title, figures: await compared(floorSide(raw, shape), annals, context) };
      } finally {
        client.close();
      }
    }),
};

const reads = (name: string, title: string, decoding: Decoding, reading: Reading): Measure => ({
  name,
  title,
  run: async (context) => {
    const { logEvents } = context.sizes;
    const scan = scanSide(await context.log.filled(logEvents), decoding);
    const annals = readingSide(context.annals.sequence(LOG), logEvents, reading);
    return { kind: 'rate', name, title, figures: await compared(scan, annals, context) };
  },
});

/** Handling the whole log through an observer that so many clients share. */
const observes = (name: string, title: string, clients: number, observing: Observing): Measure => ({
  name,
  title,
  run: async (context) => {
    const { logEvents } = context.sizes;
    const scan = scanSide(await context.log.filled(logEvents), 'decoded');
    const connections = Array.from({ length: clients }, () => connect(`annals://${context.server.address}`));
    try {
      const annals = observingSide(connections, LOG, logEvents, observing);
      return { kind: 'rate', name, title, figures: await compared(scan, annals, context) };
    } finally {
      await Promise.all(connections.map((connection) => connection.close()));
    }
  },
});

/** Around both sides of a latency measure, so that both meet what else is going on. */
type Beside = (context: Context, work: () => Promise<Figures>) => Promise<Figures>;

const latency = (
  name: string,
  title: string,
  { place, how, arrive, beside = (_, work) => work() }: LatencyOptions,
): Measure => ({
  name,
  title: `${title} at ${RATE_PER_SECOND}/s`,
  run: (context) =>
    onNewSequence(context, place, async ({ sequence, raw }) => {
      const events = context.sizes.latencyEvents;
      const acknowledged: number[] = [];
      const arrivals = new Arrivals();
      await arrive(arrivals, context, sequence);
      try {
        const annals = deliverySide(how, sequence, arrivals, events, (ms) => acknowledged.push(ms));
        const figures = await beside(context, () => compared(commitSide(raw, events), annals, context));
        return { kind: 'latency', name, title, figures, acknowledgedMs: waits(acknowledged) };
      } finally {
        await arrivals.end();
      }
    }),
});

interface LatencyOptions {
  /** What its sequence is called. */
  readonly place: string;
  readonly how: string;
  readonly arrive: (arrivals: Arrivals, context: Context, sequence: EventSequence) => Promise<void>;
  readonly beside?: Beside;
}

const handled = (place: string): LatencyOptions => ({
  place,
  how: 'event at the handler',
  arrive: (arrivals, { annals }, { address }) => arrivals.observe(annals, address.sequence, place),
});

/** Neither side is the raw driver: what counts is what the observers add. */
const idleObservers: Measure = {
  name: 'idle-observers',
  title: `64 appends in flight beside ${IDLE_OBSERVERS} observers that no event matches`,
  run: (context) =>
    onNewSequence(context, 'unobserved', async (without) =>
      onNewSequence(context, 'idle', async (observedPlace) => {
        const { name, title } = idleObservers;
        const shape = { events: context.sizes.inFlightEvents, eventsPerCall: 1, inFlight: 64 };
        const alone = annalsSide('the same without', throughClient(without.sequence), shape);
        const beside = annalsSide('AppendStream', throughClient(observedPlace.sequence), shape);
        const { sequence } = observedPlace.sequence.address;
        const figures = await besideIdleObservers(context.annals, sequence, () => compared(alone, beside, context));
        return { kind: 'rate', name, title, figures };
      }),
    ),
};

const memory: Measure = {
  name: 'memory',
  title: `the server's memory with ${SILENT_SUBSCRIBERS} subscribers that don't read`,
  run: (context) =>
    onNewSequence(context, 'memory', async ({ sequence }) => {
      const { name, title } = memory;
      const { server, processes, sizes, around } = context;
      const figures = await around(() => measureMemory(sequence, server.address, processes, sizes.memorySeconds));
      return { kind: 'memory', name, title, figures };
    }),
};

const oneByOne: ShapeOf = ({ serialEvents }) => ({ events: serialEvents, eventsPerCall: 1, inFlight: 1 });

const callsOf =
  (eventsPerCall: number, callsInFlight: number): ShapeOf =>
  ({ callsOf10Events, largeCallsEvents }) => ({
    events: eventsPerCall <= 10 ? callsOf10Events : largeCallsEvents,
    eventsPerCall,
    inFlight: callsInFlight,
  });

export const MEASURES: readonly Measure[] = [
  appends('serial', 'one append after the other', oneByOne),
  inFlight(64),
  inFlight(256),
  inFlight(1024),
  unary,
  appends('calls-10', 'calls of 10, one after the other', callsOf(10, 1)),
  appends('calls-100', 'calls of 100, one after the other', callsOf(100, 1)),
  appends('calls-1000', 'calls of 1000, one after the other', callsOf(1000, 1)),
  appends('calls-1000-x4', 'calls of 1000, four in flight', callsOf(1000, 4)),
  reads('catch-up-bson', 'subscription from zero, content as BSON', 'decoded', {
    how: 'Subscribe',
    by: 'subscribe',
    as: 'bson',
    decoded: false,
  }),
  reads('catch-up-decoded', 'the same, content decoded by the client', 'decoded', {
    how: 'Subscribe, decoded',
    by: 'subscribe',
    as: 'bson',
    decoded: true,
  }),
  reads('catch-up-json', 'subscription from zero, content as JSON', 'as-json', {
    how: 'Subscribe, JSON',
    by: 'subscribe',
    as: 'json',
    decoded: false,
  }),
  reads('read-bson', 'Read from zero to the end, content as BSON', 'decoded', {
    how: 'Read',
    by: 'read',
    as: 'bson',
    decoded: false,
  }),
  latency('latency', 'append to subscriber', {
    place: 'latency',
    how: 'event at the subscriber',
    arrive: (arrivals, _, sequence) => arrivals.follow(sequence),
  }),
  observes('observe', 'an observer from zero, a thousand partitions', 1, {
    how: 'Observe',
    partitionBy: 'source',
  }),
  observes('observe-x4', 'the same, shared by four clients', 4, { how: 'Observe, 4 clients', partitionBy: 'source' }),
  observes('observe-one-partition', 'an observer from zero, the whole sequence in order', 1, {
    how: 'Observe, 1 partition',
    partitionBy: 'whole',
  }),
  latency('observe-latency', 'append to handler', handled('handled')),
  latency('observe-latency-replay', 'the same beside a replay', {
    ...handled('handled-replay'),
    beside: async (context, work) => {
      const { logEvents } = context.sizes;
      await context.log.filled(logEvents);
      return besideReplay(context.annals, LOG, logEvents, work);
    },
  }),
  idleObservers,
  typeIndex,
  ...TYPED_MEASURES,
  ...RELAY_MEASURES,
  ...SAGA_MEASURES,
  ...TRACE_MEASURES,
  memory,
];
