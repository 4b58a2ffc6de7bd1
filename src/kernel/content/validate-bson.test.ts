import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  deserialize,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import fc from 'fast-check';
import { AnnalsError } from '../annals-error';
import { LIMITS } from '../limits';
import { anyContent, asObject } from './arbitrary-content.testing';
import { bsonToJson } from './bson-to-json';
import { decodeBson } from './decode-content';
import { checkBson } from './validate-bson';

const FIELD = 'events[0].content';
const accept = (bytes: Buffer): void => checkBson(bytes, FIELD);

function refusal(bytes: Buffer): AnnalsError {
  try {
    accept(bytes);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** A document of the elements given as bytes. */
function documentOf(...elements: Buffer[]): Buffer {
  const document = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.from([0])]);
  document.writeInt32LE(document.length);
  return document;
}

const bytes = (...parts: (number | string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string))));

const int32 = (value: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeInt32LE(value);
  return four;
};

const EVERY_TYPE = {
  double: new Double(1.5),
  text: 'héllo, a longer text',
  inner: { a: { a: 1 } },
  list: [1, 'two', [3]],
  binary: new Binary(Buffer.from('bytes'), 0),
  oldBinary: new Binary(Buffer.from('bytes'), 2),
  id: new ObjectId('0123456789abcdef01234567'),
  yes: true,
  no: false,
  date: new Date(1_700_000_000_000),
  nothing: null,
  expression: new BSONRegExp('^a', 'i'),
  code: new Code('f()'),
  scoped: new Code('f()', { a: 1 }),
  symbol: new BSONSymbol('s'),
  int: 7,
  time: new Timestamp({ t: 1, i: 2 }),
  long: Long.fromNumber(2 ** 40),
  decimal: Decimal128.fromString('1.5'),
  least: new MinKey(),
  greatest: new MaxKey(),
};

describe('well-formed BSON is taken', () => {
  test('the empty document', () => accept(Buffer.from([5, 0, 0, 0, 0])));

  test('every type', () => accept(Buffer.from(serialize(EVERY_TYPE))));

  test('undefined and the old pointer', () => {
    accept(documentOf(bytes(0x06, 'u\0'), bytes(0x0c, 'p\0', int32(4), 'd.c\0', Buffer.alloc(12))));
  });

  test('anything that the bson package writes', () => {
    fc.assert(
      fc.property(anyContent, (content) => accept(Buffer.from(serialize(asObject(content) as object)))), // The top is an object.
    );
  });

  test("an array's keys are not looked at", () => {
    const inner = documentOf(bytes(0x0a, 'x\0'), bytes(0x0a, 'x\0'));
    accept(documentOf(bytes(0x04, 'a\0', inner)));
  });

  test('depth 90, arrays counted', () => {
    accept(nested(LIMITS.contentDepth, 0x03));
    accept(nested(LIMITS.contentDepth, 0x04));
  });

  test('the limit of bytes itself', () => {
    accept(documentOf(text('a', LIMITS.contentBytes - 13)));
  });
});

