/** What one entry changes of a state: a few fields, and all else stays the very same objects. */
import { eventOf, handlingOf } from './steps';
import type { SequenceDocument, SequenceEvent } from '../../src/contract/sequence-document';
import type { Handling, Outcome, Rollback, SequenceState, StepHandling } from './sequence-state';

export const isoOf = (ms: number): string => new Date(ms).toISOString();

export const changed = (
  state: SequenceState,
  document: Partial<SequenceDocument>,
  handling: Partial<Handling>,
): SequenceState => ({
  document: { ...state.document, ...document },
  handling: { ...state.handling, ...handling },
});

export function stepChanged(
  state: SequenceState,
  step: number,
  at: number,
  event: Partial<SequenceEvent>,
  handling: Partial<StepHandling>,
): SequenceState {
  const { document, handling: whole } = state;
  return {
    document: { ...document, events: document.events.with(step, { ...eventOf(document, step), ...event }) },
    handling: { ...whole, steps: whole.steps.with(step, { ...handlingOf(state, step), ...handling, updated: at }) },
  };
}

/** Nobody has it, and nothing is due. */
const AT_REST = { processor: '', started: null, deadline: null, retryAt: null } as const;

export const processed = (
  state: SequenceState,
  step: number,
  at: number,
  how: Pick<StepHandling, 'doneWhen' | 'attempts' | 'output'>,
): SequenceState =>
  stepChanged(
    state,
    step,
    at,
    { status: 'processed', processingTimestamp: isoOf(at) },
    { ...AT_REST, ...how, error: null, skipped: false },
  );

/** For good. An optional step that fails is passed. */
export const failed = (
  state: SequenceState,
  step: number,
  at: number,
  how: Pick<StepHandling, 'error'> & Partial<Pick<StepHandling, 'attempts' | 'skipped' | 'failures'>>,
): SequenceState =>
  stepChanged(
    state,
    step,
    at,
    { status: 'failed', processingTimestamp: isoOf(at) },
    { ...AT_REST, skipped: !eventOf(state.document, step).required, ...how },
  );

/** As if it had never been tried; that its event is there stays. */
export const anew = (state: SequenceState, step: number, at: number): SequenceState =>
  stepChanged(
    state,
    step,
    at,
    { status: 'pending', processingTimestamp: null },
    { ...AT_REST, doneWhen: null, attempts: 0, error: null, skipped: false, output: null },
  );

/** Nothing more happens to it: what was under way is nobody's any more. */
export function settled(state: SequenceState, outcome: Outcome, reason: string): SequenceState {
  const steps = state.handling.steps.map((step) =>
    step.started === null && step.retryAt === null ? step : { ...step, ...AT_REST },
  );
  const status = outcome === 'completed' ? 'completed' : 'failed';
  return changed(state, { status }, { phase: 'settled', paused: false, outcome, reason, steps });
}

const NOTHING_RENDERED: Rollback = { compensations: null, left: [], stopped: null };

export const rollingBack = (state: SequenceState, rollback: Rollback = NOTHING_RENDERED): SequenceState =>
  changed(state, { status: 'failed' }, { phase: 'rolling-back', rollback, reason: failureOf(state) });

/** Why it failed, for people. */
export const failureOf = ({ handling: { failure } }: SequenceState): string =>
  failure === null ? '' : `${failure.message} (${failure.code})`;
