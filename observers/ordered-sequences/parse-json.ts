/**
 * JSON as it came over the wire, held to what holds for content: strict UTF-8, no duplicate keys, no number that would
 * come back as another one.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { decodeBson } from '../../src/kernel/content/decode-content';
import { pathStep, shownPath } from '../../src/kernel/content/json-place';
import { jsonToBson } from '../../src/kernel/content/json-to-bson';
import type { Json } from '../../src/contract/sequence-document';

const KEY = 'value';
const BEFORE = Buffer.from(`{"${KEY}":`);
const AFTER = Buffer.from('}');

/**
 * Any one JSON value, such as a template or a step's output.
 *
 * @throws AnnalsError INVALID_UTF8, INVALID_CONTENT and CONTENT_TOO_LARGE, naming the field.
 */
export function parseJson(bytes: Uint8Array, field: string): Json {
  const object = parseJsonObject(Buffer.concat([BEFORE, bytes, AFTER]), field);
  const [value, second] = Object.values(object);
  if (value !== undefined && second === undefined) return value;
  throw new AnnalsError('INVALID_CONTENT', `${field} is not one JSON value`, { field });
}

/** One JSON object; errors as above. Its place in metadata is `path`, such as `$.events[3]`. */
export function parseJsonObject(bytes: Uint8Array, field: string): Readonly<Record<string, Json>> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content = decodeBson(jsonToBson(text, field));
  refuseInexact(content, field);
  // It was JSON, and what no double holds has just been refused.
  return content as Readonly<Record<string, Json>>;
}

/** Documents are numbers of JavaScript all the way; an integer that they cannot hold would change in silence. */
function refuseInexact(value: unknown, field: string): void {
  if (typeof value === 'bigint') {
    const place = shownPath(field);
    const message = `${place} is ${value}, which is beyond the integers that come back the same; write it as text`;
    throw new AnnalsError('INVALID_CONTENT', message, { field: place });
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) value.forEach((inner, i) => refuseInexact(inner, `${field}[${i}]`));
  else for (const [key, inner] of Object.entries(value)) refuseInexact(inner, `${field}${pathStep(key)}`);
}
