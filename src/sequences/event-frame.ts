/**
 * Turns a stored event into its protobuf form (annals.v1.Event, as an entry of a repeated field 1)
 * in one walk over the document: bytes are copied, nothing is decoded. This is the hot path of reading.
 */
import { ContentType } from '../contract/messages';
import { writeTimestamp } from '../contract/timestamp';
import { ProtoWriter } from '../contract/wire/proto-writer';
import { varintLength, writeSignedVarint, writeVarint } from '../contract/wire/varint';
import { lengthTag, varintTag } from '../contract/wire/wire-type';
import { bsonToJson } from '../kernel/content/bson-to-json';
import { MIN_DATE_MS } from '../kernel/limits';
import {
  eachElement,
  readInt32,
  readInt64,
  visitEvent,
  type FieldVisitor,
  type NumberField,
  type StringField,
} from '../storage/event-fields';

/** Field numbers of annals.v1.Event. */
const STRING_TAG: Record<StringField, number> = {
  eventId: lengthTag(2),
  type: lengthTag(3),
  eventSourceId: lengthTag(5),
  correlationId: lengthTag(7),
  causationId: lengthTag(8),
  causedBy: lengthTag(9),
};
const NUMBER_TAG: Record<NumberField, number> = {
  _id: varintTag(1),
  generation: varintTag(4),
  occurred: lengthTag(10),
  recorded: lengthTag(11),
  validFrom: lengthTag(12),
};
const TAGS_TAG = lengthTag(6);
const CONTENT_TAG = lengthTag(13);
const CONTENT_GENERATION_TAG = varintTag(14);
const CONTENT_TYPE_TAG = varintTag(15);
/** Field 16 needs two bytes as a varint. */
const ORIGIN_TAG = [(lengthTag(16) & 0x7f) | 0x80, lengthTag(16) >> 7] as const;
/** The entry of `events`, field 1 of every message that carries events. */
const ENTRY_TAG = lengthTag(1);

/** How much more than is needed a buffer that is too small gets: it may be held for a reader that does not read. */
const GROWTH = 1.25;

/** What a wire form needs beyond the stored document at most: it drops the keys, so this is room to spare. */
const HEADROOM_BYTES = 128;

const BSON_INT32 = 0x10;

const MS_PER_SECOND = 1_000;
const NANOS_PER_MS = 1_000_000;

/** Writes events one after the other into one buffer. One writer serves one message at a time. */
export class FrameWriter implements FieldVisitor {
  #bytes: Buffer;
  #pos = 0;
  #generation = 1;
  /** Where the stored event that is being written ends in its source. */
  #sourceEnd = 0;
  readonly #contentType: ContentType;

  /** @param size bytes to begin with; the buffer grows as needed. */
  constructor(contentType: ContentType, size: number) {
    this.#contentType = contentType === ContentType.BSON ? ContentType.BSON : ContentType.JSON;
    this.#bytes = Buffer.allocUnsafe(size + HEADROOM_BYTES);
  }

  get length(): number {
    return this.#pos;
  }

  /** Forgets what was written and keeps the buffer, for the next message. */
  reset(): void {
    this.#pos = 0;
  }

