/**
 * Writes JSON text out of the bytes of a BSON document: words, integers, and strings with their
 * escapes, straight from the source to a scratch buffer.
 */
import { mayNeedEscape } from './four-bytes';
import { Scratch } from './scratch';

const SPACE = 0x20;
const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const BACKSLASH = 0x5c;

/** Bytes that a number or a word can take in JSON beyond those that it takes in BSON, with room to spare. */
const ELEMENT_ROOM = 64;
/** Bytes that an escape (`\u001f`) takes beyond its one in BSON. */
const ESCAPE_ROOM = 8;

/** The letter after the backslash, for control characters that have one. */
const SHORT_ESCAPES = new Uint8Array(SPACE);
for (const pair of ['\bb', '\tt', '\nn', '\ff', '\rr']) {
  SHORT_ESCAPES[pair.charCodeAt(0)] = pair.charCodeAt(1);
}
const HEX = Buffer.from('0123456789abcdef');

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

export class JsonWriter {
  protected bson: Buffer = NO_BYTES;
  private view: DataView = NO_VIEW;
  /** Offset in the BSON. */
  protected at = 0;
  protected readonly scratch = new Scratch();
  protected out = this.scratch.bytes;
  /** Bytes of JSON written. */
  protected end = 0;

  protected open(bson: Buffer): void {
    this.bson = bson;
    this.view = new DataView(bson.buffer, bson.byteOffset, bson.length);
    this.out = this.scratch.bytes;
    this.at = this.end = 0;
  }

  /** Lets go of the BSON, which is the caller's. */
  protected shut(): void {
    this.bson = NO_BYTES;
    this.view = NO_VIEW;
  }

  /** Writes the bytes from here to `last` in quotes, and goes past the NUL that stands there. */
  protected quoted(last: number): void {
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
      const c = bson[i++] ?? 0;
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
        out[end++] = SHORT_ESCAPES[c] ?? 0;
      } else {
        end += out.write('u00', end, 'latin1');
        out[end++] = HEX[c >> 4] ?? 0;
        out[end++] = HEX[c & 15] ?? 0;
      }
    }
    out[end++] = QUOTE;
    this.end = end;
    this.at = last + 1;
  }

  protected integer(value: number): void {
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

  /** Writes ASCII: words and numbers fit the element's room, longer text makes its own. */
  protected ascii(text: string): void {
    if (this.end + text.length + this.bson.length - this.at + ELEMENT_ROOM > this.out.length) {
      this.scratch.grow(this.end + text.length + this.bson.length - this.at + ELEMENT_ROOM, this.end);
      this.out = this.scratch.bytes;
    }
    const { out, end } = this;
    for (let i = 0; i < text.length; i++) out[end + i] = text.charCodeAt(i);
    this.end = end + text.length;
  }

  /** Before each element: room for it and for all BSON that is left, as it is. Escapes make their own. */
  protected room(): void {
    const needed = this.end + this.bson.length - this.at + ELEMENT_ROOM;
    if (needed <= this.out.length) return;
    this.scratch.grow(needed, this.end);
    this.out = this.scratch.bytes;
  }
}
