/**
 * Values between a tree of content and CEL: objects are looked into only where an expression does,
 * and what it hands on untouched is the same bytes again.
 */
import {
  celList,
  celMap,
  celType,
  isCelList,
  isCelMap,
  isCelUint,
  type CelInput,
  type CelList,
  type CelMap,
  type CelValue,
} from '@bufbuild/cel';
import { LIMITS, MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import { BsonArray, BsonDocument, BsonScalar, type BsonValue } from './bson-tree';
import { binary, boolean, date, double, integer, NULL, plain, text, typeName } from './scalars';

/** Makes a CEL timestamp of ISO 8601 text. */
export type TimestampOf = (iso: string) => CelValue;

const TIMESTAMP = 'google.protobuf.Timestamp';

/** What CEL's objects and lists were made from. */
const ORIGINS = new WeakMap<object, BsonValue>();

/** A document as CEL reads it. */
class DocumentView implements ReadonlyMap<string, CelInput> {
  constructor(
    private readonly document: BsonDocument,
    private readonly reading: Reading,
  ) {}

  get size(): number {
    return this.document.count;
  }

  get(key: string): CelInput | undefined {
    const value = this.document.get(key);
    return value === undefined ? undefined : this.reading.read(value);
  }

  has(key: string): boolean {
    return this.document.get(key) !== undefined;
  }

  keys(): MapIterator<string> {
    return this.document.keys();
  }

  *values(): MapIterator<CelInput> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): MapIterator<[string, CelInput]> {
    for (const [key, value] of this.document.entries()) yield [key, this.reading.read(value)];
  }

  [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries();
  }

  forEach(visit: (value: CelInput, key: string, map: ReadonlyMap<string, CelInput>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }
}

/** The reading of content for one evaluation: each value is made ready for CEL once, however often a loop looks at it. */
class Reading {
  private readonly known = new Map<BsonValue, CelInput>();

  constructor(private readonly timestamp: TimestampOf) {}

  read(value: BsonValue): CelInput {
    const known = this.known.get(value);
    if (known !== undefined) return known;
    const made = value instanceof BsonScalar ? this.scalar(value) : this.whole(value);
    this.known.set(value, made);
    return made;
  }

  private whole(value: BsonDocument | BsonArray): CelMap | CelList {
    const made =
      value instanceof BsonDocument
        ? celMap(new DocumentView(value, this))
        : celList(value.elements.map((element) => this.read(element)));
    ORIGINS.set(made, value);
    return made;
  }

  private scalar(value: BsonScalar): CelInput {
    const known = plain(value);
    switch (known.is) {
      case 'text':
      case 'integer':
      case 'double':
      case 'boolean':
      case 'binary':
        return known.value;
      case 'null':
        return null;
      case 'date':
        if (known.ms < MIN_DATE_MS || known.ms > MAX_DATE_MS) throw new Error('a date is outside the years 1 to 9999');
        return this.timestamp(new Date(known.ms).toISOString());
      default:
        throw new Error(`a value is ${typeName(value)}, which expressions do not know`);
    }
  }
}

/** Content for one evaluation, during which it does not change. */
export const contentToCel = (content: BsonDocument, timestamp: TimestampOf): CelInput =>
  new Reading(timestamp).read(content);

/** A value that content cannot hold; `message` says what it is. */
export class NotContent extends Error {
  override readonly name = 'NotContent';
}

/** The value as content has it. Throws NotContent. */
export function toBson(value: CelValue): BsonValue {
  return new Conversion().value(value, 1);
}

/** An element's type and the NUL after its key. */
const ELEMENT_BYTES = 2;

/** Counts what it makes, since a short expression can repeat long content. */
class Conversion {
  private bytes = 0;

  value(value: CelValue, depth: number): BsonValue {
    if (depth > LIMITS.contentDepth) throw new NotContent(`nested over ${LIMITS.contentDepth} levels deep`);
    const made = this.make(value, depth);
    // Of new objects and lists the parts have been counted.
    const whole = made instanceof BsonScalar || (typeof value === 'object' && value !== null && ORIGINS.has(value));
    this.bytes += ELEMENT_BYTES + (whole ? made.size : 0);
    if (this.bytes > LIMITS.contentBytes)
      throw new NotContent(`larger than the ${LIMITS.contentBytes} bytes of content`);
    return made;
  }

  private make(value: CelValue, depth: number): BsonValue {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) throw new NotContent('text with half of a surrogate pair');
        return text(value);
      case 'bigint':
        return wholeNumber(value);
      case 'number':
        if (!Number.isFinite(value)) throw new NotContent(`${value}, which is no number that content can have`);
        return double(value);
      case 'boolean':
        return boolean(value);
      default:
    }
    if (value === null) return NULL;
    if (value instanceof Uint8Array) return binary(value);
    if (isCelUint(value)) return wholeNumber(value.value);
    const origin = ORIGINS.get(value);
    if (origin !== undefined) return origin.copy();
    if (isCelList(value)) return new BsonArray(Array.from(value, (element) => this.value(element, depth + 1)));
    if (isCelMap(value)) return this.document(value, depth);
    return dateOf(value);
  }

  private document(map: CelMap, depth: number): BsonDocument {
    const document = new BsonDocument();
    for (const [key, value] of map) {
      if (typeof key !== 'string') throw new NotContent('an object with a key that is not text');
      if (key.includes('\0') || !isWellFormed(key))
        throw new NotContent('an object with a key that content cannot have');
      document.set(key, this.value(value, depth + 1));
      this.bytes += Buffer.byteLength(key);
    }
    return document;
  }
}

function wholeNumber(value: bigint): BsonScalar {
  const made = integer(value);
  if (made === undefined) throw new NotContent('a whole number of more than 64 bits');
  return made;
}

/** What is left: messages (a timestamp among them) and types. */
function dateOf(value: CelValue): BsonScalar {
  const { name } = celType(value);
  if (name !== TIMESTAMP) throw new NotContent(`a ${name}, which content does not know`);
  return date(momentOf(value).getTime());
}

/** The moment of a value whose type is a timestamp, in whole milliseconds. */
export function momentOf(value: CelValue): Date {
  // CEL holds it as a reflected message.
  const { message } = value as object as { readonly message: { readonly seconds: bigint; readonly nanos: number } };
  return new Date(Number(message.seconds) * 1000 + Math.floor(message.nanos / 1e6));
}

/** ES2024's method, which Node has had since 20 and the library of types for ES2023 has not. */
const isWellFormed = (value: string): boolean => (value as string & { isWellFormed(): boolean }).isWellFormed();
