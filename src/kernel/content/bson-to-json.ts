/**
 * Stored BSON to JSON text for a client that wants JSON: a walk over the bytes, in the document's
 * own order, without objects in between. Integers keep all 64 bits, doubles have JavaScript's
 * shortest form (and `-0` its sign), and what JSON has no word for is relaxed Extended JSON v2.
 *
 * The bytes come from the log, where only checked content gets in. Broken ones are refused with
 * INTERNAL and never read beyond their end.
 */
import { Decimal128 } from 'bson';
import { AnnalsError } from '../annals-error';
import { BINARY_OLD, BsonType } from './bson-types';
import { JsonWriter } from './json-writer';

const { DOUBLE, STRING, DOCUMENT, ARRAY, BINARY, UNDEFINED, OBJECT_ID, BOOLEAN, DATE, NULL, REGEX } = BsonType;
const { DB_POINTER, CODE, SYMBOL, CODE_WITH_SCOPE, INT32, TIMESTAMP, INT64, DECIMAL128, MAX_KEY, MIN_KEY } = BsonType;

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const TWO_TO_32 = 2 ** 32;
/** Dates that relaxed Extended JSON writes as text: from 1970 to the end of 9999, in ms. */
const LAST_TEXT_DATE_MS = 253_402_300_799_999;

class BsonToJson extends JsonWriter {
  /** Whether `JSON.parse` of the text gives every value as it is. */
  private plain = true;

  bytes(bson: Buffer): Buffer {
    this.walk(bson);
    return this.scratch.take(this.end);
  }

  text(bson: Buffer): string {
    this.walk(bson);
    return this.takeText();
  }

  plainText(bson: Buffer): string | undefined {
    this.walk(bson);
    return this.plain ? this.takeText() : undefined;
  }

  private takeText(): string {
    const text = this.out.toString('utf8', 0, this.end);
    this.scratch.release();
    return text;
  }

  private walk(bson: Buffer): void {
    this.open(bson);
    this.plain = true;
    this.room();
    this.document();
    if (this.at !== bson.length) this.broken();
    this.shut();
  }

  private document(): void {
    const last = this.enter();
    const start = this.end;
    this.out[this.end++] = OPEN_BRACE;
    for (let type = this.bson[this.at++]; type !== 0; type = this.bson[this.at++]) {
      this.room();
      if (this.end !== start + 1) this.out[this.end++] = COMMA;
      this.quoted(this.terminator(this.at));
      this.out[this.end++] = COLON;
      this.value(type);
    }
    this.out[this.end++] = CLOSE_BRACE;
    if (this.at !== last) this.broken();
  }

  private array(): void {
    const last = this.enter();
    const start = this.end;
    this.out[this.end++] = OPEN_BRACKET;
    for (let type = this.bson[this.at++]; type !== 0; type = this.bson[this.at++]) {
      this.room();
      if (this.end !== start + 1) this.out[this.end++] = COMMA;
      this.at = this.terminator(this.at) + 1;
      this.value(type);
    }
    this.out[this.end++] = CLOSE_BRACKET;
    if (this.at !== last) this.broken();
  }

  /** Goes past a document's length. Where the document ends. */
  private enter(): number {
    const last = this.at + this.int32(this.at);
    if (last > this.bson.length) this.broken();
    this.at += 4;
    return last;
  }

  private value(type: number | undefined): void {
    switch (type) {
      case STRING:
        return this.string();
      case INT32:
        this.integer(this.int32(this.at));
        this.at += 4;
        return;
      case NULL:
        return this.ascii('null');
      case BOOLEAN:
        return this.ascii(this.bson[this.at++] === 0 ? 'false' : 'true');
      case DOCUMENT:
        return this.document();
      case ARRAY:
        return this.array();
      case DOUBLE:
        return this.double();
      case INT64:
        return this.int64();
      default:
        return this.extended(type);
    }
  }

