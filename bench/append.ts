/** Appends of every shape beside the inserts that they come to. */
import type { EventSequence, NewEvent } from '../src/client';
import { newEvents, storedDocuments } from './documents';
import type { FloorCollection } from './floor';
import { keepInFlight } from './in-flight';
import type { Side } from './rounds';

export interface AppendShape {
  /** Events of one round. */
  readonly events: number;
  readonly eventsPerCall: number;
  /** Calls unanswered at a time. */
  readonly inFlight: number;
}

/** Appends events in one call. */
export type Append = (events: readonly NewEvent[]) => Promise<unknown>;

/** What the client of the package does with a call. */
export const throughClient =
  (sequence: EventSequence): Append =>
  (events) =>
    sequence.append(events);

/** So many events from this running number on. */
export type MakeEvents = (from: number, count: number) => readonly NewEvent[];

/** Annals: calls of the shape, their events made before the clock runs. */
export function annalsSide(
  how: string,
  append: Append,
  { events, eventsPerCall, inFlight }: AppendShape,
  make: MakeEvents = newEvents,
): Side {
  let appended = 0;
  return {
    how,
    run: async (share) => {
      const calls = callsOf(events, share, eventsPerCall);
      const input = Array.from({ length: calls }, (_, i) => make(appended + i * eventsPerCall, eventsPerCall));
      appended += calls * eventsPerCall;
      const waitsMs = await keepInFlight(calls, inFlight, (index) => append(input[index] ?? []));
      return { events: calls * eventsPerCall, waitsMs };
    },
  };
}

/**
 * The floor: inserts of the same documents. Single events that are in flight together become one
 * insert, since that is the best that a database can make of them.
 */
export function floorSide(collection: FloorCollection, shape: AppendShape): Side {
  const single = shape.eventsPerCall === 1;
  const size = single ? shape.inFlight : shape.eventsPerCall;
  const inFlight = single ? 1 : shape.inFlight;
  return {
    how: `inserts of ${size}, ${inFlight} at a time`,
    run: async (share) => {
      const calls = callsOf(shape.events, share, size);
      const input = Array.from({ length: calls }, (_, i) => storedDocuments(collection.next + i * size, size));
      collection.next += calls * size;
      const waitsMs = await keepInFlight(calls, inFlight, (index) => collection.insert(input[index] ?? []));
      return { events: calls * size, waitsMs };
    },
  };
}

const callsOf = (events: number, share: number, perCall: number): number =>
  Math.max(1, Math.round((events * share) / perCall));
