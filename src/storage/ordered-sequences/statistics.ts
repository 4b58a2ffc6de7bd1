/**
 * What the materialised views hold, and how a row changes them. Pure. A view is a sum over rows, so that a row that is
 * replaced takes its old part away and adds its new one, in the transaction that replaces it. Nothing depends on how
 * many states lay between the two: the same log makes the same views, however it was cut into batches.
 */
import { Long } from 'mongodb';
import type { SequenceRow, StoredNumber } from './row-types';

/** In `event_sequence_counts`: how many there are. */
export interface CountRow {
  readonly _id: { readonly name: string; readonly version: string; readonly status: string };
  readonly count: StoredNumber;
}

/** In `event_sequence_durations`: how long completed ones took from creation. */
export interface DurationRow {
  readonly _id: { readonly name: string; readonly version: string };
  readonly count: StoredNumber;
  readonly total_ms: StoredNumber;
  readonly shortest_ms: StoredNumber;
  readonly longest_ms: StoredNumber;
}

/** In `event_sequence_failures`: attempts that failed, by step and code. */
export interface FailureRow {
  readonly _id: {
    readonly name: string;
    readonly version: string;
    readonly order: number;
    readonly event_type: string;
    readonly code: string;
  };
  readonly failures: StoredNumber;
  readonly retries: StoredNumber;
  /** Of the last one. */
  readonly message: string;
  /** The number of its log entry. */
  readonly last: StoredNumber;
}

/** What one row's part in the views is made of. */
export type Counted = Pick<
  SequenceRow,
  'name' | 'version' | 'status' | 'events' | 'created_at' | 'completed_at' | 'handling'
>;

/** What a query must ask for, to have a `Counted`. */
export const COUNTED_FIELDS = {
  name: 1,
  version: 1,
  status: 1,
  'events.order': 1,
  created_at: 1,
  completed_at: 1,
  'handling.last': 1,
  'handling.steps.arrived.eventType': 1,
  'handling.steps.failures': 1,
} as const;

/** Sums by key; a part that was taken away and added again is not there. */
export class Changes {
  readonly counts = new Map<string, CountRow>();
  readonly durations = new Map<string, DurationRow>();
  readonly failures = new Map<string, FailureRow>();

  /** @param before the row's part until now; undefined: it is new */
  replace(before: Counted | undefined, after: Counted): void {
    if (before !== undefined) this.#count(before, -1);
    this.#count(after, 1);
    if (before?.status !== 'completed' && after.status === 'completed') this.#duration(after);
    if (before !== undefined) this.#fail(before, -1);
    this.#fail(after, 1);
  }

  #count({ name, version, status }: Counted, sign: number): void {
    const _id = { name, version, status };
    merge(this.counts, { _id, count: sign }, addCounts);
  }

  /** A sequence is completed once and for all, so a duration is never taken away. */
  #duration({ name, version, created_at, completed_at }: Counted): void {
    if (created_at === null || completed_at === null) return;
    const took = Math.max(0, completed_at.getTime() - created_at.getTime());
    const one = { _id: { name, version }, count: 1, total_ms: took, shortest_ms: took, longest_ms: took };
    merge(this.durations, one, addDurations);
  }

  #fail({ name, version, events, handling }: Counted, sign: number): void {
    handling.steps.forEach(({ arrived, failures }, place) => {
      const order = events[place]?.order ?? 0;
      const event_type = arrived?.eventType ?? '';
      for (const { code, failures: failed, retries, message, last } of failures) {
        const _id = { name, version, order, event_type, code };
        const part = { _id, failures: sign * failed, retries: sign * retries, message, last };
        merge(this.failures, part, addFailures);
      }
    });
  }
}

export const keyOf = (row: { readonly _id: object }): string => JSON.stringify(Object.values(row._id));

function merge<Row extends { readonly _id: object }>(
  rows: Map<string, Row>,
  row: Row,
  add: (a: Row, b: Row) => Row,
): void {
  const key = keyOf(row);
  const there = rows.get(key);
  rows.set(key, there === undefined ? row : add(there, row));
}

export const addCounts = (a: CountRow, b: CountRow): CountRow => ({ _id: b._id, count: sum(a.count, b.count) });

export const addDurations = (a: DurationRow, b: DurationRow): DurationRow => ({
  _id: b._id,
  count: sum(a.count, b.count),
  total_ms: sum(a.total_ms, b.total_ms),
  shortest_ms: Math.min(Number(a.shortest_ms), Number(b.shortest_ms)),
  longest_ms: Math.max(Number(a.longest_ms), Number(b.longest_ms)),
});

export function addFailures(a: FailureRow, b: FailureRow): FailureRow {
  const later = Number(b.last) > Number(a.last) ? b : a;
  return {
    _id: b._id,
    failures: sum(a.failures, b.failures),
    retries: sum(a.retries, b.retries),
    message: later.message,
    last: Number(later.last),
  };
}

const sum = (a: StoredNumber, b: StoredNumber): number => Number(a) + Number(b);

/** As they are written: always the same fields, in this order. */
export const countRow = ({ _id, count }: CountRow): CountRow => ({ _id, count: long(count) });

export const durationRow = (row: DurationRow): DurationRow => ({
  _id: row._id,
  count: long(row.count),
  total_ms: long(row.total_ms),
  shortest_ms: long(row.shortest_ms),
  longest_ms: long(row.longest_ms),
});

export const failureRow = (row: FailureRow): FailureRow => ({
  _id: row._id,
  failures: long(row.failures),
  retries: long(row.retries),
  message: row.message,
  last: long(row.last),
});

const long = (value: StoredNumber): Long => Long.fromNumber(Number(value));
