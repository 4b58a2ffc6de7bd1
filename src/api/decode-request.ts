/**
 * Requests of the calls that are made rarely go through the general deserializer. gRPC would answer
 * what it throws with a bare INTERNAL, and it lets text through that is not UTF-8; here both become
 * errors of the registry, as they are for appends, which have a codec of their own.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { serviceDefinition } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';

type Service = Parameters<typeof serviceDefinition>[0];

const pass = (bytes: Buffer): Buffer => bytes;

/**
 * A service whose handlers get the bytes of their requests. @param givingBytes the methods whose handlers
 * also give bytes: their responses are encoded by hand, or once for all who get them.
 */
export function takingBytes(service: Service, givingBytes: readonly string[] = []): ServiceDefinition {
  const methods = serviceDefinition(service);
  const unknown = givingBytes.find((name) => methods[name] === undefined);
  if (unknown !== undefined) throw new Error(`the contract has no ${service}.${unknown}`);
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: pass, ...(givingBytes.includes(name) ? { responseSerialize: pass } : {}) },
    ]),
  );
}

/** A handler of bytes from one of requests. It throws MALFORMED_REQUEST or INVALID_UTF8. */
export function decoding<Request, Rest extends unknown[], Result>(
  service: Service,
  method: string,
  handle: (request: Request, ...rest: Rest) => Result,
): (bytes: Buffer, ...rest: Rest) => Result {
  const definition = serviceDefinition(service)[method];
  if (definition === undefined) throw new Error(`the contract has no ${service}.${method}`);
  return (bytes, ...rest) => handle(decode<Request>(bytes, definition.requestDeserialize), ...rest);
}

function decode<Request>(bytes: Buffer, deserialize: (bytes: Buffer) => unknown): Request {
  let request: unknown;
  try {
    request = deserialize(bytes);
  } catch (cause) {
    throw new AnnalsError('MALFORMED_REQUEST', undefined, { cause });
  }
  refuseBrokenText(request, bytes);
  // The generated types say what the deserializer of a method gives; the handler was written for them.
  return request as Request;
}

/** What the deserializer puts in place of bytes that are no UTF-8, and how a client spells the same character. */
const REPLACEMENT = '\ufffd';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Text that has the character without having been sent it was broken. */
function refuseBrokenText(request: unknown, bytes: Buffer): void {
  const places = [...replacements(request, '')];
  const [field] = places;
  if (field === undefined || places.length <= occurrences(bytes) - inContent(request)) return;
  throw new AnnalsError('INVALID_UTF8', `${field} is not valid UTF-8`, { field });
}

/** The field of each replacement character, by its name in the protos. */
function* replacements(value: unknown, field: string): Iterable<string> {
  if (typeof value === 'string') {
    for (let at = value.indexOf(REPLACEMENT); at !== -1; at = value.indexOf(REPLACEMENT, at + 1)) yield field;
  } else if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) yield* replacements(inner, `${field}[${i}]`);
  } else if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
    // Content is bytes, and may be a million of them.
    for (const [key, inner] of Object.entries(value)) {
      const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      yield* replacements(inner, field === '' ? name : `${field}.${name}`);
    }
  }
}

/** How often the character stands in content, which is bytes and was looked at by nobody yet. */
function inContent(value: unknown): number {
  if (Buffer.isBuffer(value)) return occurrences(value);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, inner) => sum + inContent(inner), 0);
}

function occurrences(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(REPLACEMENT_BYTES); at !== -1; at = bytes.indexOf(REPLACEMENT_BYTES, at + 1)) count++;
  return count;
}
