/** Values turned into another type: there and back the same, or refused. */
import { Binary, Decimal128, deserialize, Double, Int32, Long, ObjectId, serialize } from 'bson';
import fc from 'fast-check';
import { BsonDocument } from './bson-tree';
import { CannotCast } from './cannot-cast';
import { convert } from './convert';
import type { ConvertTarget } from './definition';

function converted(value: unknown, ...targets: ConvertTarget[]): unknown {
  const document = new BsonDocument(Buffer.from(serialize({ value })));
  for (const target of targets) {
    const inner = document.get('value');
    if (inner === undefined) return undefined;
    try {
      document.set('value', convert(inner, target));
    } catch (error) {
      if (error instanceof CannotCast) return error.message;
      throw error;
    }
  }
  return deserialize(document.toBson(), { promoteValues: false })['value'];
}

it.each<[unknown, ConvertTarget, unknown]>([
  [12, 'string', '12'],
  [1.5, 'string', '1.5'],
  [-0, 'string', '-0'],
  [Long.fromString('9007199254740993'), 'string', '9007199254740993'],
  [true, 'string', 'true'],
  [new Date('2020-01-01T00:00:00Z'), 'string', '2020-01-01T00:00:00Z'],
  [new Date('2020-01-01T00:00:00.120Z'), 'string', '2020-01-01T00:00:00.120Z'],
  [Decimal128.fromString('1.10'), 'string', '1.10'],
  [new ObjectId('0123456789abcdef01234567'), 'string', '0123456789abcdef01234567'],
  ['12', 'integer', new Int32(12)],
  ['-3000000000', 'integer', Long.fromString('-3000000000')],
  [new Double(12), 'integer', new Int32(12)],
  [true, 'integer', new Int32(1)],
  [new Date(5), 'integer', new Int32(5)],
  [Decimal128.fromString('7'), 'integer', new Int32(7)],
  ['1.50', 'number', new Double(1.5)],
  ['1e3', 'number', new Double(1000)],
  ['12', 'number', new Int32(12)],
  [new Int32(12), 'number', new Int32(12)],
  ['0.1', 'number', new Double(0.1)],
  ['true', 'boolean', true],
  ['false', 'boolean', false],
  [1, 'boolean', true],
  [new Double(0), 'boolean', false],
  ['2020-02-29', 'date', new Date('2020-02-29')],
  ['2020-02-29T12:00:00.5+02:00', 'date', new Date('2020-02-29T10:00:00.500Z')],
  ['2020-02-29T12:00Z', 'date', new Date('2020-02-29T12:00:00Z')],
  [0, 'date', new Date(0)],
  [null, 'date', null],
  [null, 'string', null],
])('%p becomes a %s', (value, target, result) => expect(converted(value, target)).toEqual(result));

it.each<[unknown, ConvertTarget, string]>([
  ['', 'integer', '"" cannot be turned into an integer without loss'],
  ['1.5', 'integer', '"1.5" cannot be turned into an integer without loss'],
  ['007', 'integer', '"007" cannot be turned into an integer without loss'],
  ['9223372036854775808', 'integer', '"9223372036854775808" cannot be turned into an integer without loss'],
  [1.5, 'integer', '1.5 cannot be turned into an integer without loss'],
  [1e300, 'integer', '1e+300 cannot be turned into an integer without loss'],
  ['twelve', 'number', '"twelve" cannot be turned into a number without loss'],
  ['12345678901234567890123', 'number', '"12345678901234567890123" cannot be turned into a number without loss'],
  [
    '0.1000000000000000055511151231257827',
    'number',
    '"0.1000000000000000055511151231257827" cannot be turned into a number without loss',
  ],
  ['1e999', 'number', '"1e999" cannot be turned into a number without loss'],
  ['Infinity', 'number', '"Infinity" cannot be turned into a number without loss'],
  [Decimal128.fromString('NaN'), 'number', 'NaN cannot be turned into a number without loss'],
  ['1'.repeat(500), 'number', `"${'1'.repeat(40)}…" cannot be turned into a number without loss`],
  ['yes', 'boolean', '"yes" cannot be turned into true or false without loss'],
  [2, 'boolean', '2 cannot be turned into true or false without loss'],
  ['yesterday', 'date', '"yesterday" cannot be turned into a date without loss'],
  ['2020-02-30', 'date', '"2020-02-30" cannot be turned into a date without loss'],
  ['2020-01-01T12:00:00', 'date', '"2020-01-01T12:00:00" cannot be turned into a date without loss'],
  ['2020-01-01T12:00:00.1234Z', 'date', '"2020-01-01T12:00:00.1234Z" cannot be turned into a date without loss'],
  [1e300, 'date', '1e+300 cannot be turned into a date without loss'],
  [new Binary(Buffer.from('x')), 'string', 'binary data cannot be turned into text without loss'],
  [{}, 'string', 'an object cannot be turned into text'],
  [[1], 'number', 'an array cannot be turned into a number'],
])('%p does not become a %s', (value, target, reason) => expect(converted(value, target)).toBe(reason));

describe('there and back gives the same', () => {
  it('integers of 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(converted(Long.fromBigInt(value), 'string', 'integer', 'string')).toBe(String(value));
      }),
    );
  });

  it('doubles', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(converted(new Double(value), 'string', 'number'))).toBe(value);
      }),
    );
  });

  it('dates', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (value) => {
        expect(converted(value, 'string', 'date', 'integer', 'date')).toEqual(value);
      }),
    );
  });
});
