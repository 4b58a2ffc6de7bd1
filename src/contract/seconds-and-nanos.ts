/** Times and durations as the general serializer gives and takes them. */

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

/** Milliseconds as a Duration, or since 1970 as a Timestamp. */
export const durationOf = (ms: number): SecondsAndNanos => {
  const seconds = Math.floor(ms / MS_PER_SECOND);
  return { seconds, nanos: Math.round((ms - seconds * MS_PER_SECOND) * NANOS_PER_MS) };
};

/** Milliseconds of a Duration, or since 1970 of a Timestamp; undefined when it is absent. */
export function msOf(time: SecondsAndNanos): number;
export function msOf(time: SecondsAndNanos | null): number | undefined;
export function msOf(time: SecondsAndNanos | null): number | undefined {
  return time === null ? undefined : time.seconds * MS_PER_SECOND + time.nanos / NANOS_PER_MS;
}

/** The Date of a Timestamp; undefined when it is absent. */
export function dateOf(timestamp: { readonly seconds: number; readonly nanos: number } | null): Date | undefined {
  const ms = msOf(timestamp);
  return ms === undefined ? undefined : new Date(ms);
}
