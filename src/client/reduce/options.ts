import type { AnyTypes, ObserveSettings } from '../observe/handlers';
import type { RecordedEvent } from '../recorded-event';
import { checkText, invalidField } from '../field-checks';
import type { ModelDatabase, ModelDocument } from './database';
import type { Folding, Reducer, ReducersByType } from './fold';

/** What a program says of a reducer. */
export interface ReduceOptions<State extends object, Types extends object = AnyTypes> extends Omit<
  ObserveSettings,
  'start' | 'partitionBy' | 'as' | 'isPermanent'
> {
  /** The database of the read model: a `Db` of the `mongodb` driver. */
  readonly db: ModelDatabase;
  /** The collection of the read model: a document `{ _id: source, ...state }` for each event source. It is the reducer's alone. */
  readonly collection: string;
  /**
   * What each event does to the state of its source. Pure: the same events give the same state, for a
   * rebuild as for the first time. The state is what BSON has of it.
   */
  readonly on: ReducersByType<State, Types>;
  /** The state before the first event. */
  readonly initial: State | ((source: string) => State);
  readonly eventSourceIds?: readonly string[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
  /** Also the announcements of compensations and redactions of these events: `event.announcement` tells a reducer. */
  readonly announcements?: boolean | undefined;
  /** Names the reducers as they are written now: a rebuild that was interrupted goes on when it is the same, and starts over otherwise. */
  readonly version?: string | undefined;
}

export function foldingOf<State extends object, Types extends object>({
  on,
  initial,
}: ReduceOptions<State, Types>): Folding {
  // The casts: events have the types that the filter selects, and a state is what the program says it is.
  const reducers = new Map(Object.entries(on) as [string, Reducer<ModelDocument, RecordedEvent>][]);
  const first = initial as ModelDocument | ((source: string) => ModelDocument);
  if (typeof first !== 'function' && (typeof first !== 'object' || first === null))
    throw invalidField('initial', 'is no object, and no function that gives one');
  return { reducers, initial: typeof first === 'function' ? first : () => structuredClone(first) };
}

export const checkCollection = (name: string): string => {
  if (checkText('collection', name) !== '') return name;
  throw invalidField('collection', 'is empty');
};
