/**
 * Whether two contents are the same, for an event id that comes again: a client may send JSON the
 * first time and BSON the second, or the same number as an int32 and as a double.
 */
import { bsonToJson } from './bson-to-json';

/** Equal bytes, or else equal JSON. Both are checked BSON. The order of keys is part of content. */
export const sameContent = (a: Buffer, b: Buffer): boolean => a.equals(b) || bsonToJson(a).equals(bsonToJson(b));
