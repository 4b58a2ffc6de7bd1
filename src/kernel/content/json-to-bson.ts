/**
 * JSON that came over the wire, straight to the BSON that is stored: one pass over the bytes, no
 * objects in between. It is strict where `JSON.parse` is lenient, since content must come back the
 * same: no duplicate keys, no number that would change, no depth that MongoDB's tools cannot show.
 *
 * Numbers: an integer literal is an int32 if it fits, else an int64, else a double when the double
 * prints or is exactly that integer; `-0` and whatever has a dot or an exponent is a double.
 */
import { isUtf8 } from 'node:buffer';
import { AnnalsError, overLimit } from '../annals-error';
import { LIMITS } from '../limits';
import { BsonType } from './bson-types';
import { BsonWriter } from './bson-writer';
import { mayNeedEscape } from './four-bytes';
import { jsonPath, NOWHERE } from './json-place';
import { KeySet } from './key-set';
import { utf8FaultAt } from './utf8';

const { STRING, DOCUMENT, ARRAY, BOOLEAN, NULL } = BsonType;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Turns an ASCII capital into its small letter. */
const LOWER_CASE = 0x20;

/**
 * Bytes that an element can take in BSON beyond those that it takes in JSON: type, an array's
 * index and its NUL, a length and a last NUL, or eight bytes for a number of two characters.
 */
const ELEMENT_ROOM = 64;

/** Decimal digits that every double holds exactly. */
const EXACT_DIGITS = 15;
/** The largest power of ten that is exactly a double: a quotient by one up to here is rounded once, so correctly. */
const EXACT_POWER = 22;
const POWERS_OF_TEN = Array.from({ length: EXACT_POWER + 1 }, (_, n) => Number(`1e${n}`));
/** Digits of the largest double: a longer integer is none, and needs no arithmetic to refuse. */
const DOUBLE_DIGITS = 309;

/** What follows a backslash, and the byte it stands for. */
const ESCAPES = new Uint8Array(256);
for (const [letter, meant] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  ESCAPES[letter!.charCodeAt(0)] = meant!.charCodeAt(0);
}

const NO_TEXT = Buffer.alloc(0);

class JsonToBson extends BsonWriter {
  private text: Buffer = NO_TEXT;
  private view: DataView = new DataView(NO_TEXT.buffer);
  private field = '';
  private at = 0;
  private depth = 0;
  private readonly steps = new Int32Array(LIMITS.contentDepth + 2);
  private readonly keys = new KeySet();

  convert(text: Buffer, field: string): Buffer {
    if (!isUtf8(text)) {
      const offset = utf8FaultAt(text);
      throw new AnnalsError('INVALID_UTF8', `${field} at byte ${offset}: not UTF-8`, {
        field,
        metadata: { offset: String(offset) },
      });
    }
    this.text = text;
    this.view = new DataView(text.buffer, text.byteOffset, text.length);
    this.field = field;
    this.at = this.depth = 0;
    this.start();
    this.keys.begin();
    try {
      if (this.token() !== OPEN_BRACE) this.fail('content is one JSON object');
      this.room();
      this.object();
      if (this.token() >= 0) this.fail('text after the end of the object');
      const { size } = this;
      if (size > LIMITS.contentBytes) {
        throw overLimit(field, LIMITS.contentBytes, size, 'bytes of BSON', 'CONTENT_TOO_LARGE');
      }
      return this.scratch.take(size);
    } finally {
      this.text = NO_TEXT; // The caller's text is not ours to keep.
      this.scratch.release();
    }
  }

  /** Skips white space. The byte at the place reached, which is not consumed; -1 at the end. */
  private token(): number {
    const { text } = this;
    let i = this.at;
    while (i < text.length) {
      const c = text[i]!;
      if (c > SPACE || (c !== SPACE && c !== LINE_FEED && c !== CARRIAGE_RETURN && c !== TAB)) {
        this.at = i;
        return c;
      }
      i++;
    }
    this.at = i;
    return -1;
  }

  private object(): void {
    const start = this.open();
    const { depth } = this;
    const document = this.spilled === 0 ? this.keys.document() : 0;
    let c = this.token();
    if (c === CLOSE_BRACE) return this.close(start);
    for (;;) {
      if (c !== QUOTE) this.fail(c === -1 ? 'the text ends inside an object' : 'expected a key in double quotes');
      const keyAt = (this.steps[depth] = this.at);
      this.room();
      const typeAt = this.end++;
      this.characters(true);
      const to = this.end++;
      this.out[to] = 0;
      if (this.spilled === 0 && !this.keys.add(document, this.out, typeAt + 1, to)) this.fail('duplicate key', keyAt);
      if (this.token() !== COLON) this.fail("expected ':'");
      this.at++;
      this.value(typeAt, this.token());
      c = this.token();
      if (c === CLOSE_BRACE) return this.close(start);
      if (c !== COMMA) this.fail(c === -1 ? 'the text ends inside an object' : "expected ',' or '}'");
      this.at++;
      c = this.token();
    }
  }

