import { BSON, Binary, Decimal128, Double, Int32, Long, MaxKey, ObjectId } from 'mongodb';
import fc from 'fast-check';
import { canonicalValue, claimKey, foldCase, sourceValue, type CanonicalValue } from './claim-key';
import { propertyPath, readProperty } from './property-value';

function canonical(value: unknown, ignoreCase = false): CanonicalValue {
  const place = readProperty(Buffer.from(BSON.serialize({ value })), propertyPath('value'));
  if (place.kind !== 'scalar') throw new Error('the value is none');
  return canonicalValue(place, ignoreCase);
}

const key = (...values: unknown[]): string =>
  claimKey(
    'c/1',
    undefined,
    values.map((value) => canonical(value)),
  );
const keyIgnoringCase = (value: string): string => claimKey('c/1', undefined, [canonical(value, true)]);

describe('values that are equal have the same key', () => {
  it.each([
    [
      'whole numbers of every type',
      [new Int32(1), Long.fromNumber(1), new Double(1), Decimal128.fromString('1'), Decimal128.fromString('1.00')],
    ],
    [
      'zeros of either sign',
      [new Int32(0), new Double(0), new Double(-0), Decimal128.fromString('-0'), Decimal128.fromString('0E+3')],
    ],
    ['numbers beyond 2^53', [Long.fromString('9007199254740993'), Decimal128.fromString('9007199254740993')]],
    ['powers of two that a double holds exactly', [Long.fromString('4611686018427387904'), new Double(2 ** 62)]],
    ['fractions', [new Double(0.1), Decimal128.fromString('0.1'), Decimal128.fromString('1E-1')]],
    ['large decimals', [Decimal128.fromString('1E+3'), new Int32(1000), Decimal128.fromString('1000.0')]],
    ['infinities', [new Double(Infinity), Decimal128.fromString('Infinity')]],
    ['what is no number', [new Double(NaN), Decimal128.fromString('NaN')]],
  ])('%s', (_, values) => {
    expect(new Set(values.map((value) => key(value))).size).toBe(1);
  });
});

describe('values that differ have different keys', () => {
  it('numbers that a double cannot tell apart', () => {
    expect(key(Long.fromString('9007199254740993'))).not.toBe(key(new Double(9007199254740992)));
  });

  it('values of different kinds that are written alike', () => {
    const id = new ObjectId('0123456789abcdef01234567');
    const values = [
      '1',
      1,
      true,
      new Date(1),
      'true',
      id,
      id.toHexString(),
      new Binary(id.id),
      new Binary(id.id, 4),
      new MaxKey(),
      '',
    ];
    expect(new Set(values.map((value) => key(value))).size).toBe(values.length);
  });

  it('lists of values that run together into the same text', () => {
    const lists = [['a', 'bc'], ['ab', 'c'], ['abc', ''], ['', 'abc'], ['abc'], ['a', 'b', 'c']];
    expect(new Set(lists.map((list) => key(...list))).size).toBe(lists.length);
  });

  it('the same value within different scopes, and under different ledgers', () => {
    const value = [canonical('a')];
    const keys = [
      claimKey('c/1', undefined, value),
      claimKey('c/2', undefined, value),
      claimKey('c/1', sourceValue('s'), value),
      claimKey('c/1', sourceValue('t'), value),
      claimKey('c/1', canonical('s'), value),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('any two numbers that differ', () => {
    const anyNumber = fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger());
    fc.assert(
      fc.property(anyNumber, anyNumber, (a, b) => {
        // 0 and -0 are one number.
        expect(key(new Double(a)) === key(new Double(b))).toBe(a === b);
      }),
    );
  });

  it('any two texts that differ, also by no more than how they are composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(key(a) === key(b)).toBe(a === b);
      }),
    );
    expect(key('\u00e9')).not.toBe(key('e\u0301'));
  });
});

describe('texts whose case is ignored', () => {
  it.each([
    ['Anna', 'anna'],
    ['STRASSE', 'straße'],
    ['ΟΔΟΣ', 'οδος'],
    ['\u00c9clair', 'e\u0301clair'],
    ['ﬁn', 'FIN'],
  ])('%s and %s are the same', (a, b) => {
    expect(keyIgnoringCase(a)).toBe(keyIgnoringCase(b));
    expect(key(a)).not.toBe(key(b));
  });

  it('whoever folds twice changes nothing more', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(foldCase(foldCase(text))).toBe(foldCase(text))),
    );
  });
});

it('a value of any length has a short key', () => {
  expect(key('x'.repeat(1_000_000)).length).toBeLessThan(60);
});

it('a value is shown as a person wrote it', () => {
  const shown = (value: unknown): string => canonical(value).shown;
  expect(shown('Anna')).toBe('Anna');
  expect(canonical('Anna', true).shown).toBe('Anna');
  expect(shown(12.5)).toBe('12.5');
  expect(shown(Decimal128.fromString('1.50'))).toBe('1.50');
  expect(shown(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
  expect(shown(new ObjectId('0123456789abcdef01234567'))).toBe('0123456789abcdef01234567');
});
