/**
 * Tests wait for facts, never for time: a fact that comes early costs nothing, and one that never
 * comes is named in the failure.
 */

/** Milliseconds between two looks at first: short beside anything waited for, long beside a look's cost. */
const LOOK_EVERY_MS = 10;

/** What has not come for long is looked at less often, after this part of the time waited so far: most looks are calls. */
const PART_OF_WAITING = 0.05;

/** Milliseconds between two looks at most: what lasts no longer than a moment must not be missed. */
const LOOK_AT_LEAST_EVERY_MS = 50;

/** Milliseconds after which a fact is said not to have come, unless the caller knows better. */
const DEFAULT_PATIENCE_MS = 15_000;

export interface Patience {
  readonly withinMs?: number;
  /** Said in the failure: what was seen instead, such as a process's output. */
  readonly instead?: () => string;
}

/** Resolves once `isSo` answers true; rejects with what was waited for. */
export async function awaitFact(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patience: Patience = {},
): Promise<void> {
  await awaitValue(what, async () => ((await isSo()) ? true : undefined), patience);
}

/** Resolves with the first answer that is not undefined. */
export async function awaitValue<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  { withinMs = DEFAULT_PATIENCE_MS, instead }: Patience = {},
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    const waited = performance.now() - began;
    if (waited > withinMs) {
      throw new Error(`waited ${withinMs} ms in vain: ${what}${instead === undefined ? '' : `\n${instead()}`}`);
    }
    await pause(Math.min(Math.max(waited * PART_OF_WAITING, LOOK_EVERY_MS), LOOK_AT_LEAST_EVERY_MS));
  }
}

/** A pause between two looks or two disturbances; no test's outcome may hang on its length. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What `promise` gives, or a rejection that names what did not come in time. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
