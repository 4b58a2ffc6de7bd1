/**
 * What one validation may cost. A schema of some hundred characters can ask for more steps than
 * there are atoms (a few references, each twice to the next), so validation counts them and gives up.
 */

/**
 * Steps of one validation: keywords looked at, entries of an enumeration, characters matched. A
 * megabyte of real content takes some 200,000; as many as this take a tenth of a second or so.
 */
const BUDGET = 1_000_000;

/** For work that is not about content: more than there can be. A small integer, as all of these numbers, which V8 counts fastest. */
export const UNBOUNDED = 2 ** 30 - 1;

/** Ends a validation that costs too much. */
export class TooCostly extends Error {
  override readonly name = 'TooCostly';
}

// Validation is synchronous and never nested, so one number is enough.
let left = 0;

/** A new validation begins. */
export function beginValidation(budget = BUDGET): void {
  left = budget;
}

/** Called from compiled schemas. Throws TooCostly. @param steps an integer. */
export function charge(steps: number): void {
  left -= steps;
  if (left < 0) throw new TooCostly();
}

/** Steps taken since `beginValidation`, for tests. */
export const stepsTaken = (budget = BUDGET): number => budget - left;
