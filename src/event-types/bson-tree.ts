/**
 * Content as a tree that a migration changes: what no step touches stays the bytes that it is, so
 * every BSON type and the order of keys come back as they were. A document is taken apart only
 * where a step goes into it; keys live in a Map, so `__proto__` is a key like any other.
 */
import { BsonType } from '../kernel/content/bson-types';

/** A value without fields or elements: its type and its bytes, never changed. */
export class BsonScalar {
  constructor(
    readonly type: number,
    readonly bytes: Buffer,
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  write(out: Buffer, at: number): number {
    return at + this.bytes.copy(out, at);
  }

  copy(): this {
    return this;
  }
}

export type BsonValue = BsonScalar | BsonDocument | BsonArray;

/** Levels of objects and arrays in a value, itself counted; 0 for one that is neither. */
export function levelsOf(value: BsonValue): number {
  if (value instanceof BsonScalar) return 0;
  let most = 0;
  for (const inner of value.inner()) most = Math.max(most, levelsOf(inner));
  return 1 + most;
}

/** A document's length and its last NUL. */
const FRAME_BYTES = 5;
/** An element's type and the NUL after its key. */
const ELEMENT_BYTES = 2;

const NOTHING = Buffer.from([FRAME_BYTES, 0, 0, 0, 0]);

export class BsonDocument {
  readonly type = BsonType.DOCUMENT;
  /** Once the document has been taken apart this is what it is, and `raw` what it was. */
  private fields: Map<string, BsonValue> | undefined;

  /** @param raw one checked BSON document. */
  constructor(private readonly raw: Buffer = NOTHING) {}

  get(key: string): BsonValue | undefined {
    return this.parsed().get(key);
  }

  keys(): MapIterator<string> {
    return this.parsed().keys();
  }

  entries(): MapIterator<[string, BsonValue]> {
    return this.parsed().entries();
  }

  /** The values in it, for a look that leaves the bytes what they are. */
  inner(): Iterable<BsonValue> {
    return this.fields?.values() ?? elementsOf(this.raw).map(([, value]) => value);
  }

  get count(): number {
    return this.parsed().size;
  }

  set(key: string, value: BsonValue): void {
    this.parsed().set(key, value);
  }

  delete(key: string): void {
    this.parsed().delete(key);
  }

  /** Gives a field another key and leaves it in its place. */
  rename(key: string, to: string): void {
    const fields = [...this.parsed()].map(([k, value]) => [k === key ? to : k, value] as const);
    this.fields = new Map(fields);
  }

  get size(): number {
    if (this.fields === undefined) return this.raw.length;
    let size = FRAME_BYTES;
    for (const [key, value] of this.parsed()) size += ELEMENT_BYTES + Buffer.byteLength(key) + value.size;
    return size;
  }

  write(out: Buffer, at: number): number {
    if (this.fields === undefined) return at + this.raw.copy(out, at);
    let end = at + 4;
    for (const [key, value] of this.parsed()) {
      out[end++] = value.type;
      end += out.write(key, end);
      out[end++] = 0;
      end = value.write(out, end);
    }
    out[end++] = 0;
    out.writeInt32LE(end - at, at);
    return end;
  }

  /** One BSON document of its own. */
  toBson(): Buffer {
    const out = Buffer.allocUnsafe(this.size);
    this.write(out, 0);
    return out;
  }

  /** The same value for another place, so that a change here is none there. */
  copy(): BsonDocument {
    return new BsonDocument(this.fields === undefined ? this.raw : this.toBson());
  }

  private parsed(): Map<string, BsonValue> {
    return (this.fields ??= new Map(elementsOf(this.raw)));
  }
}

export class BsonArray {
  readonly type = BsonType.ARRAY;
  /** @param made its bytes, which are taken apart when they are looked into, or its elements. */
  constructor(private made: Buffer | readonly BsonValue[]) {}

  /** As of a document. */
  inner(): Iterable<BsonValue> {
    return Buffer.isBuffer(this.made) ? elementsOf(this.made).map(([, value]) => value) : this.made;
  }

  get elements(): readonly BsonValue[] {
    if (Buffer.isBuffer(this.made)) this.made = elementsOf(this.made).map(([, value]) => value);
    return this.made;
  }

  get size(): number {
    if (Buffer.isBuffer(this.made)) return this.made.length;
    let size = FRAME_BYTES;
    this.elements.forEach((value, i) => (size += ELEMENT_BYTES + String(i).length + value.size));
    return size;
  }

  write(out: Buffer, at: number): number {
    if (Buffer.isBuffer(this.made)) return at + this.made.copy(out, at);
    let end = at + 4;
    this.elements.forEach((value, i) => {
      out[end++] = value.type;
      end += out.write(String(i), end, 'latin1');
      out[end++] = 0;
      end = value.write(out, end);
    });
    out[end++] = 0;
    out.writeInt32LE(end - at, at);
    return end;
  }

  copy(): BsonArray {
    return new BsonArray(Buffer.isBuffer(this.made) ? this.made : this.made.map((value) => value.copy()));
  }
}

/** The elements of a checked document or array, each a slice of its bytes. */
function elementsOf(raw: Buffer): [string, BsonValue][] {
  const elements: [string, BsonValue][] = [];
  let at = 4;
  for (let type = raw[at++] ?? 0; type !== 0; type = raw[at++] ?? 0) {
    const keyEnd = raw.indexOf(0, at);
    const key = raw.toString('utf8', at, keyEnd);
    const from = keyEnd + 1;
    at = from + sizeOf(raw, type, from);
    const bytes = raw.subarray(from, at);
    elements.push([key, valueOf(type, bytes)]);
  }
  return elements;
}

function valueOf(type: number, bytes: Buffer): BsonValue {
  if (type === BsonType.DOCUMENT) return new BsonDocument(bytes);
  if (type === BsonType.ARRAY) return new BsonArray(bytes);
  return new BsonScalar(type, bytes);
}

/** The bytes of a value at `at`; the content has been checked, so its lengths are right. */
function sizeOf(raw: Buffer, type: number, at: number): number {
  switch (type) {
    case BsonType.BOOLEAN:
      return 1;
    case BsonType.INT32:
      return 4;
    case BsonType.DOUBLE:
    case BsonType.INT64:
    case BsonType.DATE:
    case BsonType.TIMESTAMP:
      return 8;
    case BsonType.OBJECT_ID:
      return 12;
    case BsonType.DECIMAL128:
      return 16;
    case BsonType.DOCUMENT:
    case BsonType.ARRAY:
    case BsonType.CODE_WITH_SCOPE:
      return raw.readInt32LE(at);
    case BsonType.STRING:
    case BsonType.SYMBOL:
    case BsonType.CODE:
      return 4 + raw.readInt32LE(at);
    case BsonType.BINARY:
      return 5 + raw.readInt32LE(at);
    case BsonType.DB_POINTER:
      return 4 + raw.readInt32LE(at) + 12;
    case BsonType.REGEX:
      return raw.indexOf(0, raw.indexOf(0, at) + 1) + 1 - at;
    default:
      return 0; // Null, undefined, and the least and greatest keys.
  }
}
