import { readContentType } from './content-type-codec';
import {
  AnnouncementKind,
  ContentType,
  type Announcement,
  type Compensation,
  type Origin,
  type Redaction,
  type WireGeneration,
} from './messages';
import { readTimestamp } from './timestamp';
import type { ProtoReader } from './wire/proto-reader';
import { lengthTag, varintTag } from './wire/wire-type';

/**
 * Reads the messages inside an Event: what an ordinary one has none of. Each is a field whose tag has
 * been read.
 */

const EMPTY = Buffer.alloc(0);

// Of all events without any there is one list, so that they cost nothing.
export const NO_COMPENSATIONS: readonly Compensation[] = Object.freeze([]);
export const NO_GENERATIONS: readonly WireGeneration[] = Object.freeze([]);

export function readOrigin(reader: ProtoReader): Origin {
  const origin: Origin = { store: '', namespace: '', sequence: '', sequenceNumber: 0, recorded: 0, link: '', hops: 0 };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) origin.store = reader.string('origin.store');
    else if (tag === lengthTag(2)) origin.namespace = reader.string('origin.namespace');
    else if (tag === lengthTag(3)) origin.sequence = reader.string('origin.sequence');
    else if (tag === varintTag(4)) origin.sequenceNumber = reader.uint64('origin.sequence_number');
    else if (tag === lengthTag(5)) origin.recorded = readTimestamp(reader, 'origin.recorded');
    else if (tag === lengthTag(6)) origin.link = reader.string('origin.link');
    else if (tag === varintTag(7)) origin.hops = reader.uint32();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return origin;
}

export function readAnnouncement(reader: ProtoReader): Announcement {
  const announcement: Announcement = { kind: AnnouncementKind.UNSPECIFIED, sequenceNumber: 0, reason: '' };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) announcement.kind = kindOf(reader.uint32());
    else if (tag === varintTag(2)) announcement.sequenceNumber = reader.uint64('announcement.sequence_number');
    else if (tag === lengthTag(3)) announcement.reason = reader.string('announcement.reason');
    else reader.skip(tag);
  }
  reader.leave(outer);
  return announcement;
}

/** A kind of a later version of the contract is none that this one has a name for. */
function kindOf(value: number): AnnouncementKind {
  if (value === AnnouncementKind.COMPENSATION || value === AnnouncementKind.REDACTION) return value;
  return AnnouncementKind.UNSPECIFIED;
}

export function readRedaction(reader: ProtoReader): Redaction {
  const redaction: Redaction = { reason: '', causedBy: '', recorded: 0, sequenceNumber: 0 };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) redaction.reason = reader.string('redaction.reason');
    else if (tag === lengthTag(2)) redaction.causedBy = reader.string('redaction.caused_by');
    else if (tag === lengthTag(3)) redaction.recorded = readTimestamp(reader, 'redaction.recorded');
    else if (tag === varintTag(4)) redaction.sequenceNumber = reader.uint64('redaction.sequence_number');
    else reader.skip(tag);
  }
  reader.leave(outer);
  return redaction;
}

export function readGeneration(reader: ProtoReader): WireGeneration {
  const generation: WireGeneration = { generation: 0, content: EMPTY };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) generation.generation = reader.uint32();
    else if (tag === lengthTag(2)) generation.content = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return generation;
}

export function readCompensation(reader: ProtoReader): Compensation {
  const generations: WireGeneration[] = [];
  const compensation: Compensation = {
    compensationId: '',
    generation: 0,
    correlationId: '',
    causationId: '',
    causedBy: '',
    occurred: 0,
    recorded: 0,
    validFrom: undefined,
    reason: '',
    sequenceNumber: 0,
    content: EMPTY,
    contentGeneration: 0,
    contentType: ContentType.UNSPECIFIED,
    notCast: '',
    generations,
  };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(15)) generations.push(readGeneration(reader));
    else readCompensationField(reader, tag, compensation);
  }
  reader.leave(outer);
  return compensation;
}

function readCompensationField(reader: ProtoReader, tag: number, compensation: Compensation): void {
  switch (tag) {
    case lengthTag(1):
      compensation.compensationId = reader.string('compensation_id');
      return;
    case varintTag(2):
      compensation.generation = reader.uint32();
      return;
    case lengthTag(3):
      compensation.correlationId = reader.string('correlation_id');
      return;
    case lengthTag(4):
      compensation.causationId = reader.string('causation_id');
      return;
    case lengthTag(5):
      compensation.causedBy = reader.string('caused_by');
      return;
    case lengthTag(6):
      compensation.occurred = readTimestamp(reader, 'occurred');
      return;
    case lengthTag(7):
      compensation.recorded = readTimestamp(reader, 'recorded');
      return;
    case lengthTag(8):
      compensation.validFrom = readTimestamp(reader, 'valid_from');
      return;
    case lengthTag(9):
      compensation.reason = reader.string('reason');
      return;
    case varintTag(10):
      compensation.sequenceNumber = reader.uint64('sequence_number');
      return;
    case lengthTag(11):
      compensation.content = reader.bytes();
      return;
    case varintTag(12):
      compensation.contentGeneration = reader.uint32();
      return;
    case varintTag(13):
      compensation.contentType = readContentType(reader);
      return;
    case lengthTag(14):
      compensation.notCast = reader.string('not_cast');
      return;
    default:
      reader.skip(tag);
  }
}