describe('what is not is refused, with its field and offset', () => {
  test.each([
    ['no bytes', Buffer.alloc(0), 0],
    ['four bytes', Buffer.from([4, 0, 0, 0]), 0],
    ['a length beyond the end', Buffer.from([6, 0, 0, 0, 0]), 0],
    ['a negative length', Buffer.from([255, 255, 255, 255, 0]), 0],
    ['bytes after the end', Buffer.from([5, 0, 0, 0, 0, 0]), 5],
    ['no last NUL', Buffer.from([5, 0, 0, 0, 1]), 4],
    ['an early NUL', Buffer.from([6, 0, 0, 0, 0, 0]), 4],
    ['an unknown type', documentOf(bytes(0x14, 'a\0')), 7],
    ['a key without NUL', Buffer.from([7, 0, 0, 0, 0x0a, 0x61, 0]), 5],
    ['a boolean of 2', documentOf(bytes(0x08, 'a\0', 2)), 7],
    ['an int32 that does not fit', documentOf(bytes(0x10, 'a\0', 1, 2)), 7],
    ['a string of length 0', documentOf(bytes(0x02, 'a\0', int32(0), 0)), 7],
    ['a string beyond its document', documentOf(bytes(0x02, 'a\0', int32(3), 'x\0')), 7],
    ['a string without NUL', documentOf(bytes(0x02, 'a\0', int32(1), 'x')), 11],
    ['a negative binary', documentOf(bytes(0x05, 'a\0', int32(-1), 0)), 7],
    ['a binary beyond its document', documentOf(bytes(0x05, 'a\0', int32(2), 0, 'x')), 7],
    ['an old binary with two lengths', documentOf(bytes(0x05, 'a\0', int32(5), 2, int32(2), 'x')), 7],
    ['an option that expressions do not have', documentOf(bytes(0x0b, 'a\0', 'x\0', 'iB\0')), 10],
    ['code with scope, too short', documentOf(bytes(0x0f, 'a\0', int32(13), int32(1), 0, int32(5), 0)), 16],
    ['code with scope, too long', documentOf(bytes(0x0f, 'a\0', int32(15), int32(1), 0, int32(5), 0, 0)), 7],
    ['a document longer than the one around it', documentOf(bytes(0x03, 'a\0', int32(9), 0)), 7],
    ['a duplicate key', documentOf(bytes(0x0a, 'a\0'), bytes(0x0a, 'b\0'), bytes(0x0a, 'a\0')), 11],
    ['a duplicate empty key', documentOf(bytes(0x0a, 0), bytes(0x0a, 0)), 7],
    [
      'a duplicate key in a scope',
      documentOf(bytes(0x0f, 'a\0', int32(20), int32(1), 0, documentOf(bytes(0x0a, 'b\0'), bytes(0x0a, 'b\0')))),
      24,
    ],
  ])('%s', (_, document, offset) => {
    const error = refusal(document);
    expect(error.code).toBe('INVALID_CONTENT');
    expect(error.field).toBe(FIELD);
    expect(error.metadata).toEqual({ offset: String(offset) });
    expect(error.message).toContain(`byte ${offset}`);
  });

  test.each([
    ['a string', documentOf(bytes(0x02, 'a\0', int32(3), 0xc3, 'x', 0)), 11],
    ['the end of a longer string', documentOf(bytes(0x02, 'a\0', int32(10), 'abcdefgh', 0xff, 0)), 11],
    ['a key', documentOf(bytes(0x0a, 0xed, 0xa0, 0x80, 0)), 5],
    ['an expression', documentOf(bytes(0x0b, 'a\0', 0xff, 0, 0)), 7],
  ])('%s that is not UTF-8', (_, document, offset) => {
    const error = refusal(document);
    expect(error.code).toBe('INVALID_UTF8');
    expect(error.metadata).toEqual({ offset: String(offset) });
  });

  test('depth 91', () => {
    expect(refusal(nested(LIMITS.contentDepth + 1, 0x03)).message).toContain('90 levels');
    expect(refusal(nested(LIMITS.contentDepth + 1, 0x04)).message).toContain('90 levels');
  });

  test('a duplicate among ten thousand keys', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => bytes(0x0a, `k${i}\0`));
    accept(documentOf(...keys));
    expect(refusal(documentOf(...keys, bytes(0x0a, 'k5000\0'))).message).toContain('duplicate key');
  });

  test('one byte over the limit', () => {
    const error = refusal(documentOf(text('a', LIMITS.contentBytes - 12)));
    expect(error.code).toBe('CONTENT_TOO_LARGE');
    expect(error.metadata).toMatchObject({ limit: '1048576', actual: '1048577' });
  });
});

describe('whatever the bytes', () => {
  const valid = fc.oneof(
    anyContent.map((content) => Buffer.from(serialize(asObject(content) as object))), // The top is an object.
    fc.constant(EVERY_TYPE).map((content) => Buffer.from(serialize(content))),
  );
  const change = fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.integer({ min: 0, max: 0x14 })));
  const mutated = fc.tuple(valid, fc.array(change, { maxLength: 3 })).map(([document, changes]) => {
    for (const [at, byte] of changes) document[at % document.length] = byte;
    return document;
  });
  /** Elements of any type with any bytes behind them: most are wrong, in more ways than a mutation is. */
  const elements = fc
    .array(
      fc.tuple(
        fc.constantFrom(...Array.from({ length: 0x14 }, (_, i) => i), 0x7f, 0xff),
        fc.uint8Array({ maxLength: 24 }),
      ),
      { maxLength: 3 },
    )
    .map((list) => documentOf(...list.map(([type, value]) => bytes(type, 'k\0', Buffer.from(value)))));
  const random = fc.uint8Array({ maxLength: 64 }).map((list) => Buffer.from(list));

  test('only an AnnalsError is thrown, and what is accepted can be read, decoded and turned into JSON', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, elements, random), (document) => {
        try {
          accept(document);
        } catch (error) {
          expect(error).toBeInstanceOf(AnnalsError);
          return;
        }
        accepted++;
        deserialize(document, { bsonRegExp: true });
        decodeBson(document);
        bsonToJson(document);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

function text(key: string, length: number): Buffer {
  return bytes(0x02, `${key}\0`, int32(length + 1), 'x'.repeat(length), 0);
}

function nested(levels: number, type: number): Buffer {
  let document = documentOf();
  for (let level = 1; level < levels; level++) document = documentOf(bytes(type, '0\0', document));
  return document;
}