  /** Adds the stored event whose document starts at `start` of `source`. */
  event(source: Buffer, start: number): void {
    const size = readInt32(source, start);
    this.#sourceEnd = start + size;
    this.#reserve(size + HEADROOM_BYTES);
    // The length comes first but is known last: leave the room that the document's size would need.
    const entry = this.#pos;
    const room = varintLength(size);
    this.#bytes[entry] = ENTRY_TAG;
    const body = entry + 1 + room;
    this.#pos = body;
    visitEvent(source, start, this);
    const length = this.#pos - body;
    const needed = varintLength(length);
    if (needed !== room) {
      this.#reserve(needed);
      this.#bytes.copyWithin(entry + 1 + needed, body, this.#pos);
      this.#pos += needed - room;
    }
    writeVarint(this.#bytes, entry + 1, length);
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
    this.#varint(varintTag(number), value);
  }

  /** What has been written, as a slice of the writer's own buffer: it lasts until `reset`. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#pos);
  }

  string(field: StringField, bytes: Buffer, start: number, end: number): void {
    if (end > start) this.#slice(STRING_TAG[field], bytes, start, end);
  }

  number(field: NumberField, value: number): void {
    if (field === 'generation') this.#generation = value;
    if (field === '_id' || field === 'generation') this.#varint(NUMBER_TAG[field], value);
    // The minimum date means always, which the contract says by leaving the field out.
    else if (field !== 'validFrom' || value !== MIN_DATE_MS) this.#timestamp(NUMBER_TAG[field], value);
  }

  tag(bytes: Buffer, start: number, end: number): void {
    this.#slice(TAGS_TAG, bytes, start, end);
  }

  content(generation: number, bytes: Buffer, start: number, end: number): void {
    if (generation !== this.#generation) return;
    if (this.#contentType === ContentType.BSON) {
      this.#slice(CONTENT_TAG, bytes, start, end);
    } else {
      const json = bsonToJson(bytes.subarray(start, end));
      // JSON can be longer than the BSON that it was.
      this.#reserve(json.length + HEADROOM_BYTES + (this.#sourceEnd - end));
      this.#slice(CONTENT_TAG, json, 0, json.length);
    }
    this.#varint(CONTENT_GENERATION_TAG, generation);
    this.#varint(CONTENT_TYPE_TAG, this.#contentType);
  }

  origin(bytes: Buffer, start: number): void {
    const message = encodeOrigin(bytes, start);
    this.#bytes[this.#pos++] = ORIGIN_TAG[0];
    this.#bytes[this.#pos++] = ORIGIN_TAG[1];
    this.#pos = writeVarint(this.#bytes, this.#pos, message.length);
    this.#bytes.set(message, this.#pos);
    this.#pos += message.length;
  }

  #varint(fieldTag: number, value: number): void {
    this.#bytes[this.#pos++] = fieldTag;
    this.#pos = writeVarint(this.#bytes, this.#pos, value);
  }

  #slice(fieldTag: number, source: Buffer, start: number, end: number): void {
    const to = this.#bytes;
    to[this.#pos++] = fieldTag;
    this.#pos = writeVarint(to, this.#pos, end - start);
    // Short slices: a loop costs less than a call into C++.
    if (end - start <= 24) {
      for (let i = start; i < end; i++) to[this.#pos++] = source[i] as number;
    } else {
      source.copy(to, this.#pos, start, end);
      this.#pos += end - start;
    }
  }

  /** A google.protobuf.Timestamp: seconds and nanoseconds, which count forwards also before 1970. */
  #timestamp(fieldTag: number, ms: number): void {
    const seconds = Math.floor(ms / MS_PER_SECOND);
    const nanos = (ms - seconds * MS_PER_SECOND) * NANOS_PER_MS;
    const to = this.#bytes;
    const head = this.#pos;
    to[head] = fieldTag;
    this.#pos = head + 2;
    if (seconds !== 0) {
      to[this.#pos++] = varintTag(1);
      this.#pos = writeSignedVarint(to, this.#pos, seconds);
    }
    if (nanos !== 0) this.#varint(varintTag(2), nanos);
    to[head + 1] = this.#pos - head - 2;
  }

  #reserve(more: number): void {
    if (this.#pos + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.ceil((this.#pos + more) * GROWTH));
    this.#bytes.copy(grown, 0, 0, this.#pos);
    this.#bytes = grown;
  }
}

/** Field numbers of annals.v1.Origin. */
const ORIGIN_STRINGS = new Map([
  ['store', 1],
  ['namespace', 2],
  ['sequence', 3],
  ['link', 6],
]);
const ORIGIN_NUMBERS = new Map([
  ['sequenceNumber', 4],
  ['hops', 7],
]);
const ORIGIN_RECORDED = 5;

const originWriter = new ProtoWriter();

/** annals.v1.Origin from the stored one. Only relayed events have it, so it may cost more. */
function encodeOrigin(bytes: Buffer, start: number): Buffer {
  originWriter.reset();
  eachElement(bytes, start, (type, keyStart, keyStop, value) => {
    const key = bytes.toString('latin1', keyStart, keyStop);
    const stringField = ORIGIN_STRINGS.get(key);
    const numberField = ORIGIN_NUMBERS.get(key);
    if (stringField !== undefined) {
      originWriter.string(stringField, bytes.toString('utf8', value + 4, value + 3 + readInt32(bytes, value)));
    } else if (numberField !== undefined) {
      originWriter.uint(numberField, type === BSON_INT32 ? readInt32(bytes, value) : readInt64(bytes, value));
    } else if (key === 'recorded') {
      writeTimestamp(originWriter, ORIGIN_RECORDED, readInt64(bytes, value));
    }
  });
  return originWriter.finish();
}

/** One event in its wire form, in a buffer of its own, for the ring and for calls that answer one event. */
export function encodeEntry(document: Buffer, start: number, contentType: ContentType): Buffer {
  const writer = new FrameWriter(contentType, readInt32(document, start));
  writer.event(document, start);
  return Buffer.from(writer.take());
}
