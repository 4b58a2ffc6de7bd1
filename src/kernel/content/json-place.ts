/**
 * Where in a JSON text something is wrong, for a person: `$.commits[3].author`. Worked out only
 * when an error is thrown, from the place of the key (or the index) that the parser noted at each
 * depth.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Characters of a path in a message; of a longer one the end is shown, which is nearest to the fault. */
const SHOWN = 200;

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `.key` or `["odd key"]`. */
export const pathStep = (key: string): string => (PLAIN_KEY.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

/** A path short enough for a message. */
export const shownPath = (path: string): string => (path.length > SHOWN ? `…${path.slice(-SHOWN)}` : path);

/**
 * The path to depth `depth`. `steps[d]`, for d from 1, is the offset of the quote that opens an
 * object's key, or `~index` in an array, or NOWHERE when neither was reached.
 */
export function jsonPath(text: Buffer, steps: Int32Array, depth: number): string {
  let path = '$';
  for (let d = 1; d <= depth; d++) {
    const step = steps[d] ?? NOWHERE;
    if (step === NOWHERE) break;
    path += step < 0 ? `[${~step}]` : pathStep(keyAt(text, step));
  }
  return shownPath(path);
}

export const NOWHERE = 0x7fffffff;

/** The key whose opening quote is at `at`; what is there of it when it is not well formed itself. */
function keyAt(text: Buffer, at: number): string {
  let end = at + 1;
  while (end < text.length && text[end] !== QUOTE) end += text[end] === BACKSLASH ? 2 : 1;
  try {
    return String(JSON.parse(text.toString('utf8', at, end + 1)));
  } catch {
    return text.toString('utf8', at + 1, end);
  }
}
