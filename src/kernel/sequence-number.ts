/**
 * Positions in an event sequence: 0, 1, 2 … They are `uint64` on the wire, int64 in the database
 * and a JavaScript number inside, which is exact below 2^53: at a million events a second that
 * lasts 285 years.
 */
declare const brand: unique symbol;
export type SequenceNumber = number & { readonly [brand]: 'SequenceNumber' };

export const FIRST: SequenceNumber = 0 as SequenceNumber;

/** A number as a position. Throws a RangeError for what no sequence can hold. */
export function sequenceNumber(value: number): SequenceNumber {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a sequence number`);
  return value as SequenceNumber;
}

/** The position `count` places after `n`. */
export const after = (n: SequenceNumber, count = 1): SequenceNumber => (n + count) as SequenceNumber;

/** The position that follows `tail`; the first one when there is no event yet. */
export const next = (tail: SequenceNumber | undefined): SequenceNumber => (tail === undefined ? FIRST : after(tail));
