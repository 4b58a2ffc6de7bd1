/**
 * Catching up through an observer: every event goes to a handler that does nothing, every answer is
 * acknowledged, and the server keeps the offset. It stands beside a scan of the very same collection.
 */
import type { Annals } from '../src/client';
import type { Side } from './rounds';

/** What all observers of the benchmark begin with, so that they can be found and put away. */
export const OBSERVER_PREFIX = 'bench-';

export interface Observing {
  readonly how: string;
  /** By source, the log has a thousand partitions; the whole sequence is one. */
  readonly partitionBy: 'source' | 'whole';
}

/** One turn is an observer of its own, which begins at zero. The clients share its partitions. */
export function observingSide(
  clients: readonly Annals[],
  sequence: string,
  events: number,
  { how, partitionBy }: Observing,
): Side {
  let turns = 0;
  return {
    how,
    run: async (share) => {
      const wanted = Math.round(events * share);
      const id = `${OBSERVER_PREFIX}${how.replaceAll(/[^a-z0-9]+/g, '-')}-${++turns}`;
      let handled = 0;
      let enough: () => void = () => undefined;
      const all = new Promise<void>((resolve) => (enough = resolve));
      const handle = (): void => {
        if (++handled === wanted) enough();
      };
      const observations = clients.map((annals) => annals.observe(id, { sequence, partitionBy, handle }));
      await Promise.race([all, ...observations.map(({ done }) => done)]);
      // Only what is acknowledged counts as handled.
      await Promise.all(observations.map((observation) => observation.stop()));
      return { events: handled, waitsMs: [] };
    },
  };
}
