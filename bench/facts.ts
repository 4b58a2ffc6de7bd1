/** What a measure found that is neither a rate nor a latency beside its floor: single figures, each with what it is of. */
import type { Waits } from './statistics';

/** A figure with its unit, or what callers waited. */
export type Fact = { readonly what: string } & (
  { readonly value: number; readonly unit: 'MB' | 'KB' | 'ms' | 'µs' | '/s' | '' } | { readonly waitsMs: Waits }
);

export const perSecond = (count: number, ms: number): number => (count * 1000) / ms;

export async function timed<T>(work: () => Promise<T>): Promise<{ readonly outcome: T; readonly ms: number }> {
  const started = performance.now();
  const outcome = await work();
  return { outcome, ms: performance.now() - started };
}
