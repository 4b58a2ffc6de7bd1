/**
 * An event as the document that a person finds in the collection, written straight to BSON bytes:
 * content is copied as the bytes it is, and number and time of recording sit at fixed places, so
 * that a document is made once, before its number is known, and patched for each attempt.
 */

import { BSON, Long } from 'mongodb';
import type { GenerationContent } from '../kernel/generation-content';

/** What happened to an earlier event, said at a place of its own in the log. */
export interface AnnouncementDraft {
  readonly kind: AnnouncementKind;
  /** The event that it is about. */
  readonly sequenceNumber: number;
  readonly reason: string;
}

/** `constraint` marks where one came into force; it is the server's own and is delivered to nobody. */
export type AnnouncementKind = 'compensation' | 'redaction' | 'constraint';

/** Where a relayed event comes from. Dates are ms since 1970. */
export interface OriginDraft {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumber: number;
  readonly recorded: number;
  readonly link: string;
  readonly hops: number;
}

/** An event that has been checked and waits for its number. Dates are ms since 1970. */
export interface EventDraft {
  readonly eventId: string;
  readonly correlationId: string;
  /** Empty when no event caused it. */
  readonly causationId: string;
  /** Empty when nobody is named. */
  readonly causedBy: string;
  /** W3C trace context of what appended it; absent or empty: none. */
  readonly traceParent?: string;
  readonly type: string;
  readonly generation: number;
  readonly occurred: number;
  readonly validFrom: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  /** Content in every generation, ascending; that of `generation` is among them. */
  readonly contents: readonly GenerationContent[];
  /** The call named no generation, so it meant the latest of that time. */
  readonly anyGeneration?: boolean;
  readonly announces?: AnnouncementDraft;
  readonly origin?: OriginDraft;
}

/** The content in the generation that the event is written in. */
export function writtenContent({ contents, generation }: EventDraft): Buffer {
  const written = contents.find((content) => content.generation === generation);
  if (written === undefined) throw new Error(`there is no content of generation ${generation}`);
  return written.content;
}

const BSON_STRING = 0x02;
const BSON_DOCUMENT = 0x03;
const BSON_ARRAY = 0x04;
const BSON_DATE = 0x09;
const BSON_INT32 = 0x10;
const BSON_INT64 = 0x12;

/** An element's type byte and key. */
const element = (type: number, key: string): Buffer => Buffer.concat([Buffer.of(type), Buffer.from(`${key}\0`)]);

const KEY = {
  id: element(BSON_INT64, '_id'),
  recorded: element(BSON_DATE, 'recorded'),
  eventId: element(BSON_STRING, 'eventId'),
  correlationId: element(BSON_STRING, 'correlationId'),
  causationId: element(BSON_STRING, 'causationId'),
  causedBy: element(BSON_STRING, 'causedBy'),
  traceparent: element(BSON_STRING, 'traceparent'),
  type: element(BSON_STRING, 'type'),
  generation: element(BSON_INT32, 'generation'),
  occurred: element(BSON_DATE, 'occurred'),
  validFrom: element(BSON_DATE, 'validFrom'),
  eventSourceId: element(BSON_STRING, 'eventSourceId'),
  tags: element(BSON_ARRAY, 'tags'),
  content: element(BSON_DOCUMENT, 'content'),
  compensations: element(BSON_ARRAY, 'compensations'),
  announces: element(BSON_DOCUMENT, 'announces'),
  origin: element(BSON_DOCUMENT, 'origin'),
};

const ORIGIN_KEY = {
  store: element(BSON_STRING, 'store'),
  namespace: element(BSON_STRING, 'namespace'),
  sequence: element(BSON_STRING, 'sequence'),
  sequenceNumber: element(BSON_INT64, 'sequenceNumber'),
  recorded: element(BSON_DATE, 'recorded'),
  link: element(BSON_STRING, 'link'),
  hops: element(BSON_INT32, 'hops'),
};

const SIZE_BYTES = 4;
/** Where every stored document has its number, from the document's start. */
export const NUMBER_OFFSET = SIZE_BYTES + KEY.id.length;
const RECORDED_OFFSET = NUMBER_OFFSET + 8 + KEY.recorded.length;
/** Where the third element starts, with its type byte: `announces` when the event is an announcement. */
export const THIRD_ELEMENT_OFFSET = RECORDED_OFFSET + 8;
const EMPTY_DOCUMENT_BYTES = 5;
/** Everything whose size does not depend on the event: keys, sizes, numbers, dates, terminators, with room to spare. */
const FIXED_BYTES = 384;
/** A content's type byte, generation as a key and its terminator, with room to spare. */
const CONTENT_OVERHEAD = 16;
/** A tag's type byte, index key of up to 3 digits, string size and terminator. */
const TAG_OVERHEAD = 10;
/** UTF-8 bytes of one UTF-16 code unit at most. */
const MAX_UTF8_PER_UNIT = 3;

/** The bytes that the event's document has at most. */
function upperBound(e: EventDraft): number {
  let units =
    e.eventId.length +
    e.correlationId.length +
    e.causationId.length +
    e.causedBy.length +
    e.type.length +
    e.eventSourceId.length;
  if (e.traceParent !== undefined) units += e.traceParent.length + KEY.traceparent.length;
  for (const tag of e.tags) units += tag.length + TAG_OVERHEAD;
  if (e.origin !== undefined) {
    const { store, namespace, sequence, link } = e.origin;
    units += store.length + namespace.length + sequence.length + link.length;
  }
  let bytes = FIXED_BYTES + units * MAX_UTF8_PER_UNIT;
  for (const { content } of e.contents) bytes += content.length + CONTENT_OVERHEAD;
  return bytes;
}

