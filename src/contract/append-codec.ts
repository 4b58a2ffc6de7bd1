import { LIMITS } from '../kernel/limits';
import { readContentType } from './content-type-codec';
import {
  ContentType,
  type AppendRequest,
  type AppendStreamItem,
  type EventFilter,
  type Expectation,
  type NewEvent,
  type SequenceRef,
} from './messages';
import { readTimestamp, writeTimestamp } from './timestamp';
import { ProtoReader } from './wire/proto-reader';
import { ProtoWriter, varintLength, writeVarint } from './wire/proto-writer';
import { lengthTag, varintTag } from './wire/wire-type';

/**
 * The requests of Append and AppendStream, by hand: the client writes them and the server reads them
 * for every event there is. Field numbers are those of proto/annals/v1; errors name fields as the
 * protos do (`events[3].event_id`). Lists over their limit are refused while decoding.
 */

export {
  decodeAppendResponse,
  decodeAppendStreamResponse,
  encodeAppendResponse,
  encodeAppendStreamResponse,
} from './append-answer-codec';

/** A guess at the bytes of an event beside its content, to leave the right room for its length. */
const EVENT_METADATA_BYTES = 160;

// One for the module: encoding never awaits, and a buffer that has grown once serves again.
const writer = new ProtoWriter();

export function encodeAppendRequest(request: AppendRequest): Buffer {
  writer.reset();
  const { store, namespace, sequence } = request.sequence;
  const ref = writer.open(1);
  writer.string(1, store);
  writer.string(2, namespace);
  writer.string(3, sequence);
  writer.close(ref);
  for (const event of request.events) {
    const message = writer.open(2, EVENT_METADATA_BYTES + event.content.length);
    writeNewEvent(event);
    writer.close(message);
  }
  for (const expectation of request.expectations) {
    const message = writer.open(3);
    const filter = writer.open(1);
    writeFilter(expectation.filter);
    writer.close(filter);
    if (expectation.lastSeen !== undefined) writer.presentUint(2, expectation.lastSeen);
    writer.close(message);
  }
  return writer.finish();
}

function writeNewEvent(event: NewEvent): void {
  if (event.eventId !== undefined) writer.presentString(1, event.eventId);
  writer.string(2, event.type);
  writer.uint(3, event.generation);
  writer.string(4, event.eventSourceId);
  writer.strings(5, event.tags);
  writer.string(6, event.correlationId);
  writer.string(7, event.causationId);
  writer.string(8, event.causedBy);
  writeTimestamp(writer, 9, event.occurred);
  writeTimestamp(writer, 10, event.validFrom);
  writer.bytes(11, event.content);
  writer.uint(12, event.contentType);
  writer.string(13, event.traceParent);
}

function writeFilter(filter: EventFilter): void {
  writer.strings(1, filter.types);
  writer.strings(2, filter.eventSourceIds);
  writer.strings(3, filter.tags);
  if (filter.correlationId !== undefined) writer.presentString(4, filter.correlationId);
  writer.bool(5, filter.announcements === true);
}

const SEQUENCE = lengthTag(1);
const EVENTS = lengthTag(2);
const EXPECTATIONS = lengthTag(3);

/** Throws MALFORMED_REQUEST, INVALID_FIELD, INVALID_UTF8 or CALL_TOO_LARGE. `content` is a slice of `bytes`. */
export function decodeAppendRequest(bytes: Buffer): AppendRequest {
  const reader = new ProtoReader(bytes);
  const request: AppendRequest = { sequence: { store: '', namespace: '', sequence: '' }, events: [], expectations: [] };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === EVENTS) {
      if (request.events.length === LIMITS.eventsPerAppend)
        throw reader.tooMany('events', tag, LIMITS.eventsPerAppend, 'CALL_TOO_LARGE');
      reader.within('events', request.events.length);
      request.events.push(readNewEvent(reader));
      reader.within('', -1);
    } else if (tag === SEQUENCE) readSequenceRef(reader, request.sequence);
    else if (tag === EXPECTATIONS) {
      if (request.expectations.length === LIMITS.expectationsPerAppend)
        throw reader.tooMany('expectations', tag, LIMITS.expectationsPerAppend);
      reader.within('expectations', request.expectations.length);
      request.expectations.push(readExpectation(reader));
      reader.within('', -1);
    } else reader.skip(tag);
  }
  return request;
}

function readSequenceRef(reader: ProtoReader, ref: SequenceRef): void {
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) ref.store = reader.string('sequence.store');
    else if (tag === lengthTag(2)) ref.namespace = reader.string('sequence.namespace');
    else if (tag === lengthTag(3)) ref.sequence = reader.string('sequence.sequence');
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readNewEvent(reader: ProtoReader): NewEvent {
  const event: NewEvent = {
    eventId: undefined,
    type: '',
    generation: 0,
    eventSourceId: '',
    tags: [],
    correlationId: '',
    causationId: '',
    causedBy: '',
    occurred: undefined,
    validFrom: undefined,
    content: EMPTY,
    contentType: ContentType.UNSPECIFIED,
    traceParent: '',
  };
  const outer = reader.enter();
  while (reader.more()) readNewEventField(reader, reader.tag(), event);
  reader.leave(outer);
  return event;
}