  /** What only Extended JSON has a form for. */
  private extended(type: number | undefined): void {
    const { bson, at } = this;
    this.plain = false;
    switch (type) {
      case DATE: {
        const ms = this.bigint(8);
        const asText = ms >= 0 && ms <= LAST_TEXT_DATE_MS;
        const text = asText ? new Date(Number(ms)).toISOString().replace('.000Z', 'Z') : '';
        return this.ascii(asText ? `{"$date":"${text}"}` : `{"$date":{"$numberLong":"${ms}"}}`);
      }
      case OBJECT_ID:
        return this.ascii(`{"$oid":"${this.slice(12).toString('hex')}"}`);
      case BINARY: {
        const subtype = bson[at + 4] ?? 0;
        const size = this.int32(at);
        this.at += 5;
        const data = this.slice(size).subarray(subtype === BINARY_OLD ? 4 : 0);
        const hex = subtype.toString(16).padStart(2, '0');
        return this.ascii(`{"$binary":{"base64":"${data.toString('base64')}","subType":"${hex}"}}`);
      }
      case TIMESTAMP: {
        const both = this.bigint(8);
        return this.ascii(`{"$timestamp":{"t":${BigInt.asUintN(32, both >> 32n)},"i":${BigInt.asUintN(32, both)}}}`);
      }
      case DECIMAL128:
        return this.ascii(`{"$numberDecimal":"${new Decimal128(Buffer.from(this.slice(16))).toString()}"}`);
      case REGEX:
        this.ascii('{"$regularExpression":{"pattern":');
        this.quoted(this.terminator(this.at));
        this.ascii(',"options":');
        this.quoted(this.terminator(this.at));
        return this.ascii('}}');
      case SYMBOL:
        this.ascii('{"$symbol":');
        this.string();
        return this.ascii('}');
      case CODE:
        this.ascii('{"$code":');
        this.string();
        return this.ascii('}');
      case CODE_WITH_SCOPE:
        this.at += 4;
        this.ascii('{"$code":');
        this.string();
        this.ascii(',"$scope":');
        this.document();
        return this.ascii('}');
      case DB_POINTER:
        this.ascii('{"$dbPointer":{"$ref":');
        this.string();
        return this.ascii(`,"$id":{"$oid":"${this.slice(12).toString('hex')}"}}}`);
      case UNDEFINED:
        return this.ascii('{"$undefined":true}');
      case MIN_KEY:
        return this.ascii('{"$minKey":1}');
      case MAX_KEY:
        return this.ascii('{"$maxKey":1}');
      default:
        this.broken();
    }
  }

  private string(): void {
    const size = this.int32(this.at);
    this.at += 4;
    const last = this.at + size - 1;
    if (size < 1 || last >= this.bson.length) this.broken();
    this.quoted(last);
  }

  /** The offset of the first NUL from `i` on. */
  private terminator(i: number): number {
    const { bson } = this;
    while (i < bson.length) {
      if (bson[i] === 0) return i;
      i++;
    }
    this.broken();
  }

  private int64(): void {
    const value = this.int32(this.at + 4) * TWO_TO_32 + (this.int32(this.at) >>> 0);
    if (!Number.isSafeInteger(value)) {
      this.plain = false;
      return this.ascii(this.bigint(8).toString());
    }
    this.at += 8;
    this.integer(value);
  }

  private double(): void {
    if (this.at + 8 > this.bson.length) this.broken();
    const value = this.bson.readDoubleLE(this.at);
    this.at += 8;
    if (!Number.isFinite(value)) {
      this.plain = false;
      return this.ascii(`{"$numberDouble":"${value}"}`);
    }
    this.ascii(Object.is(value, -0) ? '-0' : String(value));
  }

  private int32(at: number): number {
    const { bson } = this;
    if (at + 4 > bson.length) this.broken();
    return bson.readInt32LE(at);
  }

  private bigint(size: number): bigint {
    return this.slice(size).readBigInt64LE();
  }

  private slice(size: number): Buffer {
    const from = this.at;
    if (size < 0 || from + size > this.bson.length) this.broken();
    this.at += size;
    return this.bson.subarray(from, this.at);
  }

  private broken(): never {
    throw new AnnalsError('INTERNAL', `stored content is not BSON at byte ${this.at}`, {
      metadata: { offset: String(this.at) },
    });
  }
}

const converter = new BsonToJson();

/** The JSON text of a BSON document, as UTF-8; a Buffer of its own. */
export const bsonToJson = (bson: Buffer): Buffer => converter.bytes(bson);

/** The same as a string. */
export const bsonToJsonText = (bson: Buffer): string => converter.text(bson);

/** The same, where `JSON.parse` gives back every value as it is; undefined where some need more than JSON. */
export const plainJsonText = (bson: Buffer): string | undefined => converter.plainText(bson);
