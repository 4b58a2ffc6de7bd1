import { isUtf8 } from 'node:buffer';
import { AnnalsError, overLimit } from '../../kernel/annals-error';
import type { ErrorCode } from '../../kernel/error-registry';
import { MAX_VARINT_BYTES } from './varint';
import { WireType } from './wire-type';

/**
 * Reads one protobuf message from a Buffer, field by field. It trusts nothing: whatever the bytes
 * are, it returns a value or throws an AnnalsError. Text is always valid UTF-8, bytes are slices.
 */

const TWO_TO_32 = 0x1_0000_0000;

/** The high half of 2^53: at or above it a uint64 is no exact JavaScript number. */
const UNSAFE_HIGH = 0x20_0000;

/** Groups inside groups, a layout that proto3 no longer has; unknown ones are skipped this deep. */
const MAX_GROUP_DEPTH = 32;

/** What Node puts in place of bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

export class ProtoReader {
  private readonly buffer: Buffer;
  private pos = 0;
  private end: number;
  /** The last varint's halves, so that a 64-bit number costs no object. */
  private low = 0;
  private high = 0;
  private list = '';
  private index = -1;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.end = buffer.length;
  }

  /** Whether the message being read has another field. */
  more(): boolean {
    return this.pos < this.end;
  }

  /** Makes errors name `list[index].field` from here on; an empty list ends it. */
  within(list: string, index: number): void {
    this.list = list;
    this.index = index;
  }

  /** The next field's number and wire type, as one number. */
  tag(): number {
    this.varint();
    if (this.low >>> 3 === 0 || this.high !== 0) throw malformed('a field has a number that none can have');
    return this.low;
  }

  uint32(): number {
    this.varint();
    return this.low;
  }

  int32(): number {
    this.varint();
    return this.low | 0;
  }

  bool(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  /** An int64; beyond 2^53 it is the nearest number, which no date and no count can be. */
  int64(): number {
    this.varint();
    return (this.high | 0) * TWO_TO_32 + this.low;
  }

  /** A uint64, which Annals keeps below 2^53. */
  uint64(field: string): number {
    this.varint();
    if (this.high >= UNSAFE_HIGH) throw this.invalid(field, 'is above 2^53 - 1', String(Number.MAX_SAFE_INTEGER));
    return this.high * TWO_TO_32 + this.low;
  }

  string(field: string): string {
    const start = this.length();
    const stop = start + this.low;
    this.pos = stop;
    const text = this.buffer.toString('utf8', start, stop);
    // Only text with a replacement character in it can have been invalid, and a search for one in
    // an ASCII string costs nothing: V8 knows that it cannot be there.
    if (text.includes(REPLACEMENT) && !isUtf8(this.buffer.subarray(start, stop))) {
      const name = this.name(field);
      throw new AnnalsError('INVALID_UTF8', `${name} is not valid UTF-8`, { field: name });
    }
    return text;
  }

  /** A slice of the message: it lives as long as the message's bytes are left alone. */
  bytes(): Buffer {
    const start = this.length();
    this.pos = start + this.low;
    return this.buffer.subarray(start, this.pos);
  }

  /** Begins a nested message; give what it returns to `leave` when `more` says no. */
  enter(): number {
    const outer = this.end;
    this.pos = this.length();
    this.end = this.pos + this.low;
    return outer;
  }

  leave(outer: number): void {
    this.end = outer;
  }

  /** Passes over a field that is unknown, or known with another wire type. */
  skip(tag: number): void {
    this.skipValue(tag, 0);
  }

  /**
   * The error for a list that has `limit` elements when another one with this tag has just begun.
   * Lists are cut off here, and not after decoding, since two bytes on the wire become hundreds in
   * memory. Passes over the rest of the message to say how many there are.
   */
  tooMany(field: string, tag: number, limit: number, code: ErrorCode = 'INVALID_FIELD'): AnnalsError {
    let actual = limit + 1;
    for (this.skip(tag); this.more();) {
      const other = this.tag();
      if (other === tag) actual++;
      this.skip(other);
    }
    return overLimit(this.name(field), limit, actual, 'elements', code);
  }

  /** The error for a field that is not of its form. */
  invalid(field: string, what: string, limit?: string): AnnalsError {
    const name = this.name(field);
    return new AnnalsError('INVALID_FIELD', `${name} ${what}`, {
      field: name,
      ...(limit === undefined ? {} : { metadata: { limit } }),
    });
  }

  private name(field: string): string {
    return this.list === '' ? field : `${this.list}[${this.index}].${field}`;
  }

  private skipValue(tag: number, depth: number): void {
    switch (tag & 7) {
      case WireType.VARINT:
        this.varint();
        return;
      case WireType.FIXED64:
        this.advance(8);
        return;
      case WireType.LENGTH:
        this.pos = this.length() + this.low;
        return;
      case WireType.GROUP_START:
        this.skipGroup(tag >>> 3, depth + 1);
        return;
      case WireType.FIXED32:
        this.advance(4);
        return;
      default:
        throw malformed(`a field has the wire type ${tag & 7}`);
    }
  }

  private skipGroup(field: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw malformed(`groups are nested over ${MAX_GROUP_DEPTH} deep`);
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) !== WireType.GROUP_END) this.skipValue(tag, depth);
      else if (tag >>> 3 === field) return;
      else throw malformed('a group ends that was not begun');
    }
  }

  private advance(bytes: number): void {
    if (bytes > this.end - this.pos) throw malformed('it ends in the middle of a field');
    this.pos += bytes;
  }

  /** Reads a length into `low`, makes sure that so much is there, and returns where it begins. */
  private length(): number {
    this.varint();
    if (this.high !== 0 || this.low > this.end - this.pos) throw malformed('a length goes beyond its message');
    return this.pos;
  }

  private varint(): void {
    const { buffer, end } = this;
    let pos = this.pos;
    if (pos < end && (buffer[pos] as number) < 0x80) {
      // Most numbers are tags and short lengths: one byte, which is there since `pos` is below the end.
      this.pos = pos + 1;
      this.low = buffer[pos] as number;
      this.high = 0;
      return;
    }
    let low = 0;
    let high = 0;
    let byte = 0x80;
    for (let shift = 0; byte > 0x7f; shift += 7) {
      if (pos >= end) throw malformed('it ends in the middle of a number');
      if (shift >= 7 * MAX_VARINT_BYTES) throw malformed(`a number is over ${MAX_VARINT_BYTES} bytes long`);
      // `pos` was compared with the end, so the byte is there.
      byte = buffer[pos++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
    }
    this.pos = pos;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }
}

function malformed(what: string): AnnalsError {
  return new AnnalsError('MALFORMED_REQUEST', `The bytes are not the protobuf message that was expected: ${what}`);
}
