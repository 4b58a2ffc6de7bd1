/** Single values of a BSON tree from JavaScript's and back. */
import { Decimal128, ObjectId } from 'bson';
import { BsonType } from '../kernel/content/bson-types';
import { BsonScalar, type BsonValue } from './bson-tree';

const INT32_MIN = -(2n ** 31n);
const INT32_MAX = 2n ** 31n - 1n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const NO_BYTES = Buffer.alloc(0);
export const NULL = new BsonScalar(BsonType.NULL, NO_BYTES);
const TRUE = new BsonScalar(BsonType.BOOLEAN, Buffer.from([1]));
const FALSE = new BsonScalar(BsonType.BOOLEAN, Buffer.from([0]));

export const boolean = (value: boolean): BsonScalar => (value ? TRUE : FALSE);

export function text(value: string): BsonScalar {
  const length = Buffer.byteLength(value);
  const bytes = Buffer.alloc(4 + length + 1);
  bytes.writeInt32LE(length + 1);
  bytes.write(value, 4);
  return new BsonScalar(BsonType.STRING, bytes);
}

/** An int32 where it fits, as JSON content has it, or else an int64; undefined beyond 64 bits. */
export function integer(value: bigint): BsonScalar | undefined {
  if (value >= INT32_MIN && value <= INT32_MAX) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(Number(value));
    return new BsonScalar(BsonType.INT32, bytes);
  }
  return value >= INT64_MIN && value <= INT64_MAX ? new BsonScalar(BsonType.INT64, int64(value)) : undefined;
}

export function double(value: number): BsonScalar {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return new BsonScalar(BsonType.DOUBLE, bytes);
}

export const date = (ms: number): BsonScalar => new BsonScalar(BsonType.DATE, int64(BigInt(ms)));

/** A binary of the general subtype. */
export function binary(value: Uint8Array): BsonScalar {
  const bytes = Buffer.alloc(5 + value.length);
  bytes.writeInt32LE(value.length);
  bytes.set(value, 5);
  return new BsonScalar(BsonType.BINARY, bytes);
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

/** What a scalar is, for those who look at it. Types that need no looking into are `other`. */
export type Plain =
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'integer'; readonly value: bigint }
  | { readonly is: 'double'; readonly value: number }
  | { readonly is: 'boolean'; readonly value: boolean }
  | { readonly is: 'date'; readonly ms: number }
  | { readonly is: 'decimal'; readonly value: string }
  | { readonly is: 'object id'; readonly value: string }
  | { readonly is: 'binary'; readonly value: Uint8Array }
  | { readonly is: 'null' }
  | { readonly is: 'other' };

export function plain({ type, bytes }: BsonScalar): Plain {
  switch (type) {
    case BsonType.STRING:
      return { is: 'text', value: bytes.toString('utf8', 4, bytes.length - 1) };
    case BsonType.INT32:
      return { is: 'integer', value: BigInt(bytes.readInt32LE()) };
    case BsonType.INT64:
      return { is: 'integer', value: bytes.readBigInt64LE() };
    case BsonType.DOUBLE:
      return { is: 'double', value: bytes.readDoubleLE() };
    case BsonType.BOOLEAN:
      return { is: 'boolean', value: bytes[0] === 1 };
    case BsonType.DATE:
      return { is: 'date', ms: Number(bytes.readBigInt64LE()) };
    case BsonType.DECIMAL128:
      return { is: 'decimal', value: new Decimal128(Buffer.from(bytes)).toString() };
    case BsonType.OBJECT_ID:
      return { is: 'object id', value: new ObjectId(Buffer.from(bytes)).toHexString() };
    case BsonType.BINARY:
      return { is: 'binary', value: bytes.subarray(5) };
    case BsonType.NULL:
    case BsonType.UNDEFINED:
      return { is: 'null' };
    default:
      return { is: 'other' };
  }
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [BsonType.DOUBLE, 'a number'],
  [BsonType.STRING, 'text'],
  [BsonType.DOCUMENT, 'an object'],
  [BsonType.ARRAY, 'an array'],
  [BsonType.BINARY, 'binary data'],
  [BsonType.OBJECT_ID, 'an object id'],
  [BsonType.BOOLEAN, 'true or false'],
  [BsonType.DATE, 'a date'],
  [BsonType.NULL, 'null'],
  [BsonType.INT32, 'a number'],
  [BsonType.INT64, 'a number'],
  [BsonType.DECIMAL128, 'a decimal'],
]);

/** A value's type in a sentence. */
export const typeName = (value: BsonValue): string => NAMES.get(value.type) ?? 'of a type that only BSON has';
