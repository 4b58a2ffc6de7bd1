/** What a person's act changes of a state. Whether it was sensible was asked before it was recorded: see resolve.ts. */
import { anew, changed, failed, failureOf, processed, rollingBack, settled } from './change';
import { firstOf, handlingOf, isPending, nameOf, standsInTheWay, stepsThat } from './steps';
import type { SequenceResolved } from './log-entry';
import type { SequenceState } from './sequence-state';

/** The code of a failure that is a person's decision. */
export const RESOLVED = 'resolved';

export function acted(state: SequenceState, entry: SequenceResolved, at: number): SequenceState {
  switch (entry.action) {
    case 'pause':
      return changed(state, {}, { paused: true });
    case 'resume':
      return changed(state, {}, { paused: false });
    case 'cancel':
      return settled(state, 'cancelled', entry.why);
    case 'compensate':
      return compensating(state, entry);
    case 'fail':
      if (entry.step === null) return settled(state, 'failed', state.handling.reason || entry.why);
      return goingOn(stepActed(state, entry, entry.step, at));
    case 'retry':
    case 'skip':
    case 'complete':
      if (entry.entry !== null) return rollbackActed(state, entry, entry.entry);
      return goingOn(stepsOf(state, entry).reduce((now, step) => stepActed(now, entry, step, at), state));
  }
}

/** The step that it names, or every one that stands in the way. */
export const stepsOf = (state: SequenceState, { step }: Pick<SequenceResolved, 'step'>): readonly number[] =>
  step === null ? stepsThat(state, standsInTheWay) : [step];

function stepActed(state: SequenceState, entry: SequenceResolved, step: number, at: number): SequenceState {
  const error = { code: RESOLVED, message: entry.why, permanent: true };
  const { doneWhen, attempts, error: before } = handlingOf(state, step);
  switch (entry.action) {
    case 'retry':
      return anew(state, step, at);
    case 'complete':
      return processed(state, step, at, { doneWhen, attempts, output: entry.output });
    case 'skip':
      return failed(state, step, at, { error: before ?? error, skipped: true });
    default:
      return failed(state, step, at, { error });
  }
}

/** Where nothing stands in the way any more it runs again; what is left to decide is told otherwise. */
function goingOn(state: SequenceState): SequenceState {
  const { phase } = state.handling;
  const status = state.document.status === 'created' ? 'in_progress' : state.document.status;
  if (phase !== 'needs-person') return changed(state, { status }, {});
  const [left] = firstOf(state.document, stepsThat(state, standsInTheWay));
  if (left === undefined)
    return changed(state, { status: 'in_progress' }, { phase: 'running', failure: null, reason: '' });
  const known = changed(state, {}, { failure: { step: left, ...errorOf(state, left) } });
  return changed(known, {}, { reason: `${nameOf(state.document, left)}: ${failureOf(known)}` });
}

/**
 * Nothing new starts from here on. What is under way is waited for, and meanwhile the phase stays `running` with the
 * failure already known: that is what tells next.ts to roll back after it.
 */
function compensating(state: SequenceState, { step, why }: SequenceResolved): SequenceState {
  if (state.handling.phase === 'needs-person') return rollingBack(state);
  const failing = step ?? failingStep(state);
  const known = standsInTheWay(state, failing) ? errorOf(state, failing) : { code: RESOLVED, message: why };
  return changed(state, {}, { failure: { step: failing, ...known }, reason: why });
}

/** The step whose failure a rollback that a person wants goes back to: the first that stands in the way or is pending. */
export function failingStep(state: SequenceState): number {
  const [standing] = firstOf(state.document, stepsThat(state, standsInTheWay));
  const [pending] = firstOf(state.document, stepsThat(state, isPending));
  return standing ?? pending ?? state.document.events.length - 1;
}

/** Why this step has failed. */
export function errorOf(state: SequenceState, step: number): { code: string; message: string } {
  const { code, message } = handlingOf(state, step).error ?? { code: 'failed', message: 'it failed' };
  return { code, message };
}

/** A rollback that had stopped goes on, with that entry or past it. */
function rollbackActed(state: SequenceState, { action, why }: SequenceResolved, entry: number): SequenceState {
  const { rollback } = state.handling;
  if (rollback === null) throw new Error(`sequence ${state.document.sequenceId} is not being rolled back`);
  if (action === 'retry') return rollingBack(state, { ...rollback, stopped: null });
  const left = { entry, why: action === 'complete' ? `done by hand: ${why}` : why };
  return rollingBack(state, {
    compensations: rollback.compensations?.filter((compensation) => compensation.entry !== entry) ?? null,
    left: [...rollback.left, left],
    stopped: null,
  });
}
