import { ContentType } from './messages';
import type { ProtoReader } from './wire/proto-reader';

/** Reads the enum ContentType; refuses a number that this version of the contract does not know. */
export function readContentType(reader: ProtoReader): ContentType {
  const value = reader.uint32();
  if (value === ContentType.BSON || value === ContentType.JSON || value === ContentType.UNSPECIFIED) return value;
  throw reader.invalid('content_type', `is ${value}; it is CONTENT_TYPE_JSON (1) or CONTENT_TYPE_BSON (2)`);
}
