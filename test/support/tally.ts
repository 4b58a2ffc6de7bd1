/** A read model that shows every event that was folded into it, each time that it was: what its suites look at. */
import type { Db } from 'mongodb';
import type { Annals, ReduceOptions, Reduction } from '../../src/client';

export interface Tally {
  readonly numbers: readonly number[];
  readonly sum: number;
}

export interface Counted {
  readonly n: number;
}

export interface TallyEvents {
  counted: Counted;
}

export interface TallyAddress {
  readonly db: Db;
  readonly sequence: string;
  /** The observer's, and the collection's. */
  readonly id: string;
}

export const reduceTally = (
  annals: Annals,
  { db, sequence, id }: TallyAddress,
  options: Partial<ReduceOptions<Tally, TallyEvents>> = {},
): Reduction =>
  annals.reduce<Tally, TallyEvents>(id, {
    sequence,
    db,
    collection: id,
    initial: { numbers: [], sum: 0 },
    on: {
      counted: ({ numbers, sum }, { sequenceNumber, content }) => ({
        numbers: [...numbers, sequenceNumber],
        sum: sum + content.n,
      }),
    },
    ...options,
  });
