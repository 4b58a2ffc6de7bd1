/**
 * Content that a client sends as BSON is stored as the bytes that it is, so they must be BSON to
 * the last one: what passes here can be read by every driver, turned into JSON, and walked without
 * looking twice.
 */
import { isUtf8 } from 'node:buffer';
import { AnnalsError, overLimit } from '../annals-error';
import type { ErrorCode } from '../error-registry';
import { LIMITS } from '../limits';
import { BINARY_OLD, BsonType } from './bson-types';
import { beyondAscii } from './four-bytes';
import { KeySet } from './key-set';

const { DOUBLE, STRING, DOCUMENT, ARRAY, BINARY, UNDEFINED, OBJECT_ID, BOOLEAN, DATE, NULL, REGEX } = BsonType;
const { DB_POINTER, CODE, SYMBOL, CODE_WITH_SCOPE, INT32, TIMESTAMP, INT64, DECIMAL128, MAX_KEY, MIN_KEY } = BsonType;

/** An empty document: its length and its last NUL. */
const DOCUMENT_BYTES = 5;
const OBJECT_ID_BYTES = 12;
const DECIMAL128_BYTES = 16;
/** A binary's length and subtype. */
const BINARY_HEAD_BYTES = 5;
/** The options of a regular expression that BSON has; drivers refuse to read others. */
const REGEX_OPTIONS = Buffer.from('ilmsux');
const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

class BsonCheck {
  private bytes: Buffer = NO_BYTES;
  private view: DataView = NO_VIEW;
  private field = '';
  private at = 0;
  private depth = 0;
  private readonly keys = new KeySet();

  check(bytes: Buffer, field: string): void {
    if (bytes.length > LIMITS.contentBytes) {
      throw overLimit(field, LIMITS.contentBytes, bytes.length, 'bytes of BSON', 'CONTENT_TOO_LARGE');
    }
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.field = field;
    this.at = this.depth = 0;
    this.keys.begin();
    this.document(bytes.length, true);
    if (this.at !== bytes.length) this.fail('bytes after the end of the document');
    this.bytes = NO_BYTES; // They are the caller's, and not ours to keep.
    this.view = NO_VIEW;
  }

  /** Checks a document or array that must end by `limit`, and goes past it. */
  private document(limit: number, unique: boolean): void {
    const from = this.at;
    if (this.depth === LIMITS.contentDepth) this.fail(`nested over ${LIMITS.contentDepth} levels deep`);
    this.depth++;
    const size = this.int32(limit);
    if (size < DOCUMENT_BYTES || size > limit - from) this.fail('a document whose length is wrong', from);
    // The last byte is the document's own NUL, so nothing inside may reach it.
    const last = from + size - 1;
    if (this.bytes[last] !== 0) this.fail('a document without its last NUL', last);
    const document = unique ? this.keys.document() : 0;
    while (this.at < last) {
      const type = this.bytes[this.at++] ?? 0;
      if (type === 0) this.fail('a document that ends before its length', this.at - 1);
      const keyAt = this.at;
      this.cstring(last);
      if (unique && !this.keys.add(document, this.bytes, keyAt, this.at - 1)) this.fail('duplicate key', keyAt);
      this.value(type, last);
    }
    this.at = last + 1;
    this.depth--;
  }

  private value(type: number, last: number): void {
    switch (type) {
      case STRING:
      case SYMBOL:
      case CODE:
        return this.string(last);
      case INT32:
        return this.skip(4, last);
      case NULL:
      case UNDEFINED:
      case MIN_KEY:
      case MAX_KEY:
        return;
      case BOOLEAN:
        this.skip(1, last);
        if ((this.bytes[this.at - 1] ?? 0) > 1) this.fail('a boolean that is neither 0 nor 1', this.at - 1);
        return;
      case DOUBLE:
      case INT64:
      case DATE:
      case TIMESTAMP:
        return this.skip(8, last);
      case DOCUMENT:
        return this.document(last, true);
      case ARRAY:
        return this.document(last, false);
      case OBJECT_ID:
        return this.skip(OBJECT_ID_BYTES, last);
      case BINARY:
        return this.binary(last);
      case DECIMAL128:
        return this.skip(DECIMAL128_BYTES, last);
      case REGEX:
        this.cstring(last);
        return this.regexOptions(last);
      case DB_POINTER:
        this.string(last);
        return this.skip(OBJECT_ID_BYTES, last);
      case CODE_WITH_SCOPE:
        return this.codeWithScope(last);
      default:
        this.fail(`an element of unknown type 0x${type.toString(16).padStart(2, '0')}`);
    }
  }

