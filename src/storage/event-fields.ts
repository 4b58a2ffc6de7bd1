/**
 * Walks a stored event's top-level fields without decoding the document: reading is bound by this,
 * so it finds offsets and leaves the bytes where they are.
 */
import { THIRD_ELEMENT_OFFSET, type AnnouncementDraft, type AnnouncementKind } from './event-document';

/** A stored event's fields as places in its bytes. A string's place is that of its UTF-8 bytes, without size and terminator. */
export interface FieldVisitor {
  string(field: StringField, bytes: Buffer, start: number, end: number): void;
  number(field: NumberField, value: number): void;
  tag(bytes: Buffer, start: number, end: number): void;
  /** One generation's content: a BSON document from `start` to `end`. */
  content(generation: number, bytes: Buffer, start: number, end: number): void;
  /** The trace context of what appended the event, where it was given. */
  traceparent(bytes: Buffer, start: number, end: number): void;
  /** The origin of a relayed event: a BSON document from `start` to `end`. */
  origin(bytes: Buffer, start: number, end: number): void;
  /** What an announcement says, and about which event: a BSON document from `start` to `end`. */
  announces(bytes: Buffer, start: number, end: number): void;
  /** The compensations of an event that has any, oldest first: a BSON array from `start` to `end`. */
  compensations(bytes: Buffer, start: number, end: number): void;
  /** That the content was taken away, and why: a BSON document from `start` to `end`. */
  redaction(bytes: Buffer, start: number, end: number): void;
}

/** Passes everything over: the start of a visitor that is after little. */
export const PASS_OVER: FieldVisitor = {
  string: () => undefined,
  number: () => undefined,
  tag: () => undefined,
  content: () => undefined,
  traceparent: () => undefined,
  origin: () => undefined,
  announces: () => undefined,
  compensations: () => undefined,
  redaction: () => undefined,
};

export type StringField = 'eventId' | 'correlationId' | 'causationId' | 'causedBy' | 'type' | 'eventSourceId';
/** Dates are ms since 1970. */
export type NumberField = '_id' | 'generation' | 'occurred' | 'recorded' | 'validFrom';

const TWO_32 = 2 ** 32;

export const readInt32 = (b: Buffer, at: number): number =>
  (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16) | ((b[at + 3] as number) << 24);

/** An int64 as a number; exact below 2^53, as numbers and dates of ours are. */
export const readInt64 = (b: Buffer, at: number): number => readInt32(b, at + 4) * TWO_32 + (readInt32(b, at) >>> 0);

/** The end of the key that starts at `at`: the place of its NUL. */
export function keyEnd(b: Buffer, at: number): number {
  while (b[at] !== 0) at++;
  return at;
}

/** The bytes of a value of this BSON type that starts at `at`. */
export function valueBytes(b: Buffer, type: number, at: number): number {
  switch (type) {
    case 0x01: // double
    case 0x09: // date
    case 0x11: // timestamp
    case 0x12: // int64
      return 8;
    case 0x02: // string
    case 0x0d: // code
    case 0x0e: // symbol
      return 4 + readInt32(b, at);
    case 0x03: // document
    case 0x04: // array
    case 0x0f: // code with scope
      return readInt32(b, at);
    case 0x05: // binary
      return 5 + readInt32(b, at);
    case 0x07: // object id
      return 12;
    case 0x08: // boolean
      return 1;
    case 0x0b: {
      // regular expression: two keys
      const pattern = keyEnd(b, at);
      return keyEnd(b, pattern + 1) + 1 - at;
    }
    case 0x0c: // pointer
      return 4 + readInt32(b, at) + 12;
    case 0x10: // int32
      return 4;
    case 0x13: // decimal
      return 16;
    default: // null, undefined, minimum and maximum key
      return 0;
  }
}

/** Calls `visit(type, keyStart, keyEnd, valueStart)` for each element of the document at `start`. */
export function eachElement(
  b: Buffer,
  start: number,
  visit: (type: number, keyStart: number, keyStop: number, value: number) => void,
): void {
  let at = start + 4;
  for (let type = b[at]; type !== undefined && type !== 0; type = b[at]) {
    const stop = keyEnd(b, at + 1);
    visit(type, at + 1, stop, stop + 1);
    at = stop + 1 + valueBytes(b, type, stop + 1);
  }
}

/** The value of a numeric BSON type that starts at `at`. */
export const readNumber = (b: Buffer, type: number, at: number): number => {
  if (type === 0x10) return readInt32(b, at);
  if (type === 0x01) return b.readDoubleLE(at);
  return readInt64(b, at);
};

/** The generation that a key of `content` names: a decimal number. */
export function generationOf(b: Buffer, start: number, end: number): number {
  let n = 0;
  for (let i = start; i < end; i++) n = n * 10 + ((b[i] as number) - 0x30);
  return n;
}

