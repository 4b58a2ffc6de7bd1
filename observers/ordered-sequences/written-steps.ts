/**
 * Which steps' rows are up to date, so that a change of one step of a long sequence writes one row. States share what did
 * not change, so whether a step changed is whether it is the same object. What is not known is written.
 */
import { LRUCache } from 'lru-cache';
import { STORED } from './projection-tuning';
import type { SequenceState } from './sequence-state';

export class WrittenSteps {
  readonly #states = new LRUCache<string, SequenceState>({ max: STORED.knownSequences });

  /** Of a state that is to be written: the places of steps whose rows may not be up to date. */
  changed({ document, handling }: SequenceState): number[] {
    const before = this.#states.get(document.sequenceId);
    const places = [...document.events.keys()];
    // What all of its rows say, not one alone.
    if (before === undefined || before.document.created_at !== document.created_at) return places;
    return places.filter(
      (place) =>
        before.document.events[place] !== document.events[place] ||
        before.handling.steps[place] !== handling.steps[place],
    );
  }

  written(state: SequenceState): void {
    // A settled one is archived: if somebody acts on it, all of it is written again.
    if (state.handling.phase === 'settled') this.#states.delete(state.document.sequenceId);
    else this.#states.set(state.document.sequenceId, state);
  }
}
