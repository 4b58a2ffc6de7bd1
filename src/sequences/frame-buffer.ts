/**
 * The growing buffer in which messages with events are laid out, field by field. There is room for
 * what a stored event needs before its first field is written, so that fields need not look.
 */
import { varintLength, writeSignedVarint, writeVarint } from '../contract/wire/varint';
import { lengthTag, varintTag } from '../contract/wire/wire-type';

/** The entry of `events`, field 1 of every message that carries events. */
const ENTRY_TAG = lengthTag(1);

/** How much more than is needed a buffer that is too small gets: it may be held for a reader that does not read. */
const GROWTH = 1.25;

/** What a wire form needs beyond the stored document at most: it drops the keys, so this is room to spare. */
const HEADROOM_BYTES = 128;

/** Bytes up to which a loop costs less than a call into C++. */
const SHORT_BYTES = 24;

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

export class FrameBuffer {
  #bytes: Buffer;
  #pos = 0;
  /** Where the body of the entry begins that is being written, and the room that was left for its length. */
  #body = 0;
  #room = 0;

  /** @param size bytes to begin with; the buffer grows as needed. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size + HEADROOM_BYTES);
  }

  get length(): number {
    return this.#pos;
  }

  /** Adds an event in its wire form, as `take` returned it before. */
  entry(frame: Buffer): void {
    this.#reserve(frame.length);
    this.#bytes.set(frame, this.#pos);
    this.#pos += frame.length;
  }

  /** Adds a varint field of the message around the events. */
  field(number: number, value: number): void {
    this.#reserve(HEADROOM_BYTES);
    this.varint(varintTag(number), value);
  }

  /** What has been written, as a slice of the buffer itself: it lasts until that is used again. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#pos);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#pos = 0;
  }

  /** Begins an event whose stored form has `size` bytes: so much, in small fields, fits without looking. */
  protected open(size: number): void {
    this.reserve(size);
    // The length comes first but is known last: leave the room that the document's size would need.
    this.#bytes[this.#pos] = ENTRY_TAG;
    this.#room = varintLength(size);
    this.#body = this.#pos + 1 + this.#room;
    this.#pos = this.#body;
  }

  protected close(): void {
    const entry = this.#body - this.#room;
    const length = this.#pos - this.#body;
    const needed = varintLength(length);
    if (needed !== this.#room) {
      this.#reserve(needed);
      this.#bytes.copyWithin(entry + needed, this.#body, this.#pos);
      this.#pos += needed - this.#room;
    }
    writeVarint(this.#bytes, entry, length);
  }

  /** Makes room for so many bytes and the small fields around them. */
  protected reserve(bytes: number): void {
    this.#reserve(bytes + HEADROOM_BYTES);
  }

  /** @param tag of a field below 16: one byte. */
  protected varint(tag: number, value: number): void {
    this.#bytes[this.#pos++] = tag;
    this.#pos = writeVarint(this.#bytes, this.#pos, value);
  }

  /** @param tag of a field below 16: one byte. */
  protected slice(tag: number, source: Buffer, start: number, end: number): void {
    const to = this.#bytes;
    to[this.#pos++] = tag;
    this.#pos = writeVarint(to, this.#pos, end - start);
    if (end - start <= SHORT_BYTES) {
      for (let i = start; i < end; i++) to[this.#pos++] = source[i] as number;
    } else {
      source.copy(to, this.#pos, start, end);
      this.#pos += end - start;
    }
  }

  /** A string or message of any size in a field of any number. @param behind bytes that must still fit after it. */
  protected message(field: number, bytes: Buffer, behind: number): void {
    this.reserve(bytes.length + behind);
    this.#pos = writeVarint(this.#bytes, this.#pos, lengthTag(field));
    this.#pos = writeVarint(this.#bytes, this.#pos, bytes.length);
    this.#bytes.set(bytes, this.#pos);
    this.#pos += bytes.length;
  }

  /** A google.protobuf.Timestamp: seconds and nanoseconds, which count forwards also before 1970. */
  protected timestamp(tag: number, ms: number): void {
    const seconds = Math.floor(ms / MS_PER_SECOND);
    const nanos = (ms - seconds * MS_PER_SECOND) * NANOS_PER_MS;
    const to = this.#bytes;
    const head = this.#pos;
    to[head] = tag;
    this.#pos = head + 2;
    if (seconds !== 0) {
      to[this.#pos++] = varintTag(1);
      this.#pos = writeSignedVarint(to, this.#pos, seconds);
    }
    if (nanos !== 0) this.varint(varintTag(2), nanos);
    to[head + 1] = this.#pos - head - 2;
  }

  #reserve(more: number): void {
    if (this.#pos + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.ceil((this.#pos + more) * GROWTH));
    this.#bytes.copy(grown, 0, 0, this.#pos);
    this.#bytes = grown;
  }
}
