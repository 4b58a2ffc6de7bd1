import { MAX_VARINT_BYTES, varintLength, writeSignedVarint, writeVarint } from './varint';
import { lengthTag, varintTag } from './wire-type';

/**
 * Writes one protobuf message into a Buffer that grows and is used again. The hot messages are
 * written by hand with it, since a general serializer takes several times as long.
 *
 * A method with a plain name leaves out proto3's default (0, false, empty); `present…` writes it,
 * for `optional` fields, members of a oneof and elements of a list.
 */

export { MAX_VARINT_BYTES, signedVarintLength, varintLength, writeSignedVarint, writeVarint } from './varint';

/** Bytes to begin with: a usual append of one event. */
const INITIAL_BYTES = 1024;

/** A buffer above this many bytes is not kept for the next message: one large call must not cost memory for ever. */
const KEPT_BYTES = 1024 * 1024;

/** Characters up to which a loop over an ASCII string beats the call into C++ (measured: about 50). */
const SHORT_TEXT = 48;

/** UTF-8 bytes at most for one UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** A tag and a varint at most. */
const TAG_AND_VARINT = 5 + MAX_VARINT_BYTES;

export class ProtoWriter {
  private buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  private pos = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.pos;
  }

  /** The message as a Buffer of its own; the writer is empty again. */
  finish(): Buffer {
    const message = Buffer.allocUnsafe(this.pos);
    this.buffer.copy(message, 0, 0, this.pos);
    this.pos = 0;
    if (this.buffer.length > KEPT_BYTES) this.buffer = Buffer.allocUnsafe(INITIAL_BYTES);
    return message;
  }

  /** Forgets what was written, after an error halfway. */
  reset(): void {
    this.pos = 0;
  }

  /** A uint32, a uint64 or an enum: a safe, non-negative integer. */
  uint(field: number, value: number): void {
    if (value !== 0) this.presentUint(field, value);
  }

  presentUint(field: number, value: number): void {
    this.reserve(TAG_AND_VARINT);
    this.pos = writeVarint(this.buffer, writeVarint(this.buffer, this.pos, varintTag(field)), value);
  }

  /** An int32 or int64: a safe integer. */
  int(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(TAG_AND_VARINT);
    this.pos = writeSignedVarint(this.buffer, writeVarint(this.buffer, this.pos, varintTag(field)), value);
  }

  bool(field: number, value: boolean): void {
    if (value) this.presentUint(field, 1);
  }

  string(field: number, value: string): void {
    if (value !== '') this.presentString(field, value);
  }

  presentString(field: number, value: string): void {
    this.reserve(TAG_AND_VARINT + value.length * MAX_BYTES_PER_UNIT);
    this.pos = writeVarint(this.buffer, this.pos, lengthTag(field));
    if (value.length > SHORT_TEXT || !this.shortAscii(value)) {
      this.pos = writeVarint(this.buffer, this.pos, Buffer.byteLength(value));
      this.pos += this.buffer.write(value, this.pos);
    }
  }

  strings(field: number, values: readonly string[]): void {
    for (const value of values) this.presentString(field, value);
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length > 0) this.presentBytes(field, value);
  }

  presentBytes(field: number, value: Uint8Array): void {
    this.reserve(TAG_AND_VARINT + value.length);
    const start = writeVarint(this.buffer, this.pos, lengthTag(field));
    this.pos = writeVarint(this.buffer, start, value.length);
    this.buffer.set(value, this.pos);
    this.pos += value.length;
  }

  /** The tag and length of bytes that the caller puts behind what is written here. */
  bytesHead(field: number, length: number): void {
    this.reserve(TAG_AND_VARINT);
    this.pos = writeVarint(this.buffer, writeVarint(this.buffer, this.pos, lengthTag(field)), length);
  }

  /**
   * Opens a nested message and returns what `close` wants back. `expectedBytes` is a guess at its
   * length: a guess with as many digits as the truth saves moving the message afterwards.
   */
  open(field: number, expectedBytes = 0): number {
    this.reserve(TAG_AND_VARINT);
    this.pos = writeVarint(this.buffer, this.pos, lengthTag(field));
    const digits = varintLength(expectedBytes);
    this.pos += digits;
    // How much room was left for the length stands in that room until `close` fills it.
    this.buffer[this.pos - 1] = digits;
    return this.pos;
  }

  close(start: number): void {
    const length = this.pos - start;
    const needed = varintLength(length);
    // Every message has at least its one digit before it, so the byte is there.
    const digits = this.buffer[start - 1] as number;
    if (needed !== digits) {
      this.reserve(MAX_VARINT_BYTES);
      this.buffer.copyWithin(start - digits + needed, start, this.pos);
      this.pos += needed - digits;
    }
    writeVarint(this.buffer, start - digits, length);
  }

  /** Length and text of a short string, when it is ASCII; otherwise leaves the position as it was. */
  private shortAscii(value: string): boolean {
    const { buffer, pos } = this;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) return false;
      buffer[pos + 1 + i] = unit;
    }
    buffer[pos] = value.length;
    this.pos = pos + 1 + value.length;
    return true;
  }

  private reserve(bytes: number): void {
    const needed = this.pos + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.pos);
    this.buffer = larger;
  }
}
