/** Which steps a person's act is about, and why it may not be about them. */
import { planCompensations } from '../rollback/compensation-plan';
import { eventOf, firstOf, handlingOf, isPending, isUnderWay, nameOf, standsInTheWay, stepsThat } from './steps';
import type { Action } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

export type RefusalReason =
  | 'who-missing'
  | 'why-missing'
  | 'settled'
  | 'paused'
  | 'not-paused'
  | 'rolling-back'
  | 'no-step'
  | 'no-such-step'
  | 'name-a-step'
  | 'nothing-in-the-way'
  | 'nothing-failed'
  | 'under-way'
  | 'already-processed'
  | 'already-passed'
  | 'already-failed'
  | 'not-in-the-way'
  | 'nothing-to-compensate';

export interface Refused {
  readonly refused: { readonly reason: RefusalReason; readonly message: string };
}

export const refused = (reason: RefusalReason, message: string): Refused => ({ refused: { reason, message } });

/** Its rollback waits for a person. */
export const isStopped = ({ handling }: SequenceState): boolean =>
  handling.phase === 'needs-person' && handling.rollback !== null;

type Target = { readonly steps: readonly number[] } | Refused;

/** Of an act on steps, while no rollback has begun. */
export function target(state: SequenceState, action: Action, eventId: string): Target {
  const { phase, failure } = state.handling;
  const compensating = phase === 'running' && failure !== null;
  if (phase === 'rolling-back') return refused('rolling-back', 'it is being rolled back: steps no longer change');
  if (compensating && action === 'retry')
    return refused('rolling-back', 'it is rolled back once nothing is under way: no step is tried again');
  if (eventId === '') return unnamed(state, action);
  const step = state.document.events.findIndex((event) => event.eventId === eventId);
  if (step < 0) return refused('no-such-step', `the sequence has no step ${eventId}`);
  return objection(state, action, step) ?? { steps: [step] };
}

function unnamed(state: SequenceState, action: Action): Target {
  const standing = action === 'fail' ? [] : stepsThat(state, standsInTheWay);
  const holds = action === 'retry' ? waitsForRetry : isPending;
  const steps = standing.length > 0 ? standing : firstOf(state.document, stepsThat(state, holds));
  if (steps.length === 0)
    return action === 'retry'
      ? refused('nothing-failed', 'no step has failed')
      : refused('nothing-in-the-way', 'no step stands in the way');
  // Whoever goes past failed steps may mean them all; what is done by hand is said of each.
  const all = standing.length > 0 && action !== 'complete';
  if (steps.length === 1 || all) return { steps };
  const names = steps.map((step) => eventOf(state.document, step).eventId).join(', ');
  return refused('name-a-step', `several steps stand in the way, so one is to be named: ${names}`);
}

const waitsForRetry = (state: SequenceState, step: number): boolean => handlingOf(state, step).retryAt !== null;

/** Why this act on this step makes no progress; null: it does. */
function objection(state: SequenceState, action: Action, step: number): Refused | null {
  const name = nameOf(state.document, step);
  const { status } = eventOf(state.document, step);
  if (status === 'processed') return refused('already-processed', `${name} is processed`);
  if (action === 'skip' && handlingOf(state, step).skipped)
    return refused('already-passed', `${name} is passed already`);
  if (action === 'fail' && status === 'failed') return refused('already-failed', `${name} has failed already`);
  if (action !== 'retry' || status === 'failed' || waitsForRetry(state, step)) return null;
  return isUnderWay(state, step)
    ? refused('under-way', `${name} is being tried`)
    : refused('nothing-failed', `${name} has not failed`);
}

/** What a rollback would append, by name; steps that are under way may yet be processed, so they count. */
export function emittedBy(state: SequenceState): string[] {
  const events = state.document.events.map((event, step) =>
    isUnderWay(state, step) ? { ...event, status: 'processed' as const } : event,
  );
  const { emit } = planCompensations({ ...state, document: { ...state.document, events } });
  return emit.map(({ entry }) => compensatingOf(state, entry));
}

export const compensatingOf = ({ document }: SequenceState, entry: number): string =>
  `compensating event ${String(entry)} (${document.rollback_strategy.compensating_events[entry]?.eventId ?? ''})`;
