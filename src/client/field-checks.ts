import { AnnalsError } from '../kernel/annals-error';

/** Checks of single values before they are sent. JavaScript callers have no types to stop them. */

export const invalidField = (field: string, what: string): AnnalsError =>
  new AnnalsError('INVALID_FIELD', `${field} ${what}`, { field });

/** Throws INVALID_FIELD for what is no whole number from 0 to 2^53 - 1. */
export function checkNumber(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidField(field, `is ${String(value)}; it is a whole number from 0 to 2^53 - 1`);
}

/** Half of a surrogate pair: UTF-8 has no bytes for it, and something else would be recorded in silence. */
const HALF_A_PAIR = /\p{Surrogate}/u;

/** Throws INVALID_FIELD for what is no string and INVALID_UTF8 for one that UTF-8 cannot hold. */
export function checkText(field: string, value: string): string {
  if (typeof value !== 'string') throw invalidField(field, 'is no string');
  if (!HALF_A_PAIR.test(value)) return value;
  throw new AnnalsError('INVALID_UTF8', `${field} has half of a surrogate pair, which UTF-8 cannot hold`, { field });
}

/** Milliseconds since 1970. Throws DATE_OUT_OF_RANGE for an invalid Date; which dates can be stored the server says. */
export function checkDate(field: string, date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  const ms = date instanceof Date ? date.getTime() : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new AnnalsError('DATE_OUT_OF_RANGE', `${field} is no valid Date`, { field });
}
