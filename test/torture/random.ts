/**
 * Chance from a seed: the same seed makes the same decisions in the same order for each of those who
 * draw from a stream of their own. It cannot repeat how processes and networks interleave; it does
 * repeat what was attempted.
 */

export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `least` to `most`, both inclusive. */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T | undefined;
  /** One of the entries, each as likely as its weight among all weights. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T;
  /** A stream of its own for one who takes part. */
  fork(): Random;
}

/** Mulberry32 by Tommy Ettinger: 32 bits of state are plenty for choosing disturbances. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    whole,
    chance: (probability) => next() < probability,
    pick: (from) => from[whole(0, from.length - 1)],
    weighted: (entries) => {
      let left = next() * entries.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of entries) {
        left -= weight;
        if (left < 0) return value;
      }
      const last = entries.at(-1);
      if (last === undefined) throw new RangeError('nothing to choose from');
      return last[1];
    },
    fork: () => seeded(whole(0, 2 ** 32 - 1)),
  };
}