  private array(): void {
    const start = this.open();
    const { depth } = this;
    let c = this.token();
    if (c === CLOSE_BRACKET) return this.close(start);
    for (let index = 0; ; index++) {
      this.steps[depth] = ~index;
      this.room();
      const typeAt = this.end++;
      this.index(index);
      this.value(typeAt, c);
      c = this.token();
      if (c === CLOSE_BRACKET) return this.close(start);
      if (c !== COMMA) this.fail(c === -1 ? 'the text ends inside an array' : "expected ',' or ']'");
      this.at++;
      c = this.token();
    }
  }

  /** Goes into an object or array. Where its length will be written. */
  private open(): number {
    if (this.depth === LIMITS.contentDepth) this.fail(`nested over ${LIMITS.contentDepth} levels deep`);
    this.steps[++this.depth] = NOWHERE;
    this.at++;
    const start = this.end;
    this.end += 4;
    return start;
  }

  private close(start: number): void {
    this.at++;
    this.depth--;
    this.out[this.end++] = 0;
    this.int32At(start, this.end - start);
  }

  private value(typeAt: number, c: number): void {
    const { at, out } = this;
    if (c === QUOTE) {
      out[typeAt] = STRING;
      const lengthAt = this.end;
      this.end += 4;
      this.characters(false);
      out[this.end++] = 0;
      this.int32At(lengthAt, this.end - lengthAt - 4);
    } else if (c === OPEN_BRACE) {
      out[typeAt] = DOCUMENT;
      this.object();
    } else if (c === OPEN_BRACKET) {
      out[typeAt] = ARRAY;
      this.array();
    } else if (c === MINUS || (c >= ZERO && c <= NINE)) {
      out[typeAt] = this.number(c);
    } else if (this.word('true')) {
      out[typeAt] = BOOLEAN;
      out[this.end++] = 1;
    } else if (this.word('false')) {
      out[typeAt] = BOOLEAN;
      out[this.end++] = 0;
    } else if (this.word('null')) {
      out[typeAt] = NULL;
    } else if (this.word('NaN') || this.word('Infinity')) {
      this.fail('a number that is not finite', at);
    } else {
      this.fail(c === -1 ? 'the text ends where a value is expected' : 'expected a value');
    }
  }

  private word(word: string): boolean {
    const { text, at } = this;
    for (let i = 0; i < word.length; i++) if (text[at + i] !== word.charCodeAt(i)) return false;
    this.at = at + word.length;
    return true;
  }

  /** Copies a string's characters, from its opening quote to beyond its closing one, with escapes undone. */
  private characters(inKey: boolean): void {
    const { text, out } = this;
    const { length } = text;
    const read = this.view;
    const write = this.scratch.view;
    let i = this.at + 1;
    let end = this.end;
    while (i < length) {
      while (i + 4 <= length) {
        const four = read.getInt32(i, true);
        if (mayNeedEscape(four)) break;
        write.setInt32(end, four, true);
        i += 4;
        end += 4;
      }
      const c = text[i]!;
      if (c !== QUOTE && c !== BACKSLASH && c >= SPACE) {
        out[end++] = c;
        i++;
      } else if (c === QUOTE) {
        this.at = i + 1;
        this.end = end;
        return;
      } else if (c === BACKSLASH) {
        const letter = text[i + 1] ?? 0;
        const meant = ESCAPES[letter]!;
        if (meant !== 0) {
          out[end++] = meant;
          i += 2;
        } else {
          if (letter !== LOWER_U) this.fail('an escape that JSON does not have', i);
          this.end = end;
          i = this.unicodeEscape(i, inKey);
          end = this.end;
        }
      } else {
        this.fail('a control character in a string must be escaped', i);
      }
    }
    this.fail('the text ends inside a string', length);
  }

  /** Writes what the `\uXXXX` at `i`, with its other half where it is one of a pair, stands for. The offset after it. */
  private unicodeEscape(i: number, inKey: boolean): number {
    const { text } = this;
    let code = this.hex(i + 2, i);
    let after = i + 6;
    if (code === 0 && inKey) this.fail('NUL in a key', i);
    if (code >= 0xd800 && code <= 0xdfff) {
      const paired = code <= 0xdbff && text[after] === BACKSLASH && text[after + 1] === LOWER_U;
      const low = paired ? this.hex(after + 2, after) : 0;
      if (low < 0xdc00 || low > 0xdfff) this.fail('half of a surrogate pair, which UTF-8 cannot hold', i);
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      after += 6;
    }
    this.codePoint(code);
    return after;
  }

