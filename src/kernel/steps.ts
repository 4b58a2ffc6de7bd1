/** Work that can be left between two of its steps, so that others get their turn of the event loop. */
export type Steps<Result> = Generator<void, Result, void>;

/** All steps at once, where little work is to be expected. */
export function atOnce<Result>(work: Steps<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
