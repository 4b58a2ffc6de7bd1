import { readContentType } from './content-type-codec';
import {
  NO_COMPENSATIONS,
  NO_GENERATIONS,
  readAnnouncement,
  readCompensation,
  readGeneration,
  readOrigin,
  readRedaction,
} from './event-parts-codec';
import { ContentType, type Compensation, type EventBatch, type WireEvent, type WireGeneration } from './messages';
import { readTimestamp } from './timestamp';
import { ProtoReader } from './wire/proto-reader';
import { lengthTag, varintTag } from './wire/wire-type';

/**
 * Reads what the server sends of events, by hand: a client that catches up does this some hundred
 * thousand times a second. `content` is a slice of the message, so keeping one event's content keeps
 * its whole batch in memory.
 */

const EMPTY = Buffer.alloc(0);

// Of all events without tags there is one list, so that it can be told by identity and costs nothing.
const NO_TAGS: readonly string[] = Object.freeze([]);

const EVENTS = lengthTag(1);
const POSITION = varintTag(2);
const STATE = varintTag(3);

/** Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8. */
export function decodeReadResponse(bytes: Buffer): EventBatch {
  return readBatch(new ProtoReader(bytes), { events: [], position: undefined, state: 0 });
}

/** Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8. `position` is the response's `next`. */
export function decodeSubscribeResponse(bytes: Buffer): EventBatch {
  return readBatch(new ProtoReader(bytes), { events: [], position: 0, state: 0 });
}

/** The two responses agree in their first two fields; a ReadResponse never has the third. */
function readBatch(reader: ProtoReader, batch: EventBatch): EventBatch {
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === EVENTS) {
      reader.within('events', batch.events.length);
      batch.events.push(readNestedEvent(reader));
      reader.within('', -1);
    } else if (tag === POSITION) batch.position = reader.uint64('position');
    else if (tag === STATE) batch.state = reader.uint32();
    else reader.skip(tag);
  }
  return batch;
}

/** Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8; undefined when there is no event in the response. */
export function decodeGetEventResponse(bytes: Buffer): WireEvent | undefined {
  const reader = new ProtoReader(bytes);
  let event: WireEvent | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === EVENTS) event = readNestedEvent(reader);
    else reader.skip(tag);
  }
  return event;
}

/** One Event by itself. Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8. */
export const decodeEvent = (bytes: Buffer): WireEvent => readEvent(new ProtoReader(bytes));

function readNestedEvent(reader: ProtoReader): WireEvent {
  const outer = reader.enter();
  const event = readEvent(reader);
  reader.leave(outer);
  return event;
}

function readEvent(reader: ProtoReader): WireEvent {
  const event: WireEvent = {
    sequenceNumber: 0,
    eventId: '',
    type: '',
    generation: 0,
    eventSourceId: '',
    tags: NO_TAGS,
    correlationId: '',
    causationId: '',
    causedBy: '',
    occurred: 0,
    recorded: 0,
    validFrom: undefined,
    content: EMPTY,
    contentGeneration: 0,
    contentType: ContentType.UNSPECIFIED,
    origin: undefined,
    announcement: undefined,
    compensations: NO_COMPENSATIONS,
    effectiveCompensationId: undefined,
    redaction: undefined,
    notCast: '',
    generations: NO_GENERATIONS,
    traceParent: '',
  };
  let tags: string[] | undefined;
  let compensations: Compensation[] | undefined;
  let generations: WireGeneration[] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === TAGS) {
      if (tags === undefined) event.tags = tags = [];
      tags.push(reader.string('tags'));
    } else if (tag === COMPENSATIONS) {
      if (compensations === undefined) event.compensations = compensations = [];
      compensations.push(readCompensation(reader));
    } else if (tag === GENERATIONS) {
      if (generations === undefined) event.generations = generations = [];
      generations.push(readGeneration(reader));
    } else readField(reader, tag, event);
  }
  return event;
}

const TAGS = lengthTag(6);
const COMPENSATIONS = lengthTag(18);
const GENERATIONS = lengthTag(22);

function readField(reader: ProtoReader, tag: number, event: WireEvent): void {
  switch (tag) {
    case varintTag(1):
      event.sequenceNumber = reader.uint64('sequence_number');
      return;
    case lengthTag(2):
      event.eventId = reader.string('event_id');
      return;
    case lengthTag(3):
      event.type = reader.string('type');
      return;
    case varintTag(4):
      event.generation = reader.uint32();
      return;
    case lengthTag(5):
      event.eventSourceId = reader.string('event_source_id');
      return;
    case lengthTag(7):
      event.correlationId = reader.string('correlation_id');
      return;
    case lengthTag(8):
      event.causationId = reader.string('causation_id');
      return;
    case lengthTag(9):
      event.causedBy = reader.string('caused_by');
      return;
    case lengthTag(10):
      event.occurred = readTimestamp(reader, 'occurred');
      return;
    case lengthTag(11):
      event.recorded = readTimestamp(reader, 'recorded');
      return;
    case lengthTag(12):
      event.validFrom = readTimestamp(reader, 'valid_from');
      return;
    case lengthTag(13):
      event.content = reader.bytes();
      return;
    case varintTag(14):
      event.contentGeneration = reader.uint32();
      return;
    case varintTag(15):
      event.contentType = readContentType(reader);
      return;
    case lengthTag(16):
      event.origin = readOrigin(reader);
      return;
    case lengthTag(17):
      event.announcement = readAnnouncement(reader);
      return;
    case lengthTag(19):
      event.effectiveCompensationId = reader.string('effective_compensation_id');
      return;
    case lengthTag(20):
      event.redaction = readRedaction(reader);
      return;
    case lengthTag(21):
      event.notCast = reader.string('not_cast');
      return;
    case lengthTag(23):
      event.traceParent = reader.string('trace_parent');
      return;
    default:
      reader.skip(tag);
  }
}
