/**
 * What a person's act would do, in words, said before it is done and recorded with it; or why it is refused, as
 * everything is that can make no progress. What it then changes is in act.ts.
 */
import { afterExhausted } from '../rollback/retry-policy';
import { acted, failingStep } from './act';
import { compensatingOf, emittedBy, isStopped, refused, target, type Refused } from './resolve-target';
import { eventOf, isPending, isUnderWay, nameOf, standsInTheWay, stepsThat } from './steps';
import type { World } from './next';
import type { SequenceResolved } from './log-entry';
import type { Action, Json } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

export interface PersonsAct {
  readonly action: Action;
  /** The step that it is about; empty or absent: the one that stands in the way, or the whole. */
  readonly eventId?: string | undefined;
  readonly who: string;
  readonly why: string;
  /** Of `complete`. */
  readonly output: Json;
  /** Only asks: then nobody needs to be named yet. */
  readonly dryRun?: boolean | undefined;
}

export type Resolution = { readonly entry: SequenceResolved } | Refused;

type Plan = Pick<SequenceResolved, 'step' | 'entry' | 'consequences'>;

export function resolution(state: SequenceState, act: PersonsAct, world: World): Resolution {
  const { action, who, why, output, dryRun = false } = act;
  if (!dryRun && who.trim() === '') return refused('who-missing', 'an act of a person names who does it');
  if (!dryRun && why.trim() === '') return refused('why-missing', 'an act of a person says why');
  const { phase, outcome } = state.handling;
  if (phase === 'settled') return refused('settled', `the sequence is over: ${outcome ?? 'settled'}`);
  const plan = planOf(state, act);
  if ('refused' in plan) return plan;
  const { step, entry, consequences } = plan;
  const given = { type: 'SequenceResolved', action, step, entry, who, why } as const;
  const said = { ...given, output: action === 'complete' ? output : null, consequences };
  const after = whatFollows(state, said, world);
  return { entry: { ...said, consequences: [...consequences, ...after] } };
}

function planOf(state: SequenceState, act: PersonsAct): Plan | Refused {
  switch (act.action) {
    case 'retry':
    case 'skip':
    case 'complete':
      return isStopped(state) ? rollbackPlan(state, act) : stepPlan(state, act);
    case 'fail':
      return state.handling.phase === 'running' ? stepPlan(state, act) : ends(state, act);
    case 'cancel':
      return ends(state, act);
    case 'compensate':
      return aboutWhole(state, act) ?? compensatePlan(state);
    case 'pause':
      if (state.handling.paused) return refused('paused', 'the sequence is paused already');
      return aboutWhole(state, act) ?? whole(...pausing(state));
    case 'resume':
      if (!state.handling.paused) return refused('not-paused', 'the sequence is not paused');
      return aboutWhole(state, act) ?? whole('What was held back goes on.');
  }
}

const whole = (...consequences: readonly string[]): Plan => ({ step: null, entry: null, consequences });

function aboutWhole(state: SequenceState, { action, eventId = '' }: PersonsAct): Refused | null {
  return eventId === '' ? null : refused('no-step', `${action} is about the whole sequence and names no step`);
}

function stepPlan(state: SequenceState, act: PersonsAct): Plan | Refused {
  const found = target(state, act.action, act.eventId ?? '');
  if ('refused' in found) return found;
  const consequences = found.steps.flatMap((step) => consequencesFor(state, act.action, step));
  // Where several stand in the way and none is named, the act is about them all.
  return { step: found.steps.length === 1 ? (found.steps[0] ?? null) : null, entry: null, consequences };
}

function consequencesFor({ document, handling }: SequenceState, action: Action, step: number): string[] {
  const name = nameOf(document, step);
  const { started, processor, arrived } = handling.steps[step] ?? { started: null, processor: '', arrived: null };
  const late =
    started === null ? [] : [`What ${processor || 'it waits for'} answers about it changes nothing any more.`];
  const { required, order } = eventOf(document, step);
  switch (action) {
    case 'retry':
      return [
        `${capital(name)} is tried again, with its attempts counted anew and the same idempotency key.`,
        ...(arrived === null ? [`It waits for its event first, which is not on the log.`] : []),
      ];
    case 'skip':
      return [`${capital(name)} counts as failed, and the sequence goes past it.`, ...late];
    case 'complete':
      return [
        `${capital(name)} counts as processed, done by hand: a rollback compensates for order ${String(order)} too.`,
        ...late,
      ];
    default:
      return [
        `${capital(name)} counts as failed for good.`,
        ...(required ? [] : ['It is optional, so the sequence goes past it.']),
        ...late,
      ];
  }
}

