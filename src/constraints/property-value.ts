/** Finds a property in content without decoding the content: of what is appended, constraints look at very little. */
import { BsonType } from '../kernel/content/bson-types';
import { keyEnd, readInt32, valueBytes } from '../storage/event-fields';

/** Where a single value stands in its document. */
export interface ScalarPlace {
  readonly kind: 'scalar';
  readonly bytes: Buffer;
  /** BSON type. */
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

export type PropertyValue =
  | ScalarPlace
  /** Not there, null or undefined, or something on the way to it is. */
  | { readonly kind: 'absent' }
  /** An object or an array, or an array on the way to it: nothing that could be compared. */
  | { readonly kind: 'not-scalar'; readonly found: 'an object' | 'an array' };

/** The names on the way to a property, as keys stand in BSON. */
export type PropertyPath = readonly Buffer[];

export const propertyPath = (path: string): PropertyPath => path.split('.').map((name) => Buffer.from(`${name}\0`));

const ABSENT: PropertyValue = { kind: 'absent' };

/** @param content one BSON document that has been checked. */
export function readProperty(content: Buffer, path: PropertyPath): PropertyValue {
  let document = 0;
  let value: PropertyValue = ABSENT;
  for (const [depth, name] of path.entries()) {
    value = element(content, document, name);
    if (value.kind !== 'scalar') return value;
    const { type, start } = value;
    const last = depth === path.length - 1;
    if (type === BsonType.ARRAY) return { kind: 'not-scalar', found: 'an array' };
    if (type === BsonType.DOCUMENT || type === BsonType.CODE_WITH_SCOPE) {
      if (last) return { kind: 'not-scalar', found: 'an object' };
    } else if (!last) {
      return ABSENT;
    }
    document = start;
  }
  return value;
}

/** The element of the document at `at` with this key, whatever its type. @param key with its NUL. */
function element(b: Buffer, at: number, key: Buffer): PropertyValue {
  at += 4;
  for (let type = b[at]; type !== undefined && type !== 0; type = b[at]) {
    // Compared here: most keys differ in their first letters, and a call out of here costs more than those.
    let length = 0;
    while (length < key.length && b[at + 1 + length] === key[length]) length++;
    const found = length === key.length;
    const start = found ? at + 1 + length : keyEnd(b, at + 1 + length) + 1;
    const end = start + valueBytes(b, type, start);
    if (found) return isNothing(type) ? ABSENT : { kind: 'scalar', bytes: b, type, start, end };
    at = end;
  }
  return ABSENT;
}

const isNothing = (type: number): boolean => type === BsonType.NULL || type === BsonType.UNDEFINED;

/** The text of a string's place. */
export const textAt = ({ bytes, start }: ScalarPlace): string =>
  bytes.toString('utf8', start + 4, start + 3 + readInt32(bytes, start));
