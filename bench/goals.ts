/** What the log and its observers are meant to reach, and whether it did. Pure. */
import { SILENT_SUBSCRIBERS } from './memory';
import type { Result } from './result';
import type { Figures } from './rounds';
import { decimal, megabytes, percent, whole } from './table';

/** Milliseconds that a serial append may cost beyond its floor: about a gRPC round trip. */
const SERIAL_COST_MS = 0.4;
/** Events a second with 64 in flight. */
const IN_FLIGHT_RATE = 20_000;
/** Part of the floor that calls of 1000 reach. */
const LARGE_CALLS_RATIO = 0.8;
/** Events a second of a catch-up in BSON. */
const CATCH_UP_RATE = 200_000;
/** Commits that an event may take from append to subscriber, in 99 of 100 cases. */
const LIVE_COMMITS = 2;
/** Events a second through an observer with one client whose handler does nothing. */
const OBSERVE_RATE = 100_000;
/** Milliseconds beyond the commits that an event may take to its handler: reading it, two messages, a turn of each loop. */
const HANDLED_COST_MS = 2;
/** Events a second through a link between two servers. */
const RELAY_RATE = 20_000;
/** Commits that an event may take from the outbox to a handler of the inbox: its own, the inbox's, and as much again for the ways between. */
const RELAY_COMMITS = 4;
/** Commits that a step may take from its event to its answer: its event's, that it begins, its answer's, and as much again for the ways between. */
const STEP_COMMITS = 6;
/** Commits that three steps may take from their events to the end: that of the events, four of the work, and as much again. */
const SAGA_COMMITS = 10;
/** Events a second whose causes are projected anew. */
const CAUSES_RATE = 50_000;
/** Milliseconds that a trace may take, and what the bench calls the one that is meant. */
const TRACE_MS = 50;
const TRACE_EVENTS = 'of 1000 events';
/** Part of the rate without any observer that is left beside a hundred idle ones: what is less cannot be told from noise. */
const BESIDE_IDLE_RATIO = 0.95;
/** Milliseconds for which a large batch may hold up the server's event loop at a time. */
const BLOCKING_MS = 20;
/** The server's memory at most, in bytes. */
const MEMORY_BYTES = 250_000_000;
/** Growth beyond the noise of a garbage-collected heap, as a part. */
const FLAT = 0.05;

export interface Goal {
  readonly measure: string;
  readonly goal: string;
  readonly reached: string;
  readonly met: boolean;
}

/** The goals of those measures that were run. */
export const goals = (results: readonly Result[]): Goal[] => results.flatMap(goalsOf);

function goalsOf(result: Result): Goal[] {
  const goal = (text: string, reached: string, met: boolean): Goal => ({
    measure: result.name,
    goal: text,
    reached,
    met,
  });
  if (result.kind === 'memory') {
    const { peak, growth } = result.figures;
    return [
      goal(`under ${megabytes(MEMORY_BYTES)}`, `at most ${megabytes(peak)}`, peak < MEMORY_BYTES),
      goal(`flat with ${SILENT_SUBSCRIBERS} subscribers that don't read`, `grew by ${percent(growth)}`, growth <= FLAT),
    ];
  }
  if (result.kind === 'facts') {
    return result.facts.flatMap((fact) => {
      if (result.name !== 'traces' || fact.what !== TRACE_EVENTS || !('waitsMs' in fact)) return [];
      const { p50 } = fact.waitsMs;
      return [goal(`p50 ${TRACE_EVENTS} at most ${TRACE_MS} ms`, `${decimal(p50)} ms`, p50 <= TRACE_MS)];
    });
  }
  if (result.kind === 'blocking') {
    const { plain, checked } = result.figures;
    const longest = checked.own.high;
    const beside = `a plain batch ${decimal(plain.own.high)} ms`;
    return [goal(`at most ${BLOCKING_MS} ms`, `${decimal(longest)} ms; ${beside}`, longest <= BLOCKING_MS)];
  }
  const { floor, annals, ratio } = result.figures;
  switch (result.name) {
    case 'serial': {
      const cost = annals.waitsMs.p50 - floor.waitsMs.p50;
      return [goal(`p50 at most floor + ${SERIAL_COST_MS} ms`, `floor + ${decimal(cost)} ms`, cost <= SERIAL_COST_MS)];
    }
    case 'in-flight-64':
      return [goal(`${whole(IN_FLIGHT_RATE)} events/s`, ...reachedRate(result.figures, IN_FLIGHT_RATE))];
    case 'calls-1000':
    case 'calls-1000-x4':
      return [goal(`${LARGE_CALLS_RATIO} of the floor`, decimal(ratio.median), ratio.median >= LARGE_CALLS_RATIO)];
    case 'catch-up-bson':
      return [goal(`${whole(CATCH_UP_RATE)} events/s`, ...reachedRate(result.figures, CATCH_UP_RATE))];
    case 'latency':
      return [goal(`p99 at most ${LIVE_COMMITS} commits`, ...reachedCommits(result.figures, LIVE_COMMITS))];
    case 'relay-between':
      return [goal(`${whole(RELAY_RATE)} events/s`, ...reachedRate(result.figures, RELAY_RATE))];
    case 'relay-latency':
    case 'relay-latency-between':
      return [goal(`p99 at most ${RELAY_COMMITS} commits`, ...reachedCommits(result.figures, RELAY_COMMITS))];
    case 'step-latency':
      return [goal(`p99 at most ${STEP_COMMITS} commits`, ...reachedCommits(result.figures, STEP_COMMITS))];
    case 'saga-latency':
      return [goal(`p99 at most ${SAGA_COMMITS} commits`, ...reachedCommits(result.figures, SAGA_COMMITS))];
    case 'causes':
      return [goal(`${whole(CAUSES_RATE)} events/s`, ...reachedRate(result.figures, CAUSES_RATE))];
    case 'observe':
      return [goal(`${whole(OBSERVE_RATE)} events/s`, ...reachedRate(result.figures, OBSERVE_RATE))];
    case 'observe-latency': {
      const most = LIVE_COMMITS * floor.waitsMs.p50 + HANDLED_COST_MS;
      const { p99 } = annals.waitsMs;
      const text = `p99 at most ${LIVE_COMMITS} commits + ${HANDLED_COST_MS} ms`;
      return [goal(text, `${decimal(p99)} ms of ${decimal(most)} ms`, p99 <= most)];
    }
    case 'idle-observers':
      return [
        goal(`${BESIDE_IDLE_RATIO} of the rate without`, decimal(ratio.median), ratio.median >= BESIDE_IDLE_RATIO),
      ];
    default:
      return [];
  }
}

function reachedCommits({ floor, annals }: Figures, most: number): [reached: string, met: boolean] {
  const commits = annals.waitsMs.p99 / floor.waitsMs.p50;
  const beside = `a raw commit's own p99 is ${decimal(floor.waitsMs.p99 / floor.waitsMs.p50)}`;
  return [`${decimal(commits)} commits; ${beside}`, commits <= most];
}

function reachedRate({ annals }: Figures, rate: number): [reached: string, met: boolean] {
  const { median } = annals.eventsPerSecond;
  return [`${whole(median)} events/s`, median >= rate];
}
