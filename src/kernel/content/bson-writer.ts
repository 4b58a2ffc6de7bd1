/**
 * Writes BSON from front to back into a scratch buffer: what a parser needs to put elements down
 * as it meets them. Room is asked for once an element; the writes themselves check nothing.
 */
import { LIMITS } from '../limits';
import { BsonType } from './bson-types';
import { Scratch } from './scratch';

const ZERO = 0x30;
const TWO_TO_32 = 2 ** 32;
const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);

export class BsonWriter {
  protected readonly scratch = new Scratch();
  protected out = this.scratch.bytes;
  protected end = 0;
  /** Bytes of a result over the limit: they are counted and written over. */
  protected spilled = 0;

  protected start(): void {
    this.out = this.scratch.bytes;
    this.end = this.spilled = 0;
  }

  /** Bytes written so far, kept or not. */
  protected get size(): number {
    return this.spilled + this.end;
  }

  /** Makes sure that `bytes` more can be written. */
  protected reserve(bytes: number): void {
    if (this.end > LIMITS.contentBytes || this.end + bytes > this.out.length) this.makeRoom(bytes);
  }

  private makeRoom(bytes: number): void {
    // Over the limit nothing is kept, only counted, so that memory is bounded by the input. The
    // lengths written from here on are wrong, and harmless.
    if (this.end > LIMITS.contentBytes) {
      this.spilled += this.end;
      this.end = 0;
    }
    if (this.end + bytes > this.out.length) this.scratch.grow(this.end + bytes, this.end);
    this.out = this.scratch.bytes;
  }

  /** Writes an integer that a double holds exactly, as small as it goes. Its BSON type. */
  protected integer(value: number): number {
    if (value >= INT32_MIN && value <= INT32_MAX) {
      this.int32At(this.end, value);
      this.end += 4;
      return BsonType.INT32;
    }
    const high = Math.floor(value / TWO_TO_32);
    this.int32At(this.end, value - high * TWO_TO_32);
    this.int32At(this.end + 4, high);
    this.end += 8;
    return BsonType.INT64;
  }

  protected int64(value: bigint): number {
    this.scratch.view.setBigInt64(this.end, value, true);
    this.end += 8;
    return BsonType.INT64;
  }

  protected double(value: number): number {
    this.scratch.view.setFloat64(this.end, value, true);
    this.end += 8;
    return BsonType.DOUBLE;
  }

  protected int32At(at: number, value: number): void {
    const { out } = this;
    out[at] = value;
    out[at + 1] = value >> 8;
    out[at + 2] = value >> 16;
    out[at + 3] = value >> 24;
  }

  /** An array index as a key, with its NUL. */
  protected index(index: number): void {
    const { out } = this;
    let digits = 1;
    for (let bound = 10; index >= bound; bound *= 10) digits++;
    let rest = index;
    for (let at = this.end + digits - 1; at >= this.end; at--) {
      out[at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.end += digits;
    out[this.end++] = 0;
  }

  /** A code point as UTF-8. */
  protected codePoint(code: number): void {
    const { out } = this;
    let { end } = this;
    if (code < 0x80) {
      out[end++] = code;
    } else if (code < 0x800) {
      out[end++] = 0xc0 | (code >> 6);
      out[end++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      out[end++] = 0xe0 | (code >> 12);
      out[end++] = 0x80 | ((code >> 6) & 0x3f);
      out[end++] = 0x80 | (code & 0x3f);
    } else {
      out[end++] = 0xf0 | (code >> 18);
      out[end++] = 0x80 | ((code >> 12) & 0x3f);
      out[end++] = 0x80 | ((code >> 6) & 0x3f);
      out[end++] = 0x80 | (code & 0x3f);
    }
    this.end = end;
  }
}