  private string(last: number): void {
    const from = this.at;
    const size = this.int32(last);
    if (size < 1 || size > last - this.at) this.fail('a string whose length is wrong', from);
    const end = this.at + size - 1;
    if (this.bytes[end] !== 0) this.fail('a string without its last NUL', end);
    const { bytes, view } = this;
    let seen = 0;
    let i = this.at;
    for (; i + 4 <= end; i += 4) seen |= view.getInt32(i);
    for (; i < end; i++) seen |= bytes[i] ?? 0;
    if (beyondAscii(seen)) this.utf8(this.at, end);
    this.at = end + 1;
  }

  /** Goes past a text that a NUL ends. */
  private cstring(last: number): void {
    const { bytes } = this;
    let seen = 0;
    for (let i = this.at; i < last; i++) {
      const c = bytes[i] ?? 0;
      if (c === 0) {
        if (beyondAscii(seen)) this.utf8(this.at, i);
        this.at = i + 1;
        return;
      }
      seen |= c;
    }
    this.fail('a key or expression without its NUL');
  }

  private regexOptions(last: number): void {
    const from = this.at;
    this.cstring(last);
    for (let i = from; i < this.at - 1; i++) {
      if (!REGEX_OPTIONS.includes(this.bytes[i] ?? 0)) this.fail("an expression's option that BSON does not have", i);
    }
  }

  private utf8(from: number, to: number): void {
    if (!isUtf8(this.bytes.subarray(from, to))) this.fail('text that is not UTF-8', from, 'INVALID_UTF8');
  }

  private binary(last: number): void {
    const from = this.at;
    const size = this.int32(last);
    if (size < 0 || size > last - from - BINARY_HEAD_BYTES) this.fail('a binary whose length is wrong', from);
    const subtype = this.bytes[this.at++];
    const end = this.at + size;
    if (subtype === BINARY_OLD && (size < 4 || this.int32(end) !== size - 4)) {
      this.fail('an old binary whose two lengths disagree', from);
    }
    this.at = end;
  }

  private codeWithScope(last: number): void {
    const from = this.at;
    const size = this.int32(last);
    if (size < 0 || size > last - from) this.fail('code with scope whose length is wrong', from);
    const end = from + size;
    this.string(end);
    this.document(end, true);
    if (this.at !== end) this.fail('code with scope whose length is wrong', from);
  }

  private int32(last: number): number {
    this.skip(4, last);
    return this.view.getInt32(this.at - 4, true);
  }

  private skip(size: number, last: number): void {
    if (size > last - this.at) this.fail('a value that does not fit its document');
    this.at += size;
  }

  private fail(reason: string, at = this.at, code: ErrorCode = 'INVALID_CONTENT'): never {
    throw new AnnalsError(code, `${this.field} is not BSON that can be kept, at byte ${at}: ${reason}`, {
      field: this.field,
      metadata: { offset: String(at) },
    });
  }
}

const checker = new BsonCheck();

/**
 * Refuses what is not one well-formed BSON document: CONTENT_TOO_LARGE over `LIMITS.contentBytes`;
 * INVALID_UTF8 for keys and strings; INVALID_CONTENT for wrong lengths, unknown types, a duplicate
 * key, or nesting over `LIMITS.contentDepth`, with the metadata `offset` (bytes). Nothing else is thrown.
 */
export const checkBson = (bytes: Buffer, field: string): void => checker.check(bytes, field);
