/**
 * The words of JSON, read from UTF-8 bytes and written as BSON: strings and numbers. What holds
 * them together, objects and arrays, is `json-to-bson`.
 *
 * Numbers: an integer literal is an int32 if it fits, else an int64, else a double when the double
 * prints or is exactly that integer; `-0` and whatever has a dot or an exponent is a double.
 */
import { BsonWriter } from './bson-writer';
import { mayNeedEscape } from './four-bytes';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_U = 0x75;
/** Turns an ASCII capital into its small letter. */
const LOWER_CASE = 0x20;

/** Decimal digits that every double holds exactly. */
const EXACT_DIGITS = 15;
/** The largest power of ten that is exactly a double: a quotient by one up to here is rounded once, so correctly. */
const EXACT_POWER = 22;
const POWERS_OF_TEN = Array.from({ length: EXACT_POWER + 1 }, (_, n) => Number(`1e${n}`));
/** Digits of the largest double: a longer integer is none, and needs no arithmetic to refuse. */
const DOUBLE_DIGITS = 309;

/** What follows a backslash, and the byte it stands for. */
const ESCAPES = new Uint8Array(256);
for (const pair of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  ESCAPES[pair.charCodeAt(0)] = pair.charCodeAt(1);
}

const NO_TEXT = Buffer.alloc(0);
const NO_VIEW = new DataView(NO_TEXT.buffer);

export abstract class JsonScalars extends BsonWriter {
  protected text: Buffer = NO_TEXT;
  private view: DataView = NO_VIEW;
  /** Offset in the text. */
  protected at = 0;

  /** Refuses the text for what stands at `at`, or where the reading has come to. */
  protected abstract fail(reason: string, at?: number): never;

  /** Begins to read a text that is UTF-8. */
  protected open(text: Buffer): void {
    this.text = text;
    this.view = new DataView(text.buffer, text.byteOffset, text.length);
    this.at = 0;
    this.start();
  }

  /** Lets go of the text, which is the caller's, and of what only a huge one needed. */
  protected shut(): void {
    this.text = NO_TEXT;
    this.view = NO_VIEW;
    this.scratch.release();
  }

  /** Skips white space. The byte at the place reached, which is not consumed; -1 at the end. */
  protected token(): number {
    const { text } = this;
    let i = this.at;
    while (i < text.length) {
      const c = text[i] ?? 0;
      if (c > SPACE || (c !== SPACE && c !== LINE_FEED && c !== CARRIAGE_RETURN && c !== TAB)) {
        this.at = i;
        return c;
      }
      i++;
    }
    this.at = i;
    return -1;
  }

  protected word(word: string): boolean {
    const { text, at } = this;
    for (let i = 0; i < word.length; i++) if (text[at + i] !== word.charCodeAt(i)) return false;
    this.at = at + word.length;
    return true;
  }

  /** Copies a string's characters, from its opening quote to beyond its closing one, with escapes undone. */
  protected characters(inKey: boolean): void {
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
      const c = text[i] ?? 0;
      if (c !== QUOTE && c !== BACKSLASH && c >= SPACE) {
        out[end++] = c;
        i++;
      } else if (c === QUOTE) {
        this.at = i + 1;
        this.end = end;
        return;
      } else if (c === BACKSLASH) {
        const letter = text[i + 1] ?? 0;
        const meant = ESCAPES[letter] ?? 0;
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
      else if (letter >= LOWER_A && letter <= LOWER_F) code = code * 16 + letter - LOWER_A + 10;
      else this.fail('an escape without four hexadecimal digits', escapeAt);
    }
    return code;
  }

  /** Reads a number literal and writes its value. Its BSON type. */
  protected number(first: number): number {
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
      const value = mantissa / (POWERS_OF_TEN[fraction] ?? NaN);
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
}
