import type { ProtoReader } from './wire/proto-reader';
import type { ProtoWriter } from './wire/proto-writer';
import { varintTag } from './wire/wire-type';

/**
 * google.protobuf.Timestamp { int64 seconds = 1; int32 nanos = 2; } as milliseconds since 1970, the
 * precision that MongoDB keeps. What is finer is cut off.
 */

const NANOS_PER_MS = 1_000_000;
const NANOS_PER_SECOND = 1_000_000_000;
const MS_PER_SECOND = 1000;

/** Bytes of a Timestamp at most: both tags, an int64 and an int32. */
const TIMESTAMP_BYTES = 17;

const SECONDS = varintTag(1);
const NANOS = varintTag(2);

export function writeTimestamp(writer: ProtoWriter, field: number, ms: number | undefined): void {
  if (ms === undefined) return;
  const seconds = Math.floor(ms / MS_PER_SECOND);
  const message = writer.open(field, TIMESTAMP_BYTES);
  writer.int(1, seconds);
  writer.int(2, Math.trunc(ms - seconds * MS_PER_SECOND) * NANOS_PER_MS);
  writer.close(message);
}

/** Any number of milliseconds; whether it is a date that can be stored is the server's to say. */
export function readTimestamp(reader: ProtoReader, field: string): number {
  let seconds = 0;
  let nanos = 0;
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SECONDS) seconds = reader.int64();
    else if (tag === NANOS) nanos = reader.int32();
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (nanos < 0 || nanos >= NANOS_PER_SECOND) throw reader.invalid(`${field}.nanos`, 'is outside 0 to 999,999,999');
  return seconds * MS_PER_SECOND + Math.trunc(nanos / NANOS_PER_MS);
}