  private hex(from: number, escapeAt: number): number {
    let code = 0;
    for (let i = from; i < from + 4; i++) {
      const c = this.text[i] ?? 0;
      const letter = c | LOWER_CASE;
      if (c >= ZERO && c <= NINE) code = code * 16 + c - ZERO;
      else if (letter >= 0x61 && letter <= 0x66) code = code * 16 + letter - 0x61 + 10;
      else this.fail('an escape without four hexadecimal digits', escapeAt);
    }
    return code;
  }

  /** Reads a number literal and writes its value. Its BSON type. */
  private number(first: number): number {
    const { text } = this;
    const from = this.at;
    const negative = first === MINUS;
    let i = negative ? from + 1 : from;
    const digitsAt = i;
    let mantissa = 0;
    let c = text[i] ?? 0;
    for (; c >= ZERO && c <= NINE; c = text[++i] ?? 0) mantissa = mantissa * 10 + c - ZERO;
    let digits = i - digitsAt;
    if (digits === 0) this.fail(this.infinity(i) ? 'a number that is not finite' : 'expected a digit', i);
    if (digits > 1 && text[digitsAt] === ZERO) this.fail('a number with a leading zero', digitsAt);

    if (c !== DOT && (c | LOWER_CASE) !== LOWER_E) {
      this.at = i;
      if (digits <= EXACT_DIGITS) {
        if (negative && mantissa === 0) return this.double(-0);
        return this.integer(negative ? -mantissa : mantissa);
      }
      return this.longInteger(from, i, digits);
    }
    let fraction = 0;
    if (c === DOT) {
      const fractionAt = ++i;
      for (c = text[i] ?? 0; c >= ZERO && c <= NINE; c = text[++i] ?? 0) mantissa = mantissa * 10 + c - ZERO;
      fraction = i - fractionAt;
      if (fraction === 0) this.fail('expected a digit after the point', i);
      digits += fraction;
    }
    let plain = true;
    if ((c | LOWER_CASE) === LOWER_E) {
      plain = false;
      c = text[++i] ?? 0;
      if (c === PLUS || c === MINUS) c = text[++i] ?? 0;
      const exponentAt = i;
      for (; c >= ZERO && c <= NINE; c = text[++i] ?? 0);
      if (i === exponentAt) this.fail('expected a digit in the exponent', i);
    }
    this.at = i;
    if (plain && digits <= EXACT_DIGITS && fraction <= EXACT_POWER) {
      const value = mantissa / POWERS_OF_TEN[fraction]!;
      return this.double(negative ? -value : value);
    }
    const value = Number(text.toString('latin1', from, i));
    if (!Number.isFinite(value)) this.fail('a number too large for a double', from);
    return this.double(value);
  }

  private infinity(at: number): boolean {
    this.at = at;
    return this.word('Infinity');
  }

  private longInteger(from: number, to: number, digits: number): number {
    if (digits <= DOUBLE_DIGITS) {
      const literal = this.text.toString('latin1', from, to);
      const exact = BigInt(literal);
      if (BigInt.asIntN(64, exact) === exact) return this.int64(exact);
      const value = Number(literal);
      if (Number.isFinite(value) && (BigInt(value) === exact || String(value) === literal)) return this.double(value);
    }
    return this.fail('an integer that neither int64 nor double holds exactly', from);
  }

  /**
   * Before each element: room for it and for all text that is left, which never takes more bytes
   * in BSON than in JSON but for what ELEMENT_ROOM counts. So no byte needs a check of its own.
   */
  private room(): void {
    this.reserve(this.text.length - this.at + ELEMENT_ROOM);
  }

  private fail(reason: string, at = this.at): never {
    const path = jsonPath(this.text, this.steps, this.depth);
    throw new AnnalsError('INVALID_CONTENT', `${this.field} at byte ${at} (${path}): ${reason}`, {
      field: this.field,
      metadata: { offset: String(at), path },
    });
  }
}

const converter = new JsonToBson();

/**
 * BSON for the JSON object that the UTF-8 bytes hold; a Buffer of its own. `field` is named in
 * errors: INVALID_UTF8; CONTENT_TOO_LARGE over `LIMITS.contentBytes` of BSON; INVALID_CONTENT with
 * the metadata `offset` (bytes) and `path` for whatever else could not come back the same.
 */
export const jsonToBson = (text: Buffer, field: string): Buffer => converter.convert(text, field);