const EMPTY = Buffer.alloc(0);

function readNewEventField(reader: ProtoReader, tag: number, event: NewEvent): void {
  switch (tag) {
    case lengthTag(1):
      event.eventId = reader.string('event_id');
      return;
    case lengthTag(2):
      event.type = reader.string('type');
      return;
    case varintTag(3):
      event.generation = reader.uint32();
      return;
    case lengthTag(4):
      event.eventSourceId = reader.string('event_source_id');
      return;
    case lengthTag(5):
      if (event.tags.length === LIMITS.tagsPerEvent) throw reader.tooMany('tags', tag, LIMITS.tagsPerEvent);
      event.tags.push(reader.string('tags'));
      return;
    case lengthTag(6):
      event.correlationId = reader.string('correlation_id');
      return;
    case lengthTag(7):
      event.causationId = reader.string('causation_id');
      return;
    case lengthTag(8):
      event.causedBy = reader.string('caused_by');
      return;
    case lengthTag(9):
      event.occurred = readTimestamp(reader, 'occurred');
      return;
    case lengthTag(10):
      event.validFrom = readTimestamp(reader, 'valid_from');
      return;
    case lengthTag(11):
      event.content = reader.bytes();
      return;
    case varintTag(12):
      event.contentType = readContentType(reader);
      return;
    case lengthTag(13):
      event.traceParent = reader.string('trace_parent');
      return;
    default:
      reader.skip(tag);
  }
}

function readExpectation(reader: ProtoReader): Expectation {
  const expectation: Expectation = {
    filter: { types: [], eventSourceIds: [], tags: [], correlationId: undefined, announcements: false },
    lastSeen: undefined,
  };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) readFilter(reader, expectation.filter);
    else if (tag === varintTag(2)) expectation.lastSeen = reader.uint64('last_seen');
    else reader.skip(tag);
  }
  reader.leave(outer);
  return expectation;
}

function readFilter(reader: ProtoReader, filter: EventFilter): void {
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) readValue(reader, tag, filter.types, 'filter.types');
    else if (tag === lengthTag(2)) readValue(reader, tag, filter.eventSourceIds, 'filter.event_source_ids');
    else if (tag === lengthTag(3)) readValue(reader, tag, filter.tags, 'filter.tags');
    else if (tag === lengthTag(4)) filter.correlationId = reader.string('filter.correlation_id');
    else if (tag === varintTag(5)) filter.announcements = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readValue(reader: ProtoReader, tag: number, values: string[], field: string): void {
  if (values.length === LIMITS.valuesPerFilter) throw reader.tooMany(field, tag, LIMITS.valuesPerFilter);
  values.push(reader.string(field));
}

const ITEMS = lengthTag(1);
const REQUEST_ID = varintTag(1);
const APPEND = lengthTag(2);

/** Bytes of one item without its own tag and length. */
const itemLength = (item: AppendStreamItem): number =>
  (item.requestId === 0 ? 0 : 1 + varintLength(item.requestId)) +
  1 +
  varintLength(item.append.length) +
  item.append.length;

/** Written at once into a buffer of the right length, since it holds up to megabytes that are encoded already. */
export function encodeAppendStreamRequest(items: readonly AppendStreamItem[]): Buffer {
  const lengths = items.map(itemLength);
  const total = lengths.reduce((sum, length) => sum + 1 + varintLength(length) + length, 0);
  const message = Buffer.allocUnsafe(total);
  let pos = 0;
  items.forEach((item, i) => {
    message[pos++] = ITEMS;
    pos = writeVarint(message, pos, lengths[i] ?? 0);
    if (item.requestId !== 0) {
      message[pos++] = REQUEST_ID;
      pos = writeVarint(message, pos, item.requestId);
    }
    message[pos++] = APPEND;
    pos = writeVarint(message, pos, item.append.length);
    pos += item.append.copy(message, pos);
  });
  return message;
}

/** Throws MALFORMED_REQUEST or INVALID_FIELD. The appends stay as bytes, so that one that is malformed fails alone. */
export function decodeAppendStreamRequest(bytes: Buffer): AppendStreamItem[] {
  const reader = new ProtoReader(bytes);
  const items: AppendStreamItem[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== ITEMS) {
      reader.skip(tag);
      continue;
    }
    if (items.length === LIMITS.appendsPerMessage) throw reader.tooMany('items', tag, LIMITS.appendsPerMessage);
    reader.within('items', items.length);
    items.push(readItem(reader));
    reader.within('', -1);
  }
  return items;
}

function readItem(reader: ProtoReader): AppendStreamItem {
  const item: AppendStreamItem = { requestId: 0, append: EMPTY };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === REQUEST_ID) item.requestId = reader.uint64('request_id');
    else if (tag === APPEND) item.append = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return item;
}
