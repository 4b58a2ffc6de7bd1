/** What a sequence needs next. Pure: the engine asks, does it, records what came of it, and asks again. */
import { afterExhausted, retryAt } from '../rollback/retry-policy';
import { errorOf } from './act';
import {
  deadlineOf,
  doneWhenOf,
  eventOf,
  firstOf,
  handlingOf,
  inOrder,
  isUnderWay,
  standsInTheWay,
  stepsThat,
} from './steps';
import type { SequenceEntry, SequenceFailed, StepFailed } from './log-entry';
import type { SequenceState } from './sequence-state';

/** What a decision may know beside the state. */
export interface World {
  /** Ms since 1970. */
  readonly now: number;
  /** A processor for this event type has registered at some time. */
  readonly hasProcessor: (eventType: string) => boolean;
  /** 0 to 1, for the jitter of retries. */
  readonly random: () => number;
  /** A processor has this step at this moment. Absent: whoever has one still has it. */
  readonly isHeld?: (step: number) => boolean;
}

export type Next =
  /** These entries are to be recorded, together. */
  | { readonly kind: 'record'; readonly entries: readonly SequenceEntry[] }
  /** The compensating events are to be rendered, which needs the events' contents. */
  | { readonly kind: 'render' }
  /** The compensation with this place in `rollback.compensations` is to be appended. */
  | { readonly kind: 'append'; readonly compensation: number }
  | Waiting
  | { readonly kind: 'settled' };

export interface Waiting {
  readonly kind: 'wait';
  /** When to ask again at the latest, ms since 1970; null: when something happens. */
  readonly until: number | null;
  /** Steps that wait for their event, by their place. */
  readonly forEvents: readonly number[];
  /** Steps that are to be handed to a processor, now. */
  readonly toHand: readonly number[];
  /** Steps that wait for their observer. */
  readonly forObservers: readonly number[];
  /** Steps that wait for an event that follows theirs. */
  readonly forFollowers: readonly number[];
}

/** The code of an attempt that took too long. */
export const TIMEOUT = 'timeout';

export function next(state: SequenceState, world: World): Next {
  const { phase, paused } = state.handling;
  switch (phase) {
    case 'settled':
      return { kind: 'settled' };
    case 'needs-person':
      return waiting(state, world);
    case 'rolling-back':
      return paused ? waiting(state, world) : rollback(state);
    case 'running':
      return running(state, world);
  }
}

function rollback({ handling }: SequenceState): Next {
  const compensations = handling.rollback?.compensations ?? null;
  if (compensations === null) return { kind: 'render' };
  const compensation = compensations.findIndex(({ sequenceNumber }) => sequenceNumber === null);
  return compensation === -1 ? record([{ type: 'RollbackCompleted' }]) : { kind: 'append', compensation };
}

function running(state: SequenceState, world: World): Next {
  const underWay = stepsThat(state, isUnderWay);
  const late = underWay.filter((step) => (countedDeadline(state, step, world) ?? Infinity) <= world.now);
  if (late.length > 0) return record(late.map((step) => timedOut(state, step, world)));
  if (state.handling.paused) return waiting(state, world);
  const end = ending(state);
  // Steps that are under way beside a failed one still count, for the rollback too.
  if (end !== null) return underWay.length > 0 ? waiting(state, world) : record([end]);
  return goingOn(state, world);
}

/** Why nothing new starts; null: it goes on. */
function ending(state: SequenceState): SequenceFailed | null {
  const { document, handling } = state;
  // A person's decision to roll back, made while steps were under way.
  if (handling.failure !== null) return { type: 'SequenceFailed', ...handling.failure, then: 'rollback' };
  return document.continue_past_failure === true ? null : failure(state);
}

function failure(state: SequenceState): SequenceFailed | null {
  const [step] = firstOf(state.document, stepsThat(state, standsInTheWay));
  if (step === undefined) return null;
  return { type: 'SequenceFailed', step, ...errorOf(state, step), then: afterExhausted(state.document) };
}

