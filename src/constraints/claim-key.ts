/**
 * The key under which a value is claimed: the same for values that are equal, another for any other.
 * Numbers are equal when they are the same number, whatever type holds them; a text is never equal to a
 * number, nor to a date. Keys are hashes, so a value may be as long as it likes.
 */
import { createHash, type Hash } from 'node:crypto';
import { BSON } from 'mongodb';
import { BsonType } from '../kernel/content/bson-types';
import { readInt32, readInt64 } from '../storage/event-fields';
import { textAt, type ScalarPlace } from './property-value';

/** A value in the one form in which it is compared. */
export interface CanonicalValue {
  /** Values of different kinds are never equal. */
  readonly kind: string;
  readonly bytes: Buffer;
  /** For a person, as it was written. */
  readonly shown: string;
}

/** The value of a source's id, for constraints that compare within a source or count its events. */
export const sourceValue = (eventSourceId: string): CanonicalValue => ({
  kind: 'source',
  bytes: Buffer.from(eventSourceId),
  shown: eventSourceId,
});

/** `<ledger>/<hash>`: what a claim's row is called. @param ledger under which the constraint's claims are kept. */
export function claimKey(ledger: string, scope: CanonicalValue | undefined, values: readonly CanonicalValue[]): string {
  const hash = createHash('sha256');
  if (scope === undefined) hash.update('sequence;');
  else add(hash, scope);
  for (const value of values) add(hash, value);
  return `${ledger}/${hash.digest('base64url')}`;
}

/** Kinds and lengths stand before the bytes, so that no two lists of values run together into the same bytes. */
function add(hash: Hash, { kind, bytes }: CanonicalValue): void {
  hash.update(`${kind}:${bytes.length}:`).update(bytes);
}

/** @param ignoreCase texts that differ in case alone are equal. */
export function canonicalValue(place: ScalarPlace, ignoreCase: boolean): CanonicalValue {
  const { bytes, type, start, end } = place;
  switch (type) {
    case BsonType.STRING: {
      if (!ignoreCase) return { kind: 'text', bytes: bytes.subarray(start + 4, end - 1), shown: textAt(place) };
      const text = textAt(place);
      return { kind: 'text', bytes: Buffer.from(foldCase(text)), shown: text };
    }
    case BsonType.INT32:
      return number(String(readInt32(bytes, start)));
    case BsonType.INT64:
      return number(String(bytes.readBigInt64LE(start)));
    case BsonType.DOUBLE:
      return number(doubleText(bytes.readDoubleLE(start)));
    case BsonType.DECIMAL128:
      return number(new BSON.Decimal128(bytes.subarray(start, end)).toString());
    case BsonType.BOOLEAN:
      return raw(place, String(bytes[start] !== 0));
    case BsonType.DATE:
      return raw(place, dateText(readInt64(bytes, start)));
    case BsonType.OBJECT_ID:
      return raw(place, bytes.toString('hex', start, end));
    case BsonType.BINARY:
      return raw(place, bytes.toString('base64', start + 5, end));
    default:
      return raw(place, `BSON type ${type}`);
  }
}

/**
 * Upper case first, since several letters share one (ß and ss, σ and ς); composed before and after,
 * since either step may change what can be composed.
 */
export const foldCase = (text: string): string => text.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');

const raw = ({ bytes, type, start, end }: ScalarPlace, shown: string): CanonicalValue => ({
  kind: `bson ${type}`,
  bytes: bytes.subarray(start, end),
  shown,
});

const number = (text: string): CanonicalValue => ({
  kind: 'number',
  bytes: Buffer.from(plainNumber(text)),
  shown: text,
});

/** A whole double is the integer that it is exactly; any other the shortest decimal that means it, as a person wrote it. */
const doubleText = (value: number): string => (Number.isInteger(value) ? String(BigInt(value)) : String(value));

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]?\d+))?$/i;

/** One spelling for each number: its digits without zeros at either end, and the power of ten that they are multiplied by. */
export function plainNumber(text: string): string {
  const match = DECIMAL.exec(text);
  // Infinities, and what is not a number.
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** A date as ISO 8601; as ms since 1970 beyond the years that this can say. */
const dateText = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`);
