/**
 * Content between BSON and JavaScript objects, for clients. What went in comes back: an object that
 * looks like a DBRef stays an object, `__proto__` is a key like any other, an int64 is a number
 * where a number holds it and a bigint where not.
 *
 * Most content is plain JSON by nature. For that, writing its text and having the engine parse it
 * takes half the time of building objects here.
 */
import { deserialize, serialize } from 'bson';
import { AnnalsError, overLimit } from '../annals-error';
import { LIMITS } from '../limits';
import { plainJsonText } from './bson-to-json';
import { BsonType } from './bson-types';

export type Content = Record<string, unknown>;

/** The object that a BSON document holds. Dates are Dates; types that JavaScript lacks are those of the `bson` package. */
export function decodeBson(bytes: Buffer): Content {
  const text = plainJsonText(bytes);
  // Text made of a document parses to an object.
  return text === undefined ? new Decoder(bytes).document() : (JSON.parse(text) as Content);
}

/** Reads bytes that have been walked once already, so it trusts their lengths. */
class Decoder {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  document(): Content {
    const content: Content = {};
    this.at += 4;
    for (let type = this.bytes[this.at++] ?? 0; type !== 0; type = this.bytes[this.at++] ?? 0) {
      const key = this.cstring();
      const value = this.value(type);
      if (key !== '__proto__') content[key] = value;
      else Object.defineProperty(content, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return content;
  }

  private array(): unknown[] {
    const values: unknown[] = [];
    this.at += 4;
    for (let type = this.bytes[this.at++] ?? 0; type !== 0; type = this.bytes[this.at++] ?? 0) {
      this.at = this.bytes.indexOf(0, this.at) + 1;
      values.push(this.value(type));
    }
    return values;
  }

  private value(type: number): unknown {
    const { bytes, at } = this;
    switch (type) {
      case BsonType.STRING: {
        this.at += 4 + bytes.readInt32LE(at);
        return bytes.toString('utf8', at + 4, this.at - 1);
      }
      case BsonType.DOCUMENT:
        return this.document();
      case BsonType.ARRAY:
        return this.array();
      case BsonType.NULL:
        return null;
      case BsonType.BOOLEAN:
        return bytes[this.at++] === 1;
      case BsonType.INT32:
        this.at += 4;
        return bytes.readInt32LE(at);
      case BsonType.DOUBLE:
        this.at += 8;
        return bytes.readDoubleLE(at);
      case BsonType.INT64: {
        this.at += 8;
        const exact = bytes.readBigInt64LE(at);
        const value = Number(exact);
        return Number.isSafeInteger(value) ? value : exact;
      }
      case BsonType.DATE:
        this.at += 8;
        return new Date(Number(bytes.readBigInt64LE(at)));
      default:
        return this.rare(type);
    }
  }

  /** A value that the `bson` package has a class for: it decodes a document of that one element. */
  private rare(type: number): unknown {
    const from = this.at;
    this.at += this.rareSize(type);
    const head = Buffer.from([0, 0, 0, 0, type, 0]);
    const document = Buffer.concat([head, this.bytes.subarray(from, this.at), Buffer.from([0])]);
    document.writeInt32LE(document.length);
    try {
      return deserialize(document)[''];
    } catch (error) {
      // An expression that other languages know and JavaScript does not.
      if (error instanceof SyntaxError) return deserialize(document, { bsonRegExp: true })[''];
      throw error;
    }
  }

  private rareSize(type: number): number {
    const { bytes, at } = this;
    switch (type) {
      case BsonType.OBJECT_ID:
        return 12;
      case BsonType.TIMESTAMP:
        return 8;
      case BsonType.DECIMAL128:
        return 16;
      case BsonType.BINARY:
        return 5 + bytes.readInt32LE(at);
      case BsonType.SYMBOL:
      case BsonType.CODE:
        return 4 + bytes.readInt32LE(at);
      case BsonType.CODE_WITH_SCOPE:
        return bytes.readInt32LE(at);
      case BsonType.DB_POINTER:
        return 4 + bytes.readInt32LE(at) + 12;
      case BsonType.REGEX:
        return bytes.indexOf(0, bytes.indexOf(0, at) + 1) + 1 - at;
      default:
        return 0; // Undefined, and the least and greatest keys: nothing but their type.
    }
  }

  private cstring(): string {
    const from = this.at;
    const end = this.bytes.indexOf(0, from);
    this.at = end + 1;
    return this.bytes.toString('utf8', from, end);
  }
}

/** What UTF-8 has instead of half a surrogate pair. */
const REPLACEMENT = Buffer.from('\ufffd');

/**
 * A BSON document for an object: bigints become int64, undefined properties are left out. Throws
 * CONTENT_TOO_LARGE, and INVALID_CONTENT for what would not come back the same or cannot be BSON.
 */
export function encodeBson(content: object, field = 'content'): Buffer {
  if (Array.isArray(content)) throw unfit(field, 'content is one object, not an array');
  let bytes: Buffer;
  try {
    const encoded = serialize(content, { ignoreUndefined: true });
    bytes = Buffer.isBuffer(encoded) ? encoded : Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  } catch (error) {
    throw unfit(field, error instanceof Error ? error.message : String(error), error);
  }
  if (bytes.length > LIMITS.contentBytes) {
    throw overLimit(field, LIMITS.contentBytes, bytes.length, 'bytes of BSON', 'CONTENT_TOO_LARGE');
  }
  // `serialize` wraps a bigint over 64 bits around and replaces half a surrogate pair, in silence.
  // Only where its bytes say that either may have happened is it worth looking.
  if (bytes.includes(BsonType.INT64) || bytes.includes(REPLACEMENT)) refuseAltered(content, field);
  return bytes;
}

function refuseAltered(value: unknown, path: string): void {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) throw unfit(path, `${value} is over 64 bits`);
  } else if (typeof value === 'string') {
    if (!isWellFormed(value)) throw unfit(path, 'half of a surrogate pair, which UTF-8 cannot hold');
  } else if (typeof value === 'object' && value !== null && !('_bsontype' in value)) {
    const entries: Iterable<[string, unknown]> = value instanceof Map ? value : Object.entries(value);
    for (const [key, inner] of entries) {
      if (!isWellFormed(key)) throw unfit(path, 'half of a surrogate pair in a key');
      refuseAltered(inner, `${path}.${key}`);
    }
  }
}

/** ES2024's method, which Node has had since 20 and the library of types for ES2023 has not. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

const unfit = (field: string, reason: string, cause?: unknown): AnnalsError =>
  new AnnalsError('INVALID_CONTENT', `${field}: ${reason}`, { field, cause });
