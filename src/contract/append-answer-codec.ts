import { AnnalsError } from '../kernel/annals-error';
import type { AppendResponse, Appended, AppendStreamResult, Failure, Violation } from './messages';
import { readTimestamp, writeTimestamp } from './timestamp';
import { ProtoReader } from './wire/proto-reader';
import { readRepeated } from './wire/repeated';
import { ProtoWriter } from './wire/proto-writer';
import { readMapEntry, writeMap } from './wire/string-map';
import { lengthTag, varintTag } from './wire/wire-type';

/** The answers of Append and AppendStream, by hand: the server writes them and the client reads them for every append. */

/** A guess at an answer's bytes, to leave the right room for its length: one byte. */
const ANSWER_BYTES = 40;

// One for the module: encoding never awaits, and a buffer that has grown once serves again.
const writer = new ProtoWriter();

export function encodeAppendResponse(response: AppendResponse): Buffer {
  writer.reset();
  writeResponse(response);
  return writer.finish();
}

export function encodeAppendStreamResponse(results: readonly AppendStreamResult[]): Buffer {
  writer.reset();
  for (const result of results) {
    const item = writer.open(1, ANSWER_BYTES);
    writer.uint(1, result.requestId);
    if ('response' in result) {
      const response = writer.open(2, ANSWER_BYTES);
      writeResponse(result.response);
      writer.close(response);
    } else {
      const failure = writer.open(3);
      writeFailure(result.failure);
      writer.close(failure);
    }
    writer.close(item);
  }
  return writer.finish();
}

function writeResponse(response: AppendResponse): void {
  if ('appended' in response) {
    const { appended } = response;
    const message = writer.open(1, ANSWER_BYTES);
    writer.uint(1, appended.firstSequenceNumber);
    writer.uint(2, appended.lastSequenceNumber);
    writer.bool(3, appended.duplicate);
    writeTimestamp(writer, 4, appended.recorded);
    writer.strings(5, appended.eventIds);
    writer.close(message);
    return;
  }
  const message = writer.open(2);
  for (const violation of response.refused.violations) {
    const item = writer.open(1);
    writer.string(1, violation.code);
    writer.string(2, violation.message);
    writer.string(3, violation.field);
    if (violation.sequenceNumber !== undefined) writer.presentUint(4, violation.sequenceNumber);
    if (violation.metadata !== undefined) writeMap(writer, 5, violation.metadata);
    writer.close(item);
  }
  writer.close(message);
}

function writeFailure(failure: Failure): void {
  writer.int(1, failure.status);
  writer.string(2, failure.code);
  writer.string(3, failure.message);
  writer.string(4, failure.field);
  writeMap(writer, 5, failure.metadata);
}

/** Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8. */
export const decodeAppendResponse = (bytes: Buffer): AppendResponse => readResponse(new ProtoReader(bytes));

/** Throws MALFORMED_REQUEST, INVALID_FIELD or INVALID_UTF8. */
export const decodeAppendStreamResponse = (bytes: Buffer): AppendStreamResult[] =>
  readRepeated(new ProtoReader(bytes), 1, readResult);

function readResult(reader: ProtoReader): AppendStreamResult {
  let requestId = 0;
  let result: { response: AppendResponse } | { failure: Failure } | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) requestId = reader.uint64('request_id');
    else if (tag === lengthTag(2)) {
      const outer = reader.enter();
      result = { response: readResponse(reader) };
      reader.leave(outer);
    } else if (tag === lengthTag(3)) {
      const outer = reader.enter();
      result = { failure: readFailure(reader) };
      reader.leave(outer);
    } else reader.skip(tag);
  }
  if (result === undefined) throw empty('an AppendStreamResult');
  return { requestId, ...result };
}

function readResponse(reader: ProtoReader): AppendResponse {
  let response: AppendResponse | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== lengthTag(1) && tag !== lengthTag(2)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    response =
      tag === lengthTag(1)
        ? { appended: readAppended(reader) }
        : { refused: { violations: readRepeated(reader, 1, readViolation) } };
    reader.leave(outer);
  }
  if (response === undefined) throw empty('an AppendResponse');
  return response;
}

function readAppended(reader: ProtoReader): Appended {
  const eventIds: string[] = [];
  const appended = { firstSequenceNumber: 0, lastSequenceNumber: 0, duplicate: false, recorded: 0, eventIds };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) appended.firstSequenceNumber = reader.uint64('first_sequence_number');
    else if (tag === varintTag(2)) appended.lastSequenceNumber = reader.uint64('last_sequence_number');
    else if (tag === varintTag(3)) appended.duplicate = reader.bool();
    else if (tag === lengthTag(4)) appended.recorded = readTimestamp(reader, 'recorded');
    else if (tag === lengthTag(5)) eventIds.push(reader.string('event_ids'));
    else reader.skip(tag);
  }
  return appended;
}

function readViolation(reader: ProtoReader): Violation {
  const violation: Violation = { code: '', message: '', field: '', sequenceNumber: undefined };
  const metadata: [string, string][] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) violation.code = reader.string('code');
    else if (tag === lengthTag(2)) violation.message = reader.string('message');
    else if (tag === lengthTag(3)) violation.field = reader.string('field');
    else if (tag === varintTag(4)) violation.sequenceNumber = reader.uint64('sequence_number');
    else if (tag === lengthTag(5)) metadata.push(readMapEntry(reader, 'metadata'));
    else reader.skip(tag);
  }
  if (metadata.length > 0) violation.metadata = Object.fromEntries(metadata);
  return violation;
}

function readFailure(reader: ProtoReader): Failure {
  const metadata: [string, string][] = [];
  const failure = { status: 0, code: '', message: '', field: '' };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) failure.status = reader.int32();
    else if (tag === lengthTag(2)) failure.code = reader.string('code');
    else if (tag === lengthTag(3)) failure.message = reader.string('message');
    else if (tag === lengthTag(4)) failure.field = reader.string('field');
    else if (tag === lengthTag(5)) metadata.push(readMapEntry(reader, 'metadata'));
    else reader.skip(tag);
  }
  return { ...failure, metadata: Object.fromEntries(metadata) };
}

const empty = (what: string): AnnalsError =>
  new AnnalsError(
    'MALFORMED_REQUEST',
    `The bytes are not the protobuf message that was expected: ${what} says nothing`,
  );
