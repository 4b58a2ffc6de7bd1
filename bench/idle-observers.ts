/** Observers that wait for what never comes, beside appends: they must cost nothing that can be measured. */
import type { Annals } from '../src/client';
import { OBSERVER_PREFIX } from './observing';

export const IDLE_OBSERVERS = 100;

/** Works while so many observers of the sequence are connected, none of which an event matches. */
export async function besideIdleObservers<T>(annals: Annals, sequence: string, work: () => Promise<T>): Promise<T> {
  const observations = Array.from({ length: IDLE_OBSERVERS }, (_, i) =>
    annals.observe(`${OBSERVER_PREFIX}idle-${i}`, {
      sequence,
      on: {
        'never.appended': () => {
          throw new Error('an observer got an event that it does not want');
        },
      },
    }),
  );
  try {
    await Promise.all(observations.map(({ registered }) => registered));
    return await work();
  } finally {
    await Promise.all(observations.map((observation) => observation.stop()));
  }
}
