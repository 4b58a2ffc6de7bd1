/**
 * Content as a JSON Schema looks at it. JSON has six types and BSON has more: a date is the text that
 * `format: date-time` asks for, a number of any kind is a number, an id or binary data is its text.
 */
import { Binary, BSONValue, Decimal128, Double, EJSON, Int32, Long, ObjectId } from 'bson';
import { plainJsonText } from './bson-to-json';
import { decodeBson } from './decode-content';

/** @param content one checked BSON document. */
export function schemaView(content: Buffer): unknown {
  const text = plainJsonText(content);
  // Most content is JSON by nature, and the engine parses its text faster than anything builds objects.
  return text === undefined ? plain(decodeBson(content)) : JSON.parse(text);
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  // A BSON date has room for times that no calendar of JavaScript names.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof BSONValue) return plainValue(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function plainValue(value: BSONValue): unknown {
  if (value instanceof Long || value instanceof Decimal128) return Number(value.toString());
  if (value instanceof Int32 || value instanceof Double) return value.valueOf();
  if (value instanceof ObjectId) return value.toHexString();
  if (value instanceof Binary) return value.toString('base64');
  return EJSON.serialize(value);
}
