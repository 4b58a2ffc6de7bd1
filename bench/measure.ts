/** What a measure is, and the place that each one gets: a new sequence and a new collection for its floor. */
import type { EventSequence } from '../src/client';
import type { FloorCollection } from './floor';
import type { Result } from './result';
import { figures, inRounds, type Around, type Figures, type Side } from './rounds';
import type { Sizes } from './sizes';
import type { Surroundings } from './surroundings';

export interface Measure {
  readonly name: string;
  /** For a person: what is done. */
  readonly title: string;
  readonly run: (context: Context) => Promise<Result>;
}

export interface Context extends Surroundings {
  readonly sizes: Sizes;
  /** Put around Annals' turns. */
  readonly around: Around;
  readonly onRound: (round: number) => void;
}

export interface Place {
  readonly sequence: EventSequence;
  /** Where the floor writes. Both begin empty and grow alike. */
  readonly raw: FloorCollection;
}

/** Works on a place of its own and leaves nothing of it behind. */
export async function onNewSequence<T>(
  context: Context,
  purpose: string,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const { annals, floor } = context;
  const name = `bench-${purpose}`;
  const stored = context.stored(name);
  // What a run that was cut short has left. This run's server has not looked at it yet.
  await stored.drop();
  const raw = await floor.collection(name);
  try {
    return await work({ sequence: annals.sequence(name), raw });
  } finally {
    await raw.drop();
    await stored.drop();
  }
}

/** The figures of both sides after their rounds. */
export async function compared(floor: Side, annals: Side, context: Context): Promise<Figures> {
  const { sizes, processes, around, onRound } = context;
  const { rounds, patienceMs } = sizes;
  return figures(floor, annals, await inRounds(floor, annals, { rounds, patienceMs, processes, around, onRound }));
}
