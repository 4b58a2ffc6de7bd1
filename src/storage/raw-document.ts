/**
 * BSON documents put together from parts that are encoded already, so that content goes to the wire as
 * the bytes that it is: objects in between would lose the order of keys that look like numbers.
 */

const BSON_DOCUMENT = 0x03;
/** A document's length at its start, and its last NUL. */
const SIZE_BYTES = 4;
const END_BYTES = 1;

/** The elements of documents, one after the other, as one document. */
export function joined(documents: readonly Uint8Array[]): Buffer {
  const elements = documents.map((document) => document.subarray(SIZE_BYTES, document.length - END_BYTES));
  const whole = Buffer.concat([Buffer.alloc(SIZE_BYTES), ...elements, Buffer.alloc(END_BYTES)]);
  whole.writeInt32LE(whole.length, 0);
  return whole;
}

/** A document whose values are documents. */
export function documentOf(fields: readonly (readonly [key: string, value: Uint8Array])[]): Buffer {
  const elements = fields.flatMap(([key, value]) => [Buffer.of(BSON_DOCUMENT), Buffer.from(`${key}\0`), value]);
  const document = Buffer.concat([Buffer.alloc(SIZE_BYTES), ...elements, Buffer.alloc(END_BYTES)]);
  document.writeInt32LE(document.length, 0);
  return document;
}
