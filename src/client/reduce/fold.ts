import type { RecordedEvent } from '../recorded-event';
import type { AnyTypes, EventOf } from '../observe/handlers';
import type { ModelDocument } from './database';

/** Folding events into a document, with the number of the last one in it: pure. */

/** Returns the new state; or changes the one it was given and returns nothing. */
export type Reducer<State, Event> = (state: State, event: Event) => State | undefined;

export type ReducersByType<State, Types extends object = AnyTypes> = {
  readonly [Type in keyof Types & string]?: (state: State, event: EventOf<Types, Type>) => State | undefined;
};

export interface Folding {
  readonly reducers: ReadonlyMap<string, Reducer<ModelDocument, RecordedEvent>>;
  /** The state of a source that had no event yet; a new object each time. */
  readonly initial: (source: string) => ModelDocument;
}

/**
 * The one field of a read model's document that is not the program's: the number of the last event in
 * it. It is written with the state, by one write of one document, which MongoDB does wholly or not at all.
 */
export const BOOKKEEPING = '_annals';

/** The number of the last event in a document; -1 when there is none. */
export function offsetOf(document: ModelDocument | undefined): number {
  const kept = document?.[BOOKKEEPING];
  if (typeof kept !== 'object' || kept === null || !('offset' in kept)) return -1;
  return Number(kept.offset);
}

export interface Folded {
  /** Undefined: no event was new, so there is nothing to write. */
  readonly document: ModelDocument | undefined;
  /** The number of the last event in it; undefined when none of those that were given is. */
  readonly through: number | undefined;
  /** What the event after it failed with. */
  readonly failure: FoldFailure | undefined;
}

export interface FoldFailure {
  readonly error: unknown;
  readonly event: RecordedEvent;
}

/**
 * Folds the events of one source, in order, into its document. Events that it has are passed over. What
 * is changed in place is the document that was given: after a failure it is worth nothing any more.
 */
export function fold(
  { reducers, initial }: Folding,
  source: string,
  document: ModelDocument | undefined,
  events: readonly RecordedEvent[],
): Folded {
  let offset = offsetOf(document);
  let through = events.findLast(({ sequenceNumber }) => sequenceNumber <= offset)?.sequenceNumber;
  let state = document === undefined ? initial(source) : stateOf(document);
  let folded = false;
  for (const event of events) {
    if (event.sequenceNumber <= offset) continue;
    try {
      state = apply(reducers, state, event);
    } catch (error) {
      return { document: folded ? asDocument(source, state, offset) : undefined, through, failure: { error, event } };
    }
    folded = true;
    offset = event.sequenceNumber;
    through = offset;
  }
  return { document: folded ? asDocument(source, state, offset) : undefined, through, failure: undefined };
}

function apply(reducers: Folding['reducers'], state: ModelDocument, event: RecordedEvent): ModelDocument {
  const reducer = reducers.get(event.type);
  if (reducer === undefined) throw new Error(`there is no reducer for ${event.type}`);
  const next = reducer(state, event) ?? state;
  if (typeof next !== 'object') throw new TypeError(`the reducer for ${event.type} gave no object`);
  return next;
}

const asDocument = (source: string, state: ModelDocument, offset: number): ModelDocument => ({
  ...state,
  _id: source,
  [BOOKKEEPING]: { offset },
});

function stateOf(document: ModelDocument): ModelDocument {
  const { _id: _, [BOOKKEEPING]: __, ...state } = document;
  return state;
}
