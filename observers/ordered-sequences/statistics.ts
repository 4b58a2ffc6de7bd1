/** Answers to common questions, from the materialised views: how many, how long, which step fails, how often, why. */
import type { Db } from 'mongodb';
import { readStatistics } from '../../src/storage/ordered-sequences/views';

export interface SequenceStatistics {
  readonly counts: readonly SequenceCount[];
  readonly durations: readonly SequenceDuration[];
  readonly failures: readonly StepFailureCount[];
}

export interface SequenceCount {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly count: number;
}

/** From creation to completion, of those that were completed. In ms. */
export interface SequenceDuration {
  readonly name: string;
  readonly version: string;
  readonly count: number;
  readonly average: number;
  readonly shortest: number;
  readonly longest: number;
}

export interface StepFailureCount {
  readonly name: string;
  readonly version: string;
  readonly order: number;
  /** Empty: the event had not come. */
  readonly eventType: string;
  readonly code: string;
  /** Attempts that failed. */
  readonly failures: number;
  /** Those of them after which it was tried again. */
  readonly retries: number;
  /** Of the last one. */
  readonly message: string;
}

/** @param name of ordered sequences; absent: all */
export async function statistics(db: Db, name?: string): Promise<SequenceStatistics> {
  const { counts, durations, failures } = await readStatistics(db, name);
  return {
    counts: counts.map(({ _id, count }) => ({ ..._id, count: Number(count) })),
    durations: durations.map(({ _id, count, total_ms, shortest_ms, longest_ms }) => ({
      ..._id,
      count: Number(count),
      average: Number(total_ms) / Number(count),
      shortest: Number(shortest_ms),
      longest: Number(longest_ms),
    })),
    failures: failures.map(({ _id: { event_type: eventType, ...id }, failures: failed, retries, message }) => ({
      ...id,
      eventType,
      failures: Number(failed),
      retries: Number(retries),
      message,
    })),
  };
}
