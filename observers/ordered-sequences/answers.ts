/**
 * What something that happened outside leads to: entries to be recorded, none when it changes nothing, as what comes
 * late, twice, or from somebody who no longer has the step does. An answer to an attempt from before a person had the
 * step tried anew may name the same number: the engine tells those apart by their task, since it was revoked.
 */
import { retryAt } from '../rollback/retry-policy';
import { next, type World } from './next';
import { deadlineOf, eventOf, handlingOf } from './steps';
import type { SequenceEntry, StepFailed, StepProcessed } from './log-entry';
import type { DoneWhen, Json } from '../../src/contract/sequence-document';
import type { Arrived, SequenceState } from './sequence-state';

export type Answer =
  | { readonly kind: 'processed'; readonly output: Json }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly permanent: boolean };

/** What a processor says of the attempt that it has. */
export interface StepAnswered {
  readonly step: number;
  readonly attempt: number;
  readonly processor: string;
  readonly answer: Answer;
}

/** A step that a processor has. */
export interface Handed {
  readonly step: number;
  readonly attempt: number;
  readonly processor: string;
  readonly deadline: number | null;
}

/** The code of a step whose observer gave its event up. */
export const OBSERVER_FAILED = 'observer_failed';

const NOTHING: readonly SequenceEntry[] = [];

/** The event of a step is on the log. One event is the event of one step. */
export function arrived(state: SequenceState, step: number, facts: Arrived): readonly SequenceEntry[] {
  const { phase, steps } = state.handling;
  if (phase === 'settled' || handlingOf(state, step).arrived !== null) return NOTHING;
  if (steps.some((other) => other.arrived?.eventId === facts.eventId)) return NOTHING;
  const { eventId, sequenceNumber, eventType, eventSourceId, correlationId } = facts;
  return [{ type: 'StepArrived', step, eventId, sequenceNumber, eventType, eventSourceId, correlationId }];
}

/**
 * A step goes to this processor: a new attempt when it is to be handed now, and the same one when another had it, who
 * is lost. `deadline` counts unless the step has a timeout of its own, which is not prolonged by a change of hands. A
 * processor that has it already (and came back) can be told again with nothing recorded.
 */
export function handed(
  state: SequenceState,
  step: number,
  processor: string,
  deadline: number | null,
  world: World,
): readonly SequenceEntry[] {
  const before = handlingOf(state, step);
  const again = before.started !== null;
  if (again ? !mayChangeHands(state, step, processor) : !isToHand(state, step, world)) return NOTHING;
  const own = deadlineOf(state.document, step, before.started ?? world.now);
  return [
    {
      type: 'StepStarted',
      step,
      attempt: again ? before.attempts : before.attempts + 1,
      doneWhen: 'processed',
      processor,
      deadline: own ?? deadline,
    },
  ];
}

/** What processors have. The engine asks this after a start, and when one is lost. */
export const inHands = (state: SequenceState): readonly Handed[] =>
  state.handling.steps.flatMap(({ started, doneWhen, attempts: attempt, processor, deadline }, step) =>
    started !== null && doneWhen === 'processed' ? [{ step, attempt, processor, deadline }] : [],
  );

/** While it is paused nobody is asked anew for an effect. */
const mayChangeHands = (state: SequenceState, step: number, processor: string): boolean =>
  isUnderWay(state, step, 'processed') && !state.handling.paused && handlingOf(state, step).processor !== processor;

function isToHand(state: SequenceState, step: number, world: World): boolean {
  const wanted = next(state, world);
  return wanted.kind === 'wait' && wanted.toHand.includes(step);
}

/** A processor has answered. */
export function answered(
  state: SequenceState,
  { step, attempt, processor, answer }: StepAnswered,
  world: World,
): readonly SequenceEntry[] {
  if (!isUnderWay(state, step, 'processed')) return NOTHING;
  const before = handlingOf(state, step);
  if (before.attempts !== attempt || before.processor !== processor) return NOTHING;
  if (answer.kind === 'processed') return [done(state, step, processor, answer.output)];
  const { code, message, permanent } = answer;
  const retry = permanent ? null : retryAt(state.document, step, attempt, world.now, world.random);
  return [failed(state, step, processor, { code, message, permanent, retryAt: retry })];
}

/** The step's observer has handled its event. */
export const observed = (state: SequenceState, step: number, observer: string): readonly SequenceEntry[] =>
  waitsForObserver(state, step, observer) ? [done(state, step, observer, null)] : NOTHING;

/** The step's observer has given its event up. It has had retries of its own, so no more follow. */
export const observerFailed = (
  state: SequenceState,
  step: number,
  observer: string,
  message: string,
): readonly SequenceEntry[] =>
  waitsForObserver(state, step, observer)
    ? [failed(state, step, observer, { code: OBSERVER_FAILED, message, permanent: true, retryAt: null })]
    : NOTHING;

const waitsForObserver = (state: SequenceState, step: number, observer: string): boolean =>
  isUnderWay(state, step, 'observed') && eventOf(state.document, step).processing?.observer === observer;

/** The event that a step waits for has followed its own. */
export const followed = (state: SequenceState, step: number, eventId: string): readonly SequenceEntry[] =>
  isUnderWay(state, step, 'followed') ? [done(state, step, eventId, null)] : NOTHING;

function isUnderWay(state: SequenceState, step: number, doneWhen: DoneWhen): boolean {
  const before = handlingOf(state, step);
  return state.handling.phase === 'running' && before.started !== null && before.doneWhen === doneWhen;
}

function done(state: SequenceState, step: number, by: string, output: Json): StepProcessed {
  const { attempts: attempt, doneWhen } = handlingOf(state, step);
  return { type: 'StepProcessed', step, attempt, doneWhen: doneWhen ?? 'processed', by, output };
}

const failed = (
  state: SequenceState,
  step: number,
  by: string,
  how: Pick<StepFailed, 'code' | 'message' | 'permanent' | 'retryAt'>,
): StepFailed => ({ type: 'StepFailed', step, attempt: handlingOf(state, step).attempts, by, ...how });