/** Every document is written here first and then copied out in its exact size, since it is kept in memory for a while. */
let scratch = Buffer.allocUnsafe(64 * 1024);

function scratchOf(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafe(bytes * 2);
  return scratch;
}

/** A cursor over one buffer. */
class DocumentWriter {
  pos = SIZE_BYTES;
  constructor(readonly bytes: Buffer) {}

  key(key: Buffer): void {
    this.bytes.set(key, this.pos);
    this.pos += key.length;
  }

  string(key: Buffer, value: string): void {
    this.key(key);
    const written = this.bytes.write(value, this.pos + SIZE_BYTES, 'utf8');
    this.bytes.writeInt32LE(written + 1, this.pos);
    this.pos += SIZE_BYTES + written;
    this.bytes[this.pos++] = 0;
  }

  int64(key: Buffer, value: number): void {
    this.key(key);
    writeInt64(this.bytes, this.pos, value);
    this.pos += 8;
  }

  int32(key: Buffer, value: number): void {
    this.key(key);
    this.pos = this.bytes.writeInt32LE(value, this.pos);
  }

  /** Leaves room for a nested document's size and returns its place, for `close`. */
  open(key: Buffer): number {
    this.key(key);
    const start = this.pos;
    this.pos += SIZE_BYTES;
    return start;
  }

  /** A nested document that is encoded already. */
  document(key: Buffer, document: Uint8Array): void {
    this.key(key);
    this.bytes.set(document, this.pos);
    this.pos += document.length;
  }

  close(start: number): void {
    this.bytes[this.pos++] = 0;
    this.bytes.writeInt32LE(this.pos - start, start);
  }
}

const TWO_32 = 2 ** 32;

/** A safe integer, negative too, as 64 bits of two's complement. */
function writeInt64(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value >>> 0, offset);
  bytes.writeInt32LE(Math.floor(value / TWO_32) | 0, offset + 4);
}

/** Index keys of array elements; made once, since every tagged event needs the first few. */
const tagKeys: Buffer[] = [];
const tagKey = (i: number): Buffer => (tagKeys[i] ??= element(BSON_STRING, String(i)));
const contentKeys: Buffer[] = [];
const contentKey = (generation: number): Buffer =>
  (contentKeys[generation] ??= element(BSON_DOCUMENT, String(generation)));

const NOTHING = new Uint8Array(0);

// It is rare, so the driver's own encoder does.
const announcement = ({ kind, sequenceNumber, reason }: AnnouncementDraft): Uint8Array =>
  BSON.serialize({ kind, sequenceNumber: Long.fromNumber(sequenceNumber), reason });

function writeOrigin(w: DocumentWriter, origin: OriginDraft): void {
  const start = w.open(KEY.origin);
  w.string(ORIGIN_KEY.store, origin.store);
  w.string(ORIGIN_KEY.namespace, origin.namespace);
  w.string(ORIGIN_KEY.sequence, origin.sequence);
  w.int64(ORIGIN_KEY.sequenceNumber, origin.sequenceNumber);
  w.int64(ORIGIN_KEY.recorded, origin.recorded);
  w.string(ORIGIN_KEY.link, origin.link);
  w.int32(ORIGIN_KEY.hops, origin.hops);
  w.close(start);
}

/** The event's document, with number 0 and recorded at 1970 until `stamp` says otherwise. */
export function encodeEventDocument(e: EventDraft): Buffer {
  const announces = e.announces === undefined ? NOTHING : announcement(e.announces);
  const w = new DocumentWriter(scratchOf(upperBound(e) + announces.length));
  w.int64(KEY.id, 0);
  w.int64(KEY.recorded, 0);
  // At a fixed place, so that a reader knows an announcement without walking the document.
  if (announces !== NOTHING) w.document(KEY.announces, announces);
  w.string(KEY.eventId, e.eventId);
  w.string(KEY.correlationId, e.correlationId);
  w.string(KEY.causationId, e.causationId);
  w.string(KEY.causedBy, e.causedBy);
  if (e.traceParent !== undefined && e.traceParent !== '') w.string(KEY.traceparent, e.traceParent);
  w.string(KEY.type, e.type);
  w.int32(KEY.generation, e.generation);
  w.int64(KEY.occurred, e.occurred);
  w.int64(KEY.validFrom, e.validFrom);
  w.string(KEY.eventSourceId, e.eventSourceId);
  const tags = w.open(KEY.tags);
  e.tags.forEach((tag, i) => w.string(tagKey(i), tag));
  w.close(tags);
  const content = w.open(KEY.content);
  for (const of of e.contents) w.document(contentKey(of.generation), of.content);
  w.close(content);
  w.key(KEY.compensations);
  w.bytes.writeInt32LE(EMPTY_DOCUMENT_BYTES, w.pos);
  w.bytes[w.pos + SIZE_BYTES] = 0;
  w.pos += EMPTY_DOCUMENT_BYTES;
  if (e.origin !== undefined) writeOrigin(w, e.origin);
  w.close(0);
  return Buffer.from(w.bytes.subarray(0, w.pos));
}

/** Writes the number and the time of recording (ms since 1970) into a document of `encodeEventDocument`. */
export function stamp(document: Buffer, number: number, recorded: number): void {
  writeInt64(document, NUMBER_OFFSET, number);
  writeInt64(document, RECORDED_OFFSET, recorded);
}
