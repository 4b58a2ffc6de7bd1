/**
 * JSON that came over the wire, straight to the BSON that is stored: one pass over the bytes, no
 * objects in between. It is strict where `JSON.parse` is lenient, since content must come back the
 * same: no duplicate keys, no number that would change, no depth that MongoDB's tools cannot show.
 */
import { isUtf8 } from 'node:buffer';
import { AnnalsError, overLimit } from '../annals-error';
import { LIMITS } from '../limits';
import { BsonType } from './bson-types';
import { jsonPath, NOWHERE } from './json-place';
import { JsonScalars } from './json-scalars';
import { KeySet } from './key-set';
import { utf8FaultAt } from './utf8';

const { STRING, DOCUMENT, ARRAY, BOOLEAN, NULL } = BsonType;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/**
 * Bytes that an element can take in BSON beyond those that it takes in JSON: type, an array's
 * index and its NUL, a length and a last NUL, or eight bytes for a number of two characters.
 */
const ELEMENT_ROOM = 64;

class JsonToBson extends JsonScalars {
  private field = '';
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
    this.open(text);
    this.field = field;
    this.depth = 0;
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
      this.shut();
    }
  }

  private object(): void {
    const start = this.enter();
    const { depth } = this;
    const document = this.spilled === 0 ? this.keys.document() : 0;
    let c = this.token();
    if (c === CLOSE_BRACE) return this.leave(start);
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
      if (c === CLOSE_BRACE) return this.leave(start);
      if (c !== COMMA) this.fail(c === -1 ? 'the text ends inside an object' : "expected ',' or '}'");
      this.at++;
      c = this.token();
    }
  }

  private array(): void {
    const start = this.enter();
    const { depth } = this;
    let c = this.token();
    if (c === CLOSE_BRACKET) return this.leave(start);
    for (let index = 0; ; index++) {
      this.steps[depth] = ~index;
      this.room();
      const typeAt = this.end++;
      this.index(index);
      this.value(typeAt, c);
      c = this.token();
      if (c === CLOSE_BRACKET) return this.leave(start);
      if (c !== COMMA) this.fail(c === -1 ? 'the text ends inside an array' : "expected ',' or ']'");
      this.at++;
      c = this.token();
    }
  }

  /** Goes into an object or array. Where its length will be written. */
  private enter(): number {
    if (this.depth === LIMITS.contentDepth) this.fail(`nested over ${LIMITS.contentDepth} levels deep`);
    this.steps[++this.depth] = NOWHERE;
    this.at++;
    const start = this.end;
    this.end += 4;
    return start;
  }

  private leave(start: number): void {
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

  /**
   * Before each element: room for it and for all text that is left, which never takes more bytes
   * in BSON than in JSON but for what ELEMENT_ROOM counts. So no byte needs a check of its own.
   */
  private room(): void {
    this.reserve(this.text.length - this.at + ELEMENT_ROOM);
  }

  protected fail(reason: string, at = this.at): never {
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
