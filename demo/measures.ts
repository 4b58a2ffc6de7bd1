/** Figures of the demo: counts, percentiles and rates. */

/** How often each key stands in the list, the most frequent first. */
export function tally(keys: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** The value that the share `p` of all lies at or under. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)] ?? Number.NaN;
}

/** Events a second. */
export const perSecond = (events: number, ms: number): number => Math.round((events * 1000) / Math.max(ms, 0.001));

/** What `work` took, in ms, with its outcome. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly outcome: T }> {
  const started = performance.now();
  const outcome = await work();
  return { ms: performance.now() - started, outcome };
}
