/**
 * Which compensating events a rollback appends, and in which order: those that undo a step before the others and the
 * latest step first, as one takes back what was built; the others as they are listed.
 */
import type { SequenceState } from '../ordered-sequences/sequence-state';

export interface CompensationPlan {
  /** `step`: the place of the event that is compensated for; null: no particular one. */
  readonly emit: readonly { readonly entry: number; readonly step: number | null }[];
  readonly left: readonly { readonly entry: number; readonly why: string }[];
}

export function planCompensations(state: SequenceState): CompensationPlan {
  const { events, rollback_strategy: strategy } = state.document;
  // What a person went past stays left out, with the reason that was given.
  const left = new Map(state.handling.rollback?.left.map(({ entry, why }) => [entry, why]));
  const undoing: { entry: number; step: number; order: number }[] = [];
  const others: { entry: number; step: null }[] = [];
  for (const [entry, { compensates: order }] of strategy.compensating_events.entries()) {
    if (left.has(entry)) continue;
    if (order === undefined) {
      others.push({ entry, step: null });
      continue;
    }
    const step = events.findIndex((event) => event.order === order && event.status === 'processed');
    if (step < 0) left.set(entry, `no step of order ${order} was processed`);
    else undoing.push({ entry, step, order });
  }
  // The sort is stable: what compensates for the same order keeps the order of the list.
  undoing.sort((a, b) => b.order - a.order);
  return {
    emit: [...undoing.map(({ entry, step }) => ({ entry, step })), ...others],
    left: [...left].map(([entry, why]) => ({ entry, why })).sort((a, b) => a.entry - b.entry),
  };
}
