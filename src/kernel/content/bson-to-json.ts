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
import { mayNeedEscape } from './four-bytes';
import { Scratch } from './scratch';

const { DOUBLE, STRING, DOCUMENT, ARRAY, BINARY, UNDEFINED, OBJECT_ID, BOOLEAN, DATE, NULL, REGEX } = BsonType;
const { DB_POINTER, CODE, SYMBOL, CODE_WITH_SCOPE, INT32, TIMESTAMP, INT64, DECIMAL128, MAX_KEY, MIN_KEY } = BsonType;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Bytes that a number or a word can take in JSON beyond those that it takes in BSON, with room to spare. */
const ELEMENT_ROOM = 64;
/** Bytes that an escape (`\u001f`) takes beyond its one in BSON. */
const ESCAPE_ROOM = 8;

const TWO_TO_32 = 2 ** 32;
/** Dates that relaxed Extended JSON writes as text: from 1970 to the end of 9999, in ms. */
const LAST_TEXT_DATE_MS = 253_402_300_799_999;

/** The letter after the backslash, for control characters that have one. */
const SHORT_ESCAPES = new Uint8Array(SPACE);
for (const [control, letter] of ['\bb', '\tt', '\nn', '\ff', '\rr']) {
  SHORT_ESCAPES[control!.charCodeAt(0)] = letter!.charCodeAt(0);
}
const HEX = Buffer.from('0123456789abcdef');

const NO_BYTES = Buffer.alloc(0);

class BsonToJson {
  private bson: Buffer = NO_BYTES;
  private view: DataView = new DataView(NO_BYTES.buffer);
  private at = 0;
  private readonly scratch = new Scratch();
  private out = this.scratch.bytes;
  private end = 0;
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
    this.bson = bson;
    this.view = new DataView(bson.buffer, bson.byteOffset, bson.length);
    this.out = this.scratch.bytes;
    this.at = this.end = 0;
    this.plain = true;
    this.room();
    this.document();
    if (this.at !== bson.length) this.broken();
    this.bson = NO_BYTES; // The caller's bytes are not ours to keep.
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

  /** Writes the bytes from here to `last` in quotes, and goes past the NUL that stands there. */
  private quoted(last: number): void {
    const { bson } = this;
    let { out, end } = this;
    let i = this.at;
    out[end++] = QUOTE;
    const read = this.view;
    let write = this.scratch.view;
    while (i < last) {
      while (i + 4 <= last) {
        const four = read.getInt32(i, true);
        if (mayNeedEscape(four)) break;
        write.setInt32(end, four, true);
        i += 4;
        end += 4;
      }
      if (i === last) break;
      const c = bson[i++]!;
      if (c >= SPACE && c !== QUOTE && c !== BACKSLASH) {
        out[end++] = c;
        continue;
      }
      if (end + bson.length - i + ELEMENT_ROOM + ESCAPE_ROOM > out.length) {
        this.scratch.grow(end + bson.length - i + ELEMENT_ROOM + ESCAPE_ROOM, end);
        this.out = out = this.scratch.bytes;
        write = this.scratch.view;
      }
      out[end++] = BACKSLASH;
      if (c >= SPACE) {
        out[end++] = c;
      } else if (SHORT_ESCAPES[c] !== 0) {
        out[end++] = SHORT_ESCAPES[c]!;
      } else {
        end += out.write('u00', end, 'latin1');
        out[end++] = HEX[c >> 4]!;
        out[end++] = HEX[c & 15]!;
      }
    }
    out[end++] = QUOTE;
    this.end = end;
    this.at = last + 1;
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

  private integer(value: number): void {
    const { out } = this;
    let rest = value;
    if (rest < 0) {
      out[this.end++] = MINUS;
      rest = -rest;
    }
    let digits = 1;
    for (let bound = 10; rest >= bound; bound *= 10) digits++;
    const after = this.end + digits;
    for (let i = after - 1; i >= this.end; i--) {
      const tenth = Math.floor(rest / 10);
      out[i] = rest - tenth * 10 + ZERO; // In this order: near 2^53 a sum with ZERO would be rounded.
      rest = tenth;
    }
    this.end = after;
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
    return bson[at]! | (bson[at + 1]! << 8) | (bson[at + 2]! << 16) | (bson[at + 3]! << 24);
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

  /** Writes ASCII: words and numbers fit the element's room, longer text makes its own. */
  private ascii(text: string): void {
    if (this.end + text.length + this.bson.length - this.at + ELEMENT_ROOM > this.out.length) {
      this.scratch.grow(this.end + text.length + this.bson.length - this.at + ELEMENT_ROOM, this.end);
      this.out = this.scratch.bytes;
    }
    const { out, end } = this;
    for (let i = 0; i < text.length; i++) out[end + i] = text.charCodeAt(i);
    this.end = end + text.length;
  }

  /** Before each element: room for it and for all BSON that is left, as it is. Escapes make their own. */
  private room(): void {
    const needed = this.end + this.bson.length - this.at + ELEMENT_ROOM;
    if (needed <= this.out.length) return;
    this.scratch.grow(needed, this.end);
    this.out = this.scratch.bytes;
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
