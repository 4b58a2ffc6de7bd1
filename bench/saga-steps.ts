/**
 * The steps of ordered sequences through processors that answer at once, beside the raw driver making the same commits:
 * what a step is to be done is recorded before it is handed over, and its answer before anything follows from it.
 */
import type { Annals, NewEvent, Processing } from '../src/client';
import type { FloorCollection } from './floor';
import { atRate } from './in-flight';
import { RATE_PER_SECOND } from './latency';
import type { Side } from './rounds';
import { numbered, STEP_TYPES, stepEvent, stepEvents, STEPS, workCommits } from './saga-documents';
import { appendAll, begin, handlers, knowProcessors, Recorded, stepKey } from './saga-place';

/** Steps that the processors of a turn have at a time, all together: as many as appends in flight elsewhere. */
export const STEPS_IN_FLIGHT = 64;

const idsOf = (turn: number, sequences: number): string[] =>
  Array.from({ length: sequences }, (_, i) => `${turn}-${i}`);

const sequencesOf = (steps: number, share: number): number => Math.max(1, Math.round((steps * share) / STEPS));

/**
 * Sequences whose events are all there wait for a processor. A turn begins with the processors and ends when the last
 * sequence is recorded as completed.
 */
export function stepsSide(clients: readonly Annals[], steps: number, prefix = ''): Side {
  let turns = 0;
  return {
    how: clients.length === 1 ? 'a processor' : `${clients.length} processors`,
    prepare: async (share) => {
      const [annals] = clients;
      if (annals === undefined) return;
      await knowProcessors(annals);
      const ids = idsOf(++turns, sequencesOf(steps, share)).map((id) => `${prefix}${id}`);
      const arrived = await Recorded.of(annals, 'StepArrived');
      await Promise.all([begin(annals, ids), appendAll(annals, ids)]);
      await arrived.all(ids.length * STEPS);
      await arrived.end();
    },
    run: async (share) => {
      const [annals] = clients;
      if (annals === undefined) return { events: 0, waitsMs: [] };
      const sequences = sequencesOf(steps, share);
      const completed = await Recorded.of(annals, 'SequenceCompleted');
      const processing = clients.map((client) => processors(client, Math.ceil(STEPS_IN_FLIGHT / clients.length)));
      try {
        await completed.all(sequences);
      } finally {
        await Promise.all([...processing.map(async (one) => one.stop()), completed.end()]);
      }
      return { events: sequences * STEPS, waitsMs: [] };
    },
  };
}

/** Steps after which a server that was just started works them about as fast as later on. */
const WARM_UP_STEPS = 1_500;

/** Before latencies, whose own warm-up is short: a server whose code is not compiled yet can hardly keep up with their rate. */
export async function warmUp(annals: Annals): Promise<void> {
  const side = stepsSide([annals], WARM_UP_STEPS, 'warm-up-');
  await side.prepare?.(1);
  await side.run(1);
}

const processors = (annals: Annals, concurrency: number): Processing =>
  annals.orderedSequences.process(
    handlers(() => ({ n: 1 })),
    { concurrency },
  );

/** As many sequences as there are steps at a time go through their commits together: no database can make more of them. */
export function workFloor(collection: FloorCollection, steps: number): Side {
  let turns = 0;
  return {
    how: `4 commits for 3 steps, ${STEPS_IN_FLIGHT} sequences together`,
    run: async (share) => {
      const ids = idsOf(++turns, sequencesOf(steps, share));
      for (let i = 0; i < ids.length; i += STEPS_IN_FLIGHT) {
        const group = ids.slice(i, i + STEPS_IN_FLIGHT).map(workCommits);
        for (let commit = 0; commit <= STEPS; commit++) {
          const documents = numbered(
            group.flatMap((commits) => commits[commit] ?? []),
            collection.next,
          );
          collection.next += documents.length;
          await collection.insert(documents);
        }
      }
      return { events: ids.length * STEPS, waitsMs: [] };
    },
  };
}

/** What a side of latencies works with until it is ended. */
export interface LatencySide {
  readonly side: Side;
  readonly end: () => Promise<void>;
}

/** Milliseconds that something waited. */
type Tell = (ms: number) => void;

/** What is appended in one call, and what then is on the log some time: the latency is from the one to the other. */
interface Sent {
  readonly events: NewEvent[];
  readonly until: string;
}

interface Latency {
  readonly how: string;
  readonly steps: number;
  readonly until: 'StepProcessed' | 'SequenceCompleted';
  readonly callsPerSecond: number;
  readonly calls: (ids: readonly string[]) => Sent[];
  /** What the ids of its sequences begin with, where others have sequences beside it. */
  readonly prefix?: string;
  /** Gets what each append waited for its answer. */
  readonly acknowledged: Tell;
}

/** The sequences are begun while no clock runs; a processor is there all the time. */
async function latencySide(annals: Annals, latency: Latency): Promise<LatencySide> {
  const { how, steps, until, callsPerSecond, calls, prefix = '', acknowledged } = latency;
  const [processing, recorded] = [processors(annals, STEPS_IN_FLIGHT), await Recorded.of(annals, until)];
  await processing.registered;
  let turns = 0;
  let ids: string[] = [];
  const side: Side = {
    how,
    prepare: async (share) => {
      ids = idsOf(++turns, sequencesOf(steps, share)).map((id) => `${prefix}${id}`);
      await begin(annals, ids);
    },
    run: async (share) => {
      const sent = calls(ids);
      const sentAt: number[] = [];
      await atRate(sent.length, callsPerSecond, async (index) => {
        const at = (sentAt[index] = performance.now());
        await annals.eventLog.append(sent[index]?.events ?? []);
        if (share === 1) acknowledged(performance.now() - at);
      });
      const recordedAt = await recorded.all(sent.length);
      const waitsMs = sent.map((one, i) => (recordedAt.get(one.until) ?? Number.NaN) - (sentAt[i] ?? Number.NaN));
      return { events: ids.length * STEPS, waitsMs };
    },
  };
  return {
    side,
    end: async () => {
      await Promise.all([processing.stop(), recorded.end()]);
    },
  };
}

/** From the call that appends a step's event to its answer being recorded. */
export const stepLatency = async (
  annals: Annals,
  options: Pick<Latency, 'steps' | 'prefix' | 'acknowledged'>,
): Promise<LatencySide> =>
  latencySide(annals, {
    ...options,
    how: "the step's answer recorded",
    until: 'StepProcessed',
    callsPerSecond: RATE_PER_SECOND,
    // Every sequence's first step, then every second one: the one before it is done by then.
    calls: (ids) =>
      STEP_TYPES.flatMap((_, step) => ids.map((id) => ({ events: [stepEvent(id, step)], until: stepKey(id, step) }))),
  });

/** From the call that appends the events of all steps to the end of the sequence being recorded. */
export const sagaLatency = async (
  annals: Annals,
  options: Pick<Latency, 'steps' | 'acknowledged'>,
): Promise<LatencySide> =>
  latencySide(annals, {
    ...options,
    how: 'a sequence of 3 steps completed',
    until: 'SequenceCompleted',
    callsPerSecond: RATE_PER_SECOND / STEPS,
    calls: (ids) => ids.map((id) => ({ events: stepEvents(id), until: id })),
  });