/** A rollback that stopped goes on with the entry, or past it. */
function rollbackPlan(state: SequenceState, { action, eventId = '' }: PersonsAct): Plan | Refused {
  const { rollback } = state.handling;
  const entry = rollback?.stopped?.entry ?? 0;
  const type = state.document.rollback_strategy.compensating_events[entry]?.eventId ?? '';
  const compensation = rollback?.compensations?.find((each) => each.entry === entry);
  if (eventId !== '' && eventId !== type && eventId !== compensation?.eventId)
    return refused('rolling-back', `a rollback is under way, and what it stopped at is ${type}, not ${eventId}`);
  const name = compensatingOf(state, entry);
  const goesOn = 'The rollback goes on with the others; what was appended is not appended again.';
  switch (action) {
    case 'retry':
      if (compensation === undefined) return onEntry(entry, 'Every compensating event is rendered again.');
      return onEntry(entry, `${capital(name)} is appended as it was rendered, or refused again.`);
    case 'complete':
      return onEntry(entry, `${capital(name)} is left out: it was done by hand.`, goesOn);
    default:
      return onEntry(entry, `${capital(name)} is left out, with the reason kept.`, goesOn);
  }
}

const onEntry = (entry: number, ...consequences: readonly string[]): Plan => ({ step: null, entry, consequences });

function ends(state: SequenceState, { action, eventId = '' }: PersonsAct): Plan | Refused {
  const cancelled = action === 'cancel';
  if (eventId !== '') {
    const found = cancelled
      ? aboutWhole(state, { action, eventId, who: '', why: '', output: null })
      : standing(state, eventId);
    if (found !== null) return found;
  }
  const { compensations = null } = state.handling.rollback ?? {};
  const there = compensations?.filter(({ sequenceNumber }) => sequenceNumber !== null).length ?? 0;
  const missing = (compensations?.length ?? 0) - there;
  return whole(
    `The sequence ends as ${cancelled ? 'cancelled, with the status failed' : 'failed'}.`,
    compensations === null
      ? 'Nothing is compensated: what was processed stays.'
      : `${String(there)} compensating events that were appended stay, ${String(missing)} are not appended.`,
    ...underWay(state, 'What is under way is answered in vain: '),
  );
}

/** `fail` of what already waits for a person ends it; then only what it waits for can be named. */
function standing(state: SequenceState, eventId: string): Refused | null {
  const found = stepsThat(state, standsInTheWay).some((step) => eventOf(state.document, step).eventId === eventId);
  return found && state.handling.rollback === null
    ? null
    : refused('not-in-the-way', `${eventId} is not what the sequence waits for; name no step to end it as failed`);
}

function compensatePlan(state: SequenceState): Plan | Refused {
  const { phase, failure } = state.handling;
  if (isStopped(state))
    return refused('rolling-back', 'its rollback has stopped: retry or skip what it stopped at, or fail it');
  if (phase === 'rolling-back' || (phase === 'running' && failure !== null))
    return refused('rolling-back', 'it is being rolled back already');
  const emitted = emittedBy(state);
  if (emitted.length === 0)
    return refused('nothing-to-compensate', 'no compensating event applies to what was processed; cancel would end it');
  const step = failingStep(state);
  return {
    step: phase === 'running' ? step : null,
    entry: null,
    consequences: [
      'Nothing new starts.',
      ...underWay(state, 'These are waited for first, and count if they are processed: '),
      `These are rendered and appended, in this order: ${emitted.join(', ')}.`,
    ],
  };
}

const pausing = (state: SequenceState): string[] => [
  state.handling.rollback === null
    ? 'Nothing new starts until it is resumed.'
    : 'The rollback waits until it is resumed.',
  ...underWay(state, 'What is under way may still be answered, and counts: '),
];

function underWay(state: SequenceState, words: string): string[] {
  const steps = stepsThat(state, isUnderWay);
  return steps.length === 0 ? [] : [`${words}${steps.map((step) => nameOf(state.document, step)).join(', ')}.`];
}

/** What the sequence is like after it, where the act alone does not say that. */
function whatFollows(state: SequenceState, said: SequenceResolved, { now }: World): string[] {
  const after = acted(state, said, now);
  const { phase, failure, paused, reason } = after.handling;
  if (phase === 'settled') return [];
  const held = paused ? ['It is paused: what follows from this waits until it is resumed.'] : [];
  if (said.action === 'pause' || said.action === 'resume' || said.action === 'compensate') {
    return said.action === 'compensate' ? held : [];
  }
  if (phase === 'needs-person') return [`Nothing starts until somebody decides about ${reason}.`];
  if (phase === 'rolling-back') return held;
  if (failure !== null) return ['The rollback follows as soon as nothing is under way.', ...held];
  return [...afterSteps(after), ...held];
}

function afterSteps(after: SequenceState): string[] {
  const { document } = after;
  const [first] = stepsThat(after, standsInTheWay);
  const open = stepsThat(after, isPending);
  if (first === undefined) return [open.length === 0 ? 'The sequence is completed.' : 'The sequence goes on.'];
  if (document.continue_past_failure === true && open.length > 0)
    return ['The sequence goes on past it, and has failed when the others are done.'];
  const waits = stepsThat(after, isUnderWay).length > 0 ? ['What is under way is waited for.'] : [];
  switch (afterExhausted(document)) {
    case 'rollback':
      return [...waits, 'Then what was processed is compensated.'];
    case 'person':
      return [...waits, 'Then it waits for a person.'];
    case 'end':
      return [...waits, 'Then the sequence ends as failed.'];
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
