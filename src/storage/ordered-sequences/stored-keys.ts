/**
 * JSON as MongoDB can keep and query it, and back. Values stay as they are; what a user may call a key and a database
 * may not is spelt with a full-width percent sign, as `％2E` for a dot: a leading `$` and the driver's `_bsontype` have a
 * meaning of their own there, a dot would end a path, and a NUL would end the key.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const SPELT = /[％.\0]|^\$|^_(?=bsontype$)/g;
const SPELLING = /％([0-9A-F]{2})/g;

/** A key cannot be empty in a path. */
const EMPTY = '％';

/** Spelt as it is stored; also what a query by a tag names. */
export const storedKey = (key: string): string =>
  key === ''
    ? EMPTY
    : key.replace(
        SPELT,
        (mark) => `％${(mark === '％' ? 0x25 : mark.charCodeAt(0)).toString(16).toUpperCase().padStart(2, '0')}`,
      );

const givenKey = (key: string): string =>
  key === EMPTY
    ? ''
    : key.replace(SPELLING, (_, code: string) =>
        code === '25' ? '％' : String.fromCharCode(Number.parseInt(code, 16)),
      );

/** Most documents need no change, and then it is the value itself. */
export const toStored = (value: Json): Json => withKeys(value, storedKey);

export const fromStored = (value: Json): Json => withKeys(value, givenKey);

function withKeys(value: Json, spelling: (key: string) => string): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((element) => withKeys(element, spelling));
  // Entries are defined, not assigned, so that a key `__proto__` is one like any other.
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [spelling(key), withKeys(one, spelling)]));
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
