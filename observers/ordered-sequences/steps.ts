/** Questions about the steps of a sequence that several decisions ask. Steps are told by their place in `events`. */
import type { DoneWhen, SequenceDocument, SequenceEvent } from '../../src/contract/sequence-document';
import type { SequenceState, StepHandling } from './sequence-state';

export function eventOf(document: SequenceDocument, step: number): SequenceEvent {
  const event = document.events[step];
  if (event === undefined) throw new RangeError(`sequence ${document.sequenceId} has no step ${String(step)}`);
  return event;
}

export function handlingOf(state: SequenceState, step: number): StepHandling {
  const handling = state.handling.steps[step];
  if (handling === undefined) throw new RangeError(`sequence ${state.document.sequenceId} has no step ${String(step)}`);
  return handling;
}

/** As people are told of it. */
export function nameOf(document: SequenceDocument, step: number): string {
  const { eventId, order } = eventOf(document, step);
  return `step ${eventId} (order ${String(order)})`;
}

/** Neither processed nor failed, and an attempt at it is under way. */
export const isUnderWay = (state: SequenceState, step: number): boolean => handlingOf(state, step).started !== null;

/** Required, failed for good, and nobody has gone past it: it stands in the way of the whole. */
export const standsInTheWay = (state: SequenceState, step: number): boolean => {
  const { required, status } = eventOf(state.document, step);
  return required && status === 'failed' && !handlingOf(state, step).skipped;
};

/** Places that hold, in the order of the document. */
export function stepsThat(state: SequenceState, holds: (state: SequenceState, step: number) => boolean): number[] {
  const places: number[] = [];
  for (let step = 0; step < state.document.events.length; step += 1) if (holds(state, step)) places.push(step);
  return places;
}

/** Of these places those with the lowest order. */
export function firstOf(document: SequenceDocument, places: readonly number[]): number[] {
  let lowest = Infinity;
  for (const place of places) lowest = Math.min(lowest, eventOf(document, place).order);
  return places.filter((place) => eventOf(document, place).order === lowest);
}

export const isPending = (state: SequenceState, step: number): boolean =>
  eventOf(state.document, step).status === 'pending';

/** Every place, lowest order first; parallel ones as they are listed. */
export function inOrder(document: SequenceDocument): readonly number[] {
  const places = document.events.map((_, place) => place);
  // The usual document is written in order: it is not sorted again at every question.
  const sorted = document.events.every(({ order }, i) => i === 0 || order >= eventOf(document, i - 1).order);
  return sorted ? places : places.sort((a, b) => eventOf(document, a).order - eventOf(document, b).order || a - b);
}

/** What makes this step done: once it has begun that stays, otherwise as the document says or processors are known. */
export function doneWhenOf(state: SequenceState, step: number, hasProcessor: (type: string) => boolean): DoneWhen {
  const { doneWhen, arrived } = handlingOf(state, step);
  const said = doneWhen ?? eventOf(state.document, step).processing?.done_when;
  return said ?? (arrived !== null && hasProcessor(arrived.eventType) ? 'processed' : 'appended');
}

/** When an attempt that begins at `now` counts as failed; null: the step has no timeout. */
export function deadlineOf(document: SequenceDocument, step: number, now: number): number | null {
  const timeout = eventOf(document, step).processing?.timeout;
  return timeout === undefined ? null : now + Math.round(timeout * MS_PER_SECOND);
}

const MS_PER_SECOND = 1000;
