import { AnnalsError, errorFromWire } from '../kernel/annals-error';
import type { Failure } from './messages';
import { ProtoReader } from './wire/proto-reader';
import { ProtoWriter } from './wire/proto-writer';
import { readMapEntry, writeMap } from './wire/string-map';
import { lengthTag } from './wire/wire-type';

/**
 * An AnnalsError on the wire. As a gRPC status its details travel in `grpc-status-details-bin`, a
 * google.rpc.Status { code = 1; message = 2; details = 3 } of google.protobuf.Any { type_url = 1;
 * value = 2 }, holding ErrorInfo { reason = 1; domain = 2; metadata = 3 } and, when a field is at
 * fault, BadRequest { field_violations = 1 { field = 1; description = 2 } }, as every client of
 * google's APIs can read them. On a stream that answers many calls it is a Failure.
 */

/** The metadata key of a gRPC status's details. */
export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';

const ERROR_DOMAIN = 'annals';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

const writer = new ProtoWriter();

export function encodeStatusDetails(error: AnnalsError): Buffer {
  writer.reset();
  writer.int(1, error.status);
  writer.string(2, error.message);
  writeDetail(ERROR_INFO, () => {
    writer.string(1, error.code);
    writer.string(2, ERROR_DOMAIN);
    writeMap(writer, 3, error.metadata);
  });
  if (error.field !== undefined) {
    const { field } = error;
    writeDetail(BAD_REQUEST, () => {
      const violation = writer.open(1);
      writer.string(1, field);
      writer.string(2, error.message);
      writer.close(violation);
    });
  }
  return writer.finish();
}

function writeDetail(typeUrl: string, writeValue: () => void): void {
  const any = writer.open(3);
  writer.string(1, typeUrl);
  const value = writer.open(2);
  writeValue();
  writer.close(value);
  writer.close(any);
}

/** The error that the details tell of; undefined when they are not ours or can't be read. */
export function decodeStatusDetails(bytes: Buffer): AnnalsError | undefined {
  try {
    const { reason, message, field, metadata } = readStatus(new ProtoReader(bytes));
    if (reason === '') return undefined;
    return errorFromWire(reason, message, { metadata, ...(field === '' ? {} : { field }) });
  } catch (error) {
    // A proxy's details may be anything; the status itself still says what happened.
    if (error instanceof AnnalsError) return undefined;
    throw error;
  }
}

interface StatusFacts {
  message: string;
  reason: string;
  field: string;
  metadata: Record<string, string>;
}

function readStatus(reader: ProtoReader): StatusFacts {
  const facts: StatusFacts = { message: '', reason: '', field: '', metadata: {} };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(2)) facts.message = reader.string('message');
    else if (tag === lengthTag(3)) readAny(reader, facts);
    else reader.skip(tag);
  }
  return facts;
}

function readAny(reader: ProtoReader, facts: StatusFacts): void {
  let typeUrl = '';
  let value: Buffer = Buffer.alloc(0);
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) typeUrl = reader.string('type_url');
    else if (tag === lengthTag(2)) value = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (typeUrl === ERROR_INFO) readErrorInfo(new ProtoReader(value), facts);
  else if (typeUrl === BAD_REQUEST) readBadRequest(new ProtoReader(value), facts);
}

/** Takes the reason and metadata, unless they are of another service's domain. */
function readErrorInfo(reader: ProtoReader, facts: StatusFacts): void {
  let reason = '';
  let domain = '';
  const metadata: [string, string][] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) reason = reader.string('reason');
    else if (tag === lengthTag(2)) domain = reader.string('domain');
    else if (tag === lengthTag(3)) metadata.push(readMapEntry(reader, 'metadata'));
    else reader.skip(tag);
  }
  if (domain !== ERROR_DOMAIN) return;
  facts.reason = reason;
  facts.metadata = Object.fromEntries(metadata);
}

/** Takes the first field at fault; Annals names one. */
function readBadRequest(reader: ProtoReader, facts: StatusFacts): void {
  while (reader.more()) {
    const tag = reader.tag();
    if (tag !== lengthTag(1)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    while (reader.more()) {
      const inner = reader.tag();
      if (inner === lengthTag(1) && facts.field === '') facts.field = reader.string('field');
      else reader.skip(inner);
    }
    reader.leave(outer);
  }
}

/** The error as one answer of an AppendStream. */
export const failureOf = (error: AnnalsError): Failure => ({
  status: error.status,
  code: error.code,
  message: error.message,
  field: error.field ?? '',
  metadata: error.metadata,
});

/** The error that one answer of an AppendStream tells of. */
export const errorOf = (failure: Failure): AnnalsError =>
  errorFromWire(failure.code, failure.message, {
    metadata: failure.metadata,
    ...(failure.field === '' ? {} : { field: failure.field }),
  });
