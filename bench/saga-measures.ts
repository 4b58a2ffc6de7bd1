/** Ordered sequences: how fast their steps are worked, how many there may be, and how those that are over are found. */
import { connect, type Annals } from '../src/client';
import type { Fact } from './facts';
import { commitSide, RATE_PER_SECOND } from './latency';
import { compared, type Context, type Measure } from './measure';
import { measureArchive } from './saga-archive';
import { measureCrowd } from './saga-crowd';
import { SAGAS } from './saga-names';
import { onSagas } from './saga-place';
import { measureRebuild } from './saga-rebuild';
import {
  sagaLatency,
  stepLatency,
  stepsSide,
  STEPS_IN_FLIGHT,
  warmUp,
  workFloor,
  type LatencySide,
} from './saga-steps';
import { waits } from './statistics';

const steps = (name: string, title: string, processors: number): Measure => ({
  name,
  title,
  run: async (context) =>
    onSagas(context, name, async (annals) => {
      const { server, floor, sizes } = context;
      const raw = await floor.collection(name);
      const others = Array.from({ length: processors - 1 }, () =>
        connect(`annals://${server.address}/${SAGAS}?namespace=${name}`),
      );
      try {
        const side = stepsSide([annals, ...others], sizes.sagaSteps);
        const figures = await compared(workFloor(raw, sizes.sagaSteps), side, context);
        return { kind: 'rate', name, title, figures };
      } finally {
        await Promise.all(others.map(async (other) => other.close()));
        await raw.drop();
      }
    }),
});

const latency = (
  name: string,
  title: string,
  latencyOf: (
    annals: Annals,
    options: { readonly steps: number; readonly acknowledged: (ms: number) => void },
  ) => Promise<LatencySide>,
): Measure => ({
  name,
  title: `${title}, at ${RATE_PER_SECOND} steps/s`,
  run: async (context) =>
    onSagas(context, name, async (annals) => {
      const { floor, sizes } = context;
      const raw = await floor.collection(name);
      const acknowledged: number[] = [];
      await warmUp(annals);
      const { side, end } = await latencyOf(annals, {
        steps: sizes.latencyEvents,
        acknowledged: (ms) => acknowledged.push(ms),
      });
      try {
        const figures = await compared(commitSide(raw, sizes.latencyEvents), side, context);
        return { kind: 'latency', name, title, figures, acknowledgedMs: waits(acknowledged) };
      } finally {
        await end();
        await raw.drop();
      }
    }),
});

const facts = (name: string, title: string, measured: (context: Context) => Promise<Fact[]>): Measure => ({
  name,
  title,
  run: async (context) => ({ kind: 'facts', name, title, facts: await measured(context) }),
});

export const SAGA_MEASURES: readonly Measure[] = [
  steps('saga-steps', `steps of ordered sequences through one processor, ${STEPS_IN_FLIGHT} at a time`, 1),
  steps('saga-steps-x2', `the same through two processors, ${STEPS_IN_FLIGHT / 2} each`, 2),
  latency('step-latency', "from a step's event to its answer", stepLatency),
  latency('saga-latency', 'from the events of three steps to the end of their sequence', sagaLatency),
  facts('sagas-active', 'many ordered sequences that are not over, at a server of their own', ({ sizes, tell }) =>
    measureCrowd({ sequences: sizes.activeSagas, steps: sizes.latencyEvents, tell }),
  ),
  facts('sagas-archived', 'looking up ordered sequences that are over, in archives of twelve months', measureArchive),
  {
    name: 'sagas-rebuild',
    title: 'the projections of ordered sequences made anew from their log (entries/s)',
    run: async (context) => ({
      kind: 'rate',
      name: 'sagas-rebuild',
      title: 'the projections of ordered sequences made anew from their log',
      figures: await measureRebuild(context),
    }),
  },
];
