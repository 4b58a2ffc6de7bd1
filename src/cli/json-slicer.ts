/**
 * Cuts JSON objects out of bytes as they come, without decoding them: a JSON array of objects, one
 * object, or objects one after another (NDJSON, pretty-printed or not). The bytes of each object
 * stay as they stood, so that large integers and the order of keys reach the server unchanged, and
 * a file of any length needs the memory of one object.
 */
import { InputError } from './exit-codes';
import { LIMITS } from '../kernel/limits';

/** One JSON object of the input. */
export interface JsonSlice {
  readonly bytes: Buffer;
  /** The line of the input that it begins on, from 1. */
  readonly line: number;
}

/** Bytes of one object at most: more than any event may have, with room for white space and escapes. */
const OBJECT_BYTES = 2 * LIMITS.appendBytes;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Where the slicer stands between objects. */
type Place = 'start' | 'objects' | 'array-start' | 'array-object' | 'array-comma' | 'end';

const isWhiteSpace = (byte: number): boolean => byte === SPACE || byte === NEWLINE || byte === 0x0d || byte === 0x09;

export class JsonSlicer {
  private place: Place = 'start';
  private line = 1;
  private seen = 0;

  // Of the object being read:
  private depth = 0;
  private inString = false;
  private escaped = false;
  private startLine = 1;
  private pieces: Buffer[] = [];
  private piecesBytes = 0;

  /** The objects that end in this chunk. Throws an InputError that names the line. */
  push(chunk: Buffer): JsonSlice[] {
    const slices: JsonSlice[] = [];
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      // The index is within the buffer, so there is a byte.
      const byte = chunk[i] as number;
      this.seen++;
      if (byte === NEWLINE) this.line++;
      if (this.depth === 0) {
        if (this.between(byte)) start = i;
        continue;
      }
      if (this.inString) {
        this.withinString(byte);
        continue;
      }
      if (byte === QUOTE) this.inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --this.depth === 0) {
        slices.push({ bytes: this.take(chunk.subarray(start, i + 1)), line: this.startLine });
        this.place = this.place === 'array-object' ? 'array-comma' : 'objects';
      }
    }
    if (this.depth > 0) this.keep(chunk.subarray(start));
    return slices;
  }

  /** Tells the end of the input. Throws an InputError when it ends in the middle. */
  end(): void {
    if (this.depth > 0) throw new InputError(`line ${this.startLine}: the JSON object that begins here has no end`);
    if (this.place.startsWith('array')) throw new InputError(`line ${this.line}: the JSON array has no end`);
  }

  /** A byte outside any object. True when an object begins with it. */
  private between(byte: number): boolean {
    if (isWhiteSpace(byte)) return false;
    if (this.place === 'start' && byte === BYTE_ORDER_MARK[this.seen - 1]) return false;
    if (byte === OPEN_OBJECT && this.place !== 'array-comma' && this.place !== 'end') {
      if (this.place === 'array-start') this.place = 'array-object';
      this.depth = 1;
      this.startLine = this.line;
      return true;
    }
    this.place = this.afterSign(byte);
    return false;
  }

  /** The place after a sign that is no object's. */
  private afterSign(byte: number): Place {
    if (this.place === 'start' && byte === OPEN_ARRAY) return 'array-start';
    if (this.place === 'array-comma' && byte === COMMA) return 'array-object';
    if ((this.place === 'array-start' || this.place === 'array-comma') && byte === CLOSE_ARRAY) return 'end';
    const wanted = { 'array-comma': 'a comma or the end of the array', end: 'nothing after the array' };
    const expected = this.place in wanted ? wanted[this.place as keyof typeof wanted] : 'a JSON object';
    throw new InputError(`line ${this.line}: expected ${expected}, found ${signOf(byte)}`);
  }

  private withinString(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
    else if (byte === NEWLINE) throw new InputError(`line ${this.line - 1}: a JSON string has no end on its line`);
  }

  private keep(piece: Buffer): void {
    this.piecesBytes += piece.length;
    if (this.piecesBytes > OBJECT_BYTES) {
      throw new InputError(`line ${this.startLine}: the JSON object has over ${OBJECT_BYTES} bytes; no event may`);
    }
    // Copied: the stream may use its chunk again.
    this.pieces.push(Buffer.from(piece));
  }

  private take(last: Buffer): Buffer {
    const bytes = Buffer.concat([...this.pieces, last]);
    this.pieces = [];
    this.piecesBytes = 0;
    return bytes;
  }
}

const signOf = (byte: number): string =>
  byte > SPACE && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `byte 0x${byte.toString(16).padStart(2, '0')}`;

/**
 * The members of one JSON object with each value's bytes as they stand. For text that `JSON.parse`
 * takes; a key that stands twice keeps its last value, as there.
 */
export function memberSlices(object: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let depth = 0;
  let inString = false;
  let keyStart = -1;
  let key: string | undefined;
  let valueStart = -1;
  const close = (end: number): void => {
    if (key !== undefined) members.set(key, object.subarray(valueStart, end));
    key = undefined;
    keyStart = -1;
  };
  for (let i = 0; i < object.length; i++) {
    const byte = object[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte === QUOTE) {
      inString = true;
      if (depth === 1 && key === undefined && keyStart < 0) keyStart = i;
    } else if (byte === 0x3a && depth === 1 && key === undefined) {
      // A JSON string parses to a string.
      key = JSON.parse(object.toString('utf8', keyStart, i)) as string;
      valueStart = i + 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (--depth === 0) close(i);
    } else if (byte === COMMA && depth === 1) close(i);
  }
  return members;
}
