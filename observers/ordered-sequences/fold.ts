/**
 * The state of a sequence as the entries of its log make it. Nothing else goes in: not a clock (an entry's own time
 * counts), not what the server knows beside, so that the same entries always give the same state.
 */
import { acted } from './act';
import { changed, failed, failureOf, isoOf, processed, rollingBack, settled, stepChanged } from './change';
import { handlingOf, nameOf } from './steps';
import type {
  RollbackRendered,
  RollbackStopped,
  SequenceCreated,
  SequenceEntry,
  SequenceFailed,
  StepFailed,
  StepStarted,
} from './log-entry';
import type { SequenceDocument, SequenceEvent } from '../../src/contract/sequence-document';
import {
  CODES_PER_STEP,
  OTHER_CODES,
  type FailureTally,
  type Outcome,
  type Rollback,
  type SequenceState,
  type StepHandling,
} from './sequence-state';

/** Where an entry is on the log, and when it occurred, in ms since 1970. */
export interface LogPlace {
  readonly number: number;
  readonly at: number;
}

/** The first entry is SequenceCreated. One that is folded in already changes nothing. */
export function fold(state: SequenceState | undefined, entry: SequenceEntry, place: LogPlace): SequenceState {
  if (state === undefined) {
    if (entry.type === 'SequenceCreated') return begun(entry, place);
    throw new Error(`the log of a sequence begins with ${entry.type} at ${String(place.number)}`);
  }
  if (place.number <= state.handling.last) return state;
  return changed(applied(state, entry, place), { updated_at: isoOf(place.at) }, { last: place.number });
}

function applied(state: SequenceState, entry: SequenceEntry, place: LogPlace): SequenceState {
  const { at } = place;
  switch (entry.type) {
    case 'SequenceCreated':
      throw new Error(`sequence ${state.document.sequenceId} begins twice`);
    case 'StepArrived': {
      const { step, eventId, sequenceNumber, eventType, eventSourceId, correlationId } = entry;
      const arrived = { eventId, sequenceNumber, eventType, eventSourceId, correlationId };
      // Where only was known what it matches, the document now names it.
      return stepChanged(state, step, at, { eventId }, { arrived });
    }
    case 'StepStarted':
      return inProgress(started(state, entry, at));
    case 'StepProcessed': {
      const { step, doneWhen, attempt, output } = entry;
      return inProgress(processed(state, step, at, { doneWhen, attempts: attempt, output }));
    }
    case 'StepFailed':
      return inProgress(attemptFailed(state, entry, place));
    case 'SequenceCompleted':
      return changed(settled(state, 'completed', ''), { completed_at: isoOf(at) }, {});
    case 'SequenceFailed':
      return sequenceFailed(state, entry);
    case 'RollbackRendered':
      return rendered(state, entry);
    case 'RollbackStopped':
      return stopped(state, entry);
    case 'CompensationAppended': {
      const rollback = rollbackOf(state);
      const compensations =
        rollback.compensations?.map((compensation) =>
          compensation.entry === entry.entry ? { ...compensation, sequenceNumber: entry.sequenceNumber } : compensation,
        ) ?? null;
      return changed(state, {}, { rollback: { ...rollback, compensations } });
    }
    case 'RollbackCompleted':
      return settled(state, 'rolled_back', state.handling.reason);
    case 'SequenceResolved':
      return acted(state, entry, at);
  }
}

function begun({ document, depth }: SequenceCreated, { number, at }: LogPlace): SequenceState {
  const time = isoOf(at);
  const outcome = outcomeOf(document);
  return {
    document: {
      ...document,
      created_at: document.created_at ?? time,
      updated_at: document.updated_at ?? time,
      completed_at: outcome === 'completed' ? (document.completed_at ?? time) : document.completed_at,
    },
    handling: {
      last: number,
      created: number,
      depth,
      phase: outcome === null ? 'running' : 'settled',
      paused: false,
      outcome,
      reason: outcome === 'failed' ? 'it had failed when it was taken over' : '',
      steps: document.events.map((event) => begunStep(event, at)),
      failure: null,
      rollback: null,
    },
  };
}