function timedOut(state: SequenceState, step: number, { now, random }: World): StepFailed {
  const { attempts: attempt, processor, started, deadline } = handlingOf(state, step);
  const seconds = ((deadline ?? now) - (started ?? now)) / MS_PER_SECOND;
  return {
    type: 'StepFailed',
    step,
    attempt,
    code: TIMEOUT,
    message: `not done within ${String(seconds)} s`,
    permanent: false,
    by: processor,
    retryAt: retryAt(state.document, step, attempt, now, random),
  };
}

const MS_PER_SECOND = 1000;

/**
 * Order after order until one is not done. Steps that their event alone makes done are done at once, so that a
 * document whose events are all there needs one record and not one for each order.
 */
function goingOn(state: SequenceState, world: World): Next {
  const { document } = state;
  const entries: SequenceEntry[] = [];
  const toHand: number[] = [];
  let until: number | null = null;
  let blocked = Infinity;
  for (const step of inOrder(document)) {
    const { order, status } = eventOf(document, step);
    if (order > blocked) break;
    if (status !== 'pending') continue;
    const due = handlingOf(state, step).retryAt;
    if (due !== null && due > world.now) {
      until = earlier(until, due);
      blocked = order;
      continue;
    }
    const begins = beginning(state, step, world);
    if (begins === 'hand') toHand.push(step);
    else if (begins !== null) entries.push(begins);
    if (begins === null || begins === 'hand' || begins.type !== 'StepProcessed') blocked = order;
  }
  if (blocked === Infinity) entries.push(failure(state) ?? { type: 'SequenceCompleted' });
  return entries.length > 0 ? record(entries) : waiting(state, world, toHand, until);
}

/** How a pending step begins, if it can: it needs its event, and that nobody is at it. */
function beginning(state: SequenceState, step: number, world: World): SequenceEntry | 'hand' | null {
  const { arrived, started, attempts } = handlingOf(state, step);
  if (arrived === null || started !== null) return null;
  const doneWhen = doneWhenOf(state, step, world.hasProcessor);
  const attempt = attempts + 1;
  switch (doneWhen) {
    case 'processed':
      return 'hand';
    case 'appended':
      return { type: 'StepProcessed', step, attempt, doneWhen, by: arrived.eventId, output: null };
    case 'observed':
    case 'followed': {
      const deadline = deadlineOf(state.document, step, world.now);
      return { type: 'StepStarted', step, attempt, doneWhen, processor: '', deadline };
    }
  }
}

function waiting(
  state: SequenceState,
  world: World,
  toHand: readonly number[] = [],
  due: number | null = null,
): Waiting {
  const { document, handling } = state;
  const forEvents: number[] = [];
  const forObservers: number[] = [];
  const forFollowers: number[] = [];
  let until = due;
  handling.steps.forEach(({ arrived, started, doneWhen }, step) => {
    if (arrived === null && eventOf(document, step).status === 'pending') forEvents.push(step);
    if (started === null) return;
    const deadline = countedDeadline(state, step, world);
    if (deadline !== null) until = earlier(until, deadline);
    if (doneWhen === 'observed') forObservers.push(step);
    if (doneWhen === 'followed') forFollowers.push(step);
  });
  return { kind: 'wait', until, forEvents, toHand, forObservers, forFollowers };
}

/**
 * When an attempt counts as failed. The time that a processor is given for its answer does not run while nobody has the
 * step, or a server that was away for long would fail what it comes back to; a timeout of the step's own does.
 */
function countedDeadline(state: SequenceState, step: number, { isHeld }: World): number | null {
  const { deadline, doneWhen } = handlingOf(state, step);
  const isProcessors = doneWhen === 'processed' && eventOf(state.document, step).processing?.timeout === undefined;
  return isProcessors && isHeld?.(step) === false ? null : deadline;
}

const record = (entries: readonly SequenceEntry[]): Next => ({ kind: 'record', entries });

const earlier = (a: number | null, b: number): number => (a === null ? b : Math.min(a, b));
