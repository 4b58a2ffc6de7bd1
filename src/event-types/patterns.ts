/**
 * Regular expressions of schemas, matched in linear time whatever they are: JavaScript's own engine
 * can take longer than the universe is old for `(a+)+$`. What RE2 cannot say, such as a reference
 * back to a group, is refused when the schema is registered.
 */
import { RE2JS } from 're2js';
import { charge } from './validation-budget';

/** Characters of one pattern: its program, and so the cost of each character matched, grows with it. */
const PATTERN_LENGTH = 2_000;
/** Instructions of a pattern's program: `a{1000}` has a thousand. */
const PROGRAM_SIZE = 5_000;
/** Instructions that a step of the budget pays for, by measurement. */
const INSTRUCTIONS_PER_STEP = 4;

export interface Pattern {
  test(text: string): boolean;
  /** Ajv tells patterns apart by this. */
  toString(): string;
}

/** Throws an Error with a reason for a pattern that cannot be used. */
export function compilePattern(pattern: string): Pattern {
  if (pattern.length > PATTERN_LENGTH) {
    throw new Error(`it has ${pattern.length} characters; the limit is ${PATTERN_LENGTH}`);
  }
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  const size = compiled.programSize();
  if (size > PROGRAM_SIZE) throw new Error(`it is too large: it has ${size} instructions of ${PROGRAM_SIZE}`);
  const perCharacter = Math.ceil(size / INSTRUCTIONS_PER_STEP);
  return {
    test(text) {
      charge(1 + text.length * perCharacter);
      return compiled.test(text);
    },
    toString: () => `/${pattern}/`,
  };
}