/** A document that is over when it is given stays as it is. */
function outcomeOf({ status }: SequenceDocument): Outcome | null {
  return status === 'completed' || status === 'failed' ? status : null;
}

/** A step that was processed or had failed elsewhere is taken over so. */
function begunStep({ status, required }: SequenceEvent, at: number): StepHandling {
  const hasFailed = status === 'failed';
  return {
    arrived: null,
    doneWhen: null,
    attempts: 0,
    processor: '',
    started: null,
    deadline: null,
    retryAt: null,
    error: hasFailed
      ? { code: 'taken_over', message: 'it had failed when the sequence was taken over', permanent: true }
      : null,
    skipped: hasFailed && !required,
    output: null,
    failures: [],
    updated: at,
  };
}

const inProgress = (state: SequenceState): SequenceState =>
  state.document.status === 'created' ? changed(state, { status: 'in_progress' }, {}) : state;

/** The same attempt once more: another processor has it, and it still began when it did. */
function started(state: SequenceState, entry: StepStarted, at: number): SequenceState {
  const { step, attempt, doneWhen, processor, deadline } = entry;
  const before = handlingOf(state, step);
  const since = before.started !== null && before.attempts === attempt ? before.started : at;
  return stepChanged(
    state,
    step,
    at,
    {},
    { doneWhen, attempts: attempt, processor, started: since, deadline, retryAt: null },
  );
}

function attemptFailed(state: SequenceState, entry: StepFailed, { number, at }: LogPlace): SequenceState {
  const { step, attempt: attempts, code, message, permanent, retryAt } = entry;
  const how = {
    attempts,
    error: { code, message, permanent },
    failures: tallied(handlingOf(state, step).failures, entry, number),
  };
  if (retryAt === null) return failed(state, step, at, how);
  return stepChanged(state, step, at, {}, { ...how, processor: '', started: null, deadline: null, retryAt });
}

function tallied(tallies: readonly FailureTally[], entry: StepFailed, last: number): readonly FailureTally[] {
  const { message } = entry;
  const known = tallies.some(({ code }) => code === entry.code) || tallies.length < CODES_PER_STEP;
  const code = known ? entry.code : OTHER_CODES;
  const retries = entry.retryAt === null ? 0 : 1;
  const place = tallies.findIndex((tally) => tally.code === code);
  const before = tallies[place];
  if (before === undefined) return [...tallies, { code, failures: 1, retries, message, last }];
  return tallies.with(place, { code, failures: before.failures + 1, retries: before.retries + retries, message, last });
}

function sequenceFailed(state: SequenceState, { step, code, message, then }: SequenceFailed): SequenceState {
  const known = changed(state, { status: 'failed' }, { failure: { step, code, message } });
  const reason = `${nameOf(state.document, step)}: ${failureOf(known)}`;
  switch (then) {
    case 'rollback':
      return rollingBack(known);
    case 'person':
      return changed(known, {}, { phase: 'needs-person', reason });
    case 'end':
      return settled(known, 'failed', reason);
  }
}

function rendered(state: SequenceState, entry: RollbackRendered): SequenceState {
  const rollback = rollbackOf(state);
  // A person's reason for leaving an entry out stands before the renderer's.
  const told = new Set(rollback.left.map((left) => left.entry));
  return changed(
    state,
    {},
    {
      rollback: {
        compensations: entry.compensations.map((compensation) => ({ ...compensation, sequenceNumber: null })),
        left: [...rollback.left, ...entry.left.filter((left) => !told.has(left.entry))],
        stopped: null,
      },
    },
  );
}

function stopped(state: SequenceState, { entry, faults }: RollbackStopped): SequenceState {
  const type = state.document.rollback_strategy.compensating_events[entry]?.eventId ?? '';
  const reason = `compensating event ${String(entry)} (${type}): ${faults.join('; ')}`;
  return changed(
    state,
    {},
    { phase: 'needs-person', reason, rollback: { ...rollbackOf(state), stopped: { entry, faults } } },
  );
}

function rollbackOf({ document, handling: { rollback } }: SequenceState): Rollback {
  if (rollback === null) throw new Error(`sequence ${document.sequenceId} is not being rolled back`);
  return rollback;
}