/** One step of a key's hash, which is made while its end is looked for, so that telling keys apart costs nothing more. */
const hashStep = (hash: number, byte: number): number => ((hash << 5) - hash + byte) | 0;

const hashOf = (key: string): number => Buffer.from(key).reduce(hashStep, 0);

const K = {
  id: hashOf('_id'),
  eventId: hashOf('eventId'),
  correlationId: hashOf('correlationId'),
  causationId: hashOf('causationId'),
  causedBy: hashOf('causedBy'),
  type: hashOf('type'),
  tags: hashOf('tags'),
  generation: hashOf('generation'),
  occurred: hashOf('occurred'),
  recorded: hashOf('recorded'),
  validFrom: hashOf('validFrom'),
  eventSourceId: hashOf('eventSourceId'),
  content: hashOf('content'),
  origin: hashOf('origin'),
  announces: hashOf('announces'),
  compensations: hashOf('compensations'),
  redaction: hashOf('redaction'),
  traceparent: hashOf('traceparent'),
};

/** The size of an array or document with nothing in it. */
const EMPTY_BYTES = 5;

/** Visits the fields of the stored event that is the BSON document at `start`. Fields of later versions are passed over. */
export function visitEvent(b: Buffer, start: number, v: FieldVisitor): void {
  let at = start + 4;
  for (let type = b[at] as number; type !== 0; type = b[at] as number) {
    let stop = at + 1;
    let hash = 0;
    for (let byte = b[stop] as number; byte !== 0; byte = b[++stop] as number) hash = hashStep(hash, byte);
    const value = stop + 1;
    const size = valueBytes(b, type, value);
    at = value + size;
    const text = value + 4; // a string's bytes, after its size
    switch (hash) {
      case K.id:
        v.number('_id', readNumber(b, type, value));
        break;
      case K.eventId:
        v.string('eventId', b, text, at - 1);
        break;
      case K.correlationId:
        v.string('correlationId', b, text, at - 1);
        break;
      case K.causationId:
        v.string('causationId', b, text, at - 1);
        break;
      case K.causedBy:
        v.string('causedBy', b, text, at - 1);
        break;
      case K.type:
        v.string('type', b, text, at - 1);
        break;
      case K.tags:
        if (size > EMPTY_BYTES)
          eachElement(b, value, (_t, _k, _s, tag) => v.tag(b, tag + 4, tag + 3 + readInt32(b, tag)));
        break;
      case K.generation:
        v.number('generation', readNumber(b, type, value));
        break;
      case K.occurred:
        v.number('occurred', readInt64(b, value));
        break;
      case K.recorded:
        v.number('recorded', readInt64(b, value));
        break;
      case K.validFrom:
        v.number('validFrom', readInt64(b, value));
        break;
      case K.eventSourceId:
        v.string('eventSourceId', b, text, at - 1);
        break;
      case K.content:
        eachElement(b, value, (_t, g, gStop, c) => v.content(generationOf(b, g, gStop), b, c, c + readInt32(b, c)));
        break;
      case K.compensations:
        // The event that was never compensated has an empty one.
        if (size > EMPTY_BYTES) v.compensations(b, value, at);
        break;
      case K.origin:
        v.origin(b, value, at);
        break;
      case K.announces:
        v.announces(b, value, at);
        break;
      case K.redaction:
        v.redaction(b, value, at);
        break;
      case K.traceparent:
        v.traceparent(b, text, at - 1);
        break;
    }
  }
}

/** The element that an announcement has and no other event, as it stands right behind number and time of recording. */
const ANNOUNCES = Buffer.from('\x03announces\0', 'latin1');

/** What the stored event at `start` announces; undefined of an ordinary one. Asked of every event that is read: of most it looks at one byte. */
export function announcementKind(b: Buffer, start: number): AnnouncementKind | undefined {
  const at = start + THIRD_ELEMENT_OFFSET;
  if (b[at] !== ANNOUNCES[0] || !b.subarray(at, at + ANNOUNCES.length).equals(ANNOUNCES)) return undefined;
  return announcementAt(b, at + ANNOUNCES.length).kind;
}

/** What an announcement says of which earlier event, without the reason. */
export type Announced = Pick<AnnouncementDraft, 'kind' | 'sequenceNumber'>;

/** What the document at `start` announces. */
export function announcementAt(b: Buffer, start: number): Announced {
  let kind: AnnouncementKind = 'constraint';
  let sequenceNumber = 0;
  eachElement(b, start, (type, key, stop, value) => {
    const name = b.toString('latin1', key, stop);
    if (name === 'kind') {
      const text = b.toString('latin1', value + 4, value + 3 + readInt32(b, value));
      // What a later version announces is nothing that this one could deliver: like a constraint's, it is nobody's.
      if (text === 'compensation' || text === 'redaction') kind = text;
    } else if (name === 'sequenceNumber') sequenceNumber = readNumber(b, type, value);
  });
  return { kind, sequenceNumber };
}
