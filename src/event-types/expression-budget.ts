/**
 * What one evaluation of an expression may cost. CEL has no loops without an end, but it has loops
 * over the elements of content, and functions that take as long as their text is.
 */

/** Steps: parts of the expression for each element that it looks at, and text in pieces. Some tenths of a second at most. */
const BUDGET = 250_000;
/** Characters or bytes that a step pays for. */
const CHARACTERS_PER_STEP = 16;

/** Once it is used up everything that costs refuses at once, so that CEL's `||`, which forgives errors, cannot go on. */
export class ExpressionBudget {
  private left = 0;

  begin(): void {
    this.left = BUDGET;
  }

  get usedUp(): boolean {
    return this.left < 0;
  }

  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new Error('it takes too many steps');
  }

  spendOnText(length: number): void {
    this.spend(Math.ceil(length / CHARACTERS_PER_STEP));
  }
}
