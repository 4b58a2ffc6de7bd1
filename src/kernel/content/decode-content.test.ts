import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import fc from 'fast-check';
import examples from '@octokit/webhooks-examples';
import { AnnalsError } from '../annals-error';
import { LIMITS } from '../limits';
import { anyContent, asObject, canonical } from './arbitrary-content.testing';
import { decodeBson, encodeBson } from './decode-content';
import { jsonToBson } from './json-to-bson';

const roundTrip = (content: object): unknown => decodeBson(encodeBson(content));

function refusal(content: object): AnnalsError {
  try {
    encodeBson(content);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('what went in comes back', () => {
  test('every GitHub webhook payload', () => {
    for (const payload of examples.flatMap((example) => example.examples as readonly object[])) {
      expect(roundTrip(payload)).toEqual(payload);
    }
  });

  test('any content', () => {
    fc.assert(
      fc.property(anyContent, (tree) => {
        const content = asObject(tree) as object; // The top is an object.
        expect(roundTrip(content)).toEqual(settled(content));
      }),
    );
  });

  test('any JSON content, as JSON.parse reads it', () => {
    const withoutBigints = anyContent.filter((tree) => !/\d{16}/.test(canonical(tree)));
    fc.assert(
      fc.property(withoutBigints, (tree) => {
        expect(decodeBson(jsonToBson(Buffer.from(canonical(tree)), 'content'))).toEqual(JSON.parse(canonical(tree)));
      }),
    );
  });

  test.each([
    ['what looks like a DBRef', { link: { $ref: 'orders', $id: 7 } }],
    ['a DBRef at the top', { $ref: 'db.orders', $id: 'x', $db: 'shop', more: 1 }],
    ['a DBRef with a date', { link: { $id: 1, $ref: 'a.b.c', at: new Date(5) }, at: new Date(0) }],
    ['dates', { at: new Date(-62_135_596_800_000), list: [new Date(1)] }],
    ['a bigint beyond 2^53', { n: 2n ** 63n - 1n, m: [-(2n ** 63n)] }],
    ['not a number, and the infinities', { a: NaN, b: Infinity, c: -Infinity, d: -0 }],
    ['an ObjectId', { id: new ObjectId('0123456789abcdef01234567') }],
    ['a binary', { data: new Binary(Buffer.from('bytes'), 0x80) }],
    ['a decimal', { price: Decimal128.fromString('12.50') }],
    ['a timestamp', { t: new Timestamp({ t: 1, i: 2 }) }],
    ['an expression', { x: /^a+$/im, after: 1 }],
    ['code', { f: new Code('f()'), g: new Code('g()', { a: 1 }), after: 1 }],
    ['the least and greatest keys', { a: new MinKey(), b: new MaxKey(), after: 1 }],
  ])('%s', (_, content) => {
    expect(roundTrip(content)).toStrictEqual(content);
  });

  test.each([{}, { at: new Date(0) }])('a key __proto__ stays a property of its own, beside %p', (beside) => {
    const content = { ...(JSON.parse('{"__proto__":{"admin":true}}') as object), ...beside };
    const back = decodeBson(jsonToBson(Buffer.from('{"__proto__":{"admin":true}}'), 'content'));
    const both = [roundTrip(content) as Record<string, unknown>, back];
    for (const object of both) {
      expect(Object.hasOwn(object, '__proto__')).toBe(true);
      expect(object['admin']).toBeUndefined();
    }
  });

  test('an expression that JavaScript does not know', () => {
    const bytes = Buffer.from(serialize({ x: new BSONRegExp('(?>a)', 'x') }));
    expect(decodeBson(bytes)).toEqual({ x: new BSONRegExp('(?>a)', 'x') });
  });
});

describe('numbers', () => {
  test.each([
    [Long.fromNumber(5), 5],
    [Long.fromNumber(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
    [Long.fromNumber(Number.MIN_SAFE_INTEGER), Number.MIN_SAFE_INTEGER],
    [Long.fromString('9007199254740992'), 9007199254740992n],
    [Long.fromString('-9223372036854775808'), -(2n ** 63n)],
    [new Double(2 ** 60), 2 ** 60],
  ])('%p is decoded as %p', (stored, decoded) => {
    expect(decodeBson(Buffer.from(serialize({ n: stored })))).toStrictEqual({ n: decoded });
    expect(decodeBson(Buffer.from(serialize({ n: stored, at: new Date(0) })))).toStrictEqual({
      n: decoded,
      at: new Date(0),
    });
  });

  test('a small bigint comes back as a number', () => expect(roundTrip({ n: 5n })).toEqual({ n: 5 }));
});

test('undefined properties are left out', () => {
  expect(roundTrip({ a: undefined, b: { c: undefined } })).toStrictEqual({ b: {} });
});

describe('what would not come back the same is refused', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    ['an array', [], 'content'],
    ['a bigint over 64 bits', { a: [2n ** 63n] }, 'content.a.0'],
    ['half of a surrogate pair', { a: { b: '\ud800' } }, 'content.a.b'],
    ['half of a surrogate pair in a key', { a: { '\udfff': 1 } }, 'content.a'],
    ['half of a surrogate pair in a Map', new Map([['a', '\ud800']]), 'content.a'],
    ['NUL in a key', { 'a\0b': 1 }, 'content'],
    ['a circle', circle, 'content'],
  ])('%s', (_, content, field) => {
    const error = refusal(content);
    expect(error.code).toBe('INVALID_CONTENT');
    expect(error.field).toBe(field);
  });

  test('a replacement character that was in the text is text', () => {
    expect(roundTrip({ a: '\ufffd', n: 5n })).toEqual({ a: '\ufffd', n: 5 });
  });

  test('content over the limit', () => {
    const error = refusal({ a: 'x'.repeat(LIMITS.contentBytes) });
    expect(error.code).toBe('CONTENT_TOO_LARGE');
    expect(error.metadata['actual']).toBe(String(LIMITS.contentBytes + 13));
  });
});

/** Bigints that a number holds come back as that number. */
function settled(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, settled(inner)]));
}
