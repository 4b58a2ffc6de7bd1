import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  EJSON,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import fc from 'fast-check';
import { AnnalsError } from '../annals-error';
import { anyContent, asObject } from './arbitrary-content.testing';
import { bsonToJson, bsonToJsonText, plainJsonText } from './bson-to-json';

const bsonOf = (content: object): Buffer => Buffer.from(serialize(content));
const json = (content: object): string => bsonToJsonText(bsonOf(content));

/** A document of one element, key `v`, for types that no class of the bson package writes. */
function rawElement(type: number, value: Buffer): Buffer {
  const document = Buffer.concat([Buffer.from([0, 0, 0, 0, type, 0x76, 0]), value, Buffer.from([0])]);
  document.writeInt32LE(document.length);
  return document;
}

describe('what JSON has a word for', () => {
  test('objects, arrays, strings, booleans, null', () => {
    const content = { a: {}, b: [], c: [{ d: [true, false, null, 'é"\\\n\u0001\u007f'] }] };
    expect(json(content)).toBe(JSON.stringify(content));
  });

  test('bytes and text are the same', () => {
    const bson = bsonOf({ a: 'é', b: '\u0007'.repeat(100) });
    expect(bsonToJson(bson).toString()).toBe(bsonToJsonText(bson));
  });

  test('any object of JavaScript comes out as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(
        anyContent.map(asObject).filter((value): value is object => value !== null && !hasBigint(value)),
        (content) => {
          expect(json(content)).toBe(stringify(content));
        },
      ),
    );
  });

  test.each([
    [new Int32(-2147483648), '-2147483648'],
    [Long.fromString('9223372036854775807'), '9223372036854775807'],
    [Long.fromString('-9223372036854775808'), '-9223372036854775808'],
    [Long.fromString('9007199254740993'), '9007199254740993'],
    [Long.fromNumber(-5), '-5'],
    [new Double(5), '5'],
    [new Double(-0), '-0'],
    [new Double(1e21), '1e+21'],
    [new Double(0.1), '0.1'],
    [new Double(2 ** 63), '9223372036854776000'],
  ])('the number %p', (value, expected) => {
    expect(json({ value })).toBe(`{"value":${expected}}`);
  });

  test('a megabyte of control characters grows six times', () => {
    const text = '\u0001'.repeat(1_000_000);
    expect(json({ text })).toBe(JSON.stringify({ text }));
  });
});

describe('what only Extended JSON has a word for', () => {
  test.each([
    ['NaN', new Double(NaN)],
    ['Infinity', new Double(Infinity)],
    ['-Infinity', new Double(-Infinity)],
    ['a date', new Date(1_700_000_000_123)],
    ['the first date', new Date(0)],
    ['a date before 1970', new Date(-1)],
    ['a date after 9999', new Date(253_402_300_800_000)],
    ['an object id', new ObjectId('0123456789abcdef01234567')],
    ['a binary', new Binary(Buffer.from('bytes'), 0x80)],
    ['an old binary', new Binary(Buffer.from('bytes'), 2)],
    ['a UUID', new Binary(Buffer.alloc(16, 7), 4)],
    ['an expression', new BSONRegExp('^a"b\\d', 'im')],
    ['a symbol', new BSONSymbol('s"ym')],
    ['code', new Code('return "1"')],
    ['code with scope', new Code('f()', { a: 1, b: { c: [new Double(NaN)] } })],
    ['a timestamp', new Timestamp({ t: 4294967295, i: 3 })],
    ['a decimal', Decimal128.fromString('-1.50E+400')],
    ['the least key', new MinKey()],
    ['the greatest key', new MaxKey()],
  ])('%s, as the bson package writes it', (_, value) => {
    const content = { before: 1, value, list: [value] };
    expect(json(content)).toBe(EJSON.stringify(content, { relaxed: true }));
    expect(plainJsonText(bsonOf(content))).toBeUndefined();
  });

  test('undefined, and the pointer that no driver writes any more', () => {
    expect(bsonToJsonText(rawElement(0x06, Buffer.alloc(0)))).toBe('{"v":{"$undefined":true}}');
    const pointer = Buffer.concat([Buffer.from([4, 0, 0, 0]), Buffer.from('d.c\0'), Buffer.alloc(12, 0xab)]);
    expect(bsonToJsonText(rawElement(0x0c, pointer))).toBe(
      `{"v":{"$dbPointer":{"$ref":"d.c","$id":{"$oid":"${'ab'.repeat(12)}"}}}}`,
    );
  });

  test('a date that JavaScript cannot hold keeps its number', () => {
    const far = Buffer.alloc(8);
    far.writeBigInt64LE(2n ** 62n);
    expect(bsonToJsonText(rawElement(0x09, far))).toBe(`{"v":{"$date":{"$numberLong":"${2n ** 62n}"}}}`);
  });
});

test('broken bytes are an INTERNAL error, never a loop or a read beyond the end', () => {
  const broken = fc
    .tuple(anyContent, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), fc.nat())
    .map(([content, changes, cut]) => {
      const bytes = Buffer.from(serialize(asObject(content) as object)); // The top is an object.
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });
  fc.assert(
    fc.property(
      fc.oneof(
        broken,
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        try {
          bsonToJson(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AnnalsError);
          expect((error as AnnalsError).code).toBe('INTERNAL'); // By the line above.
        }
      },
    ),
    { numRuns: 1000 },
  );
});

const hasBigint = (value: unknown): boolean =>
  typeof value === 'bigint' || (typeof value === 'object' && value !== null && Object.values(value).some(hasBigint));

/** `JSON.stringify`, but `-0` keeps its sign. */
function stringify(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${stringify(inner)}`)
    .join(',')}}`;
}
