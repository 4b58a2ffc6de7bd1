/** What many figures say together. Pure, so that what the benchmark claims can be checked without running it. */

/** The middle of a few figures and how far apart they lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** How long callers waited, in ms. */
export interface Waits {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly count: number;
}

/** The value that the share `p` of all lies at or under (nearest rank). NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the middle two. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const high = sorted[upper] ?? Number.NaN;
  const low = sorted.length % 2 === 0 ? (sorted[upper - 1] ?? Number.NaN) : high;
  return (low + high) / 2;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export function spread(values: readonly number[]): Spread {
  return { median: median(values), low: percentile(values, 0), high: percentile(values, 1) };
}

export function waits(ms: readonly number[]): Waits {
  return { p50: percentile(ms, 0.5), p99: percentile(ms, 0.99), longest: percentile(ms, 1), count: ms.length };
}
