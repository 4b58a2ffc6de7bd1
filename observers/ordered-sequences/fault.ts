/**
 * What is wrong with a document, as a value: several faults are told at once, each with its place, so that an author
 * corrects them in one go.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { shownPath } from '../../src/kernel/content/json-place';

export interface Fault {
  /** Such as `document.events[3].order`. */
  readonly field: string;
  /** The end of a sentence that begins with the field. */
  readonly problem: string;
  readonly limit?: number;
  readonly actual?: number;
}

/** Faults that one message tells: nobody reads more. */
const TOLD = 20;
/** Characters of such a message, but for its first fault: it travels among the headers of an answer. */
const MESSAGE_LENGTH = 3_000;

export const over = (field: string, limit: number, actual: number, unit: string): Fault => ({
  field,
  problem: `has ${actual} ${unit}; the limit is ${limit}`,
  limit,
  actual,
});

/** The error for these faults: the first one is its field, the first twenty are its message. */
export function invalidDocument(faults: readonly [Fault, ...Fault[]]): AnnalsError {
  const [{ field, limit, actual }] = faults;
  return new AnnalsError('INVALID_DOCUMENT', messageOf(faults), {
    field: shownPath(field),
    metadata: {
      faults: String(faults.length),
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(actual === undefined ? {} : { actual: String(actual) }),
    },
  });
}

function messageOf(faults: readonly Fault[]): string {
  const told: string[] = [];
  let length = 0;
  for (const { field, problem } of faults.slice(0, TOLD)) {
    const fault = `${shownPath(field)} ${problem}`;
    length += fault.length;
    if (told.length > 0 && length > MESSAGE_LENGTH) break;
    told.push(fault);
  }
  const more = faults.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Throws INVALID_DOCUMENT when there is any. */
export function refuse(faults: readonly Fault[]): void {
  const [first, ...others] = faults;
  if (first !== undefined) throw invalidDocument([first, ...others]);
}
