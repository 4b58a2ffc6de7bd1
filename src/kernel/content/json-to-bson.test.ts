import { calculateObjectSize, deserialize, serialize } from 'bson';
import fc from 'fast-check';
import examples from '@octokit/webhooks-examples';
import { AnnalsError } from '../annals-error';
import { LIMITS } from '../limits';
import { anyContent, canonical, elaborate } from './arbitrary-content.testing';
import { bsonToJsonText } from './bson-to-json';
import { jsonToBson } from './json-to-bson';
import { checkBson } from './validate-bson';

const FIELD = 'events[3].content';
const convert = (json: string | Buffer): Buffer => jsonToBson(Buffer.from(json as string), FIELD);
const roundTrip = (json: string): string => bsonToJsonText(convert(json));

function refusal(json: string | Buffer): AnnalsError {
  try {
    convert(json);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

describe('JSON content becomes BSON and comes back the same', () => {
  test('every GitHub webhook payload', () => {
    const payloads = examples.flatMap((example) => example.examples as readonly object[]);
    expect(payloads.length).toBeGreaterThan(300);
    for (const payload of payloads) {
      const bson = convert(JSON.stringify(payload));
      expect(JSON.parse(bsonToJsonText(bson))).toEqual(payload);
      expect(bsonToJsonText(bson)).toBe(JSON.stringify(payload));
    }
  });

  test('any content, with the order of its keys, as any writer puts it', () => {
    fc.assert(
      fc.property(anyContent, (content) => {
        const bson = convert(canonical(content));
        expect(bsonToJsonText(bson)).toBe(canonical(content));
        expect(convert(elaborate(content)).equals(bson)).toBe(true);
        expect(() => checkBson(bson, FIELD)).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });

  test('the bytes are those of the bson package', () => {
    const content = { a: 1, b: [true, null, 'é', 1.5, { c: {} }, []], d: -0.25, e: 'x'.repeat(1000) };
    expect(convert(JSON.stringify(content))).toEqual(Buffer.from(serialize(content)));
  });

  test('the result is not overwritten by the next call', () => {
    const first = convert('{"a":1}');
    const copy = Buffer.from(first);
    convert('{"b":"something else"}');
    expect(first).toEqual(copy);
  });

  test('an array of a thousand has its indexes as keys', () => {
    const values = Array.from({ length: 1001 }, (_, i) => i);
    expect(convert(JSON.stringify({ values }))).toEqual(Buffer.from(serialize({ values })));
  });

  test.each(['__proto__', '$ref', '$set', 'a.b', '', '$', '.', '\u{1d11e}'])(
    'the key %j is a key like any other',
    (key) => {
      const json = `{${JSON.stringify(key)}:{${JSON.stringify(key)}:1}}`;
      expect(roundTrip(json)).toBe(json);
    },
  );

  test.each([
    ['"\\u0000"', '"\\u0000"'],
    ['"\\ud834\\udd1e"', '"𝄞"'],
    ['"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"/\\b\\f\\n\\r\\t\\"\\\\"'],
    ['"\\u00e9\\u20AC"', '"é€"'],
  ])('the string %s comes back as %s', (sent, back) => {
    expect(roundTrip(`{"s":${sent}}`)).toBe(`{"s":${back}}`);
  });
});

describe('numbers keep their value', () => {
  const type = (literal: string): number => convert(`{"":${literal}}`)[4]!;
  test.each([
    ['0', 0x10],
    ['2147483647', 0x10],
    ['-2147483648', 0x10],
    ['2147483648', 0x12],
    ['-2147483649', 0x12],
    ['999999999999999', 0x12],
    ['-999999999999999', 0x12],
    ['9007199254740993', 0x12],
    ['9223372036854775807', 0x12],
    ['-9223372036854775808', 0x12],
    ['9223372036854775808', 0x01],
    ['9223372036854776000', 0x01],
    ['-0', 0x01],
    ['1.0', 0x01],
    ['1e3', 0x01],
    ['1E+3', 0x01],
    ['0.1', 0x01],
    ['123456789.123456', 0x01],
    ['0.30000000000000004', 0x01],
    ['1e-400', 0x01],
    ['0.000000000000000000000000001', 0x01],
  ])('%s', (literal, expected) => {
    expect(type(literal)).toBe(expected);
    const back = roundTrip(`{"":${literal}}`).slice(4, -1);
    expect(Object.is(Number(back), Number(literal))).toBe(true);
    if (expected !== 0x01) expect(back).toBe(literal);
  });

  test('any decimal literal is rounded as JavaScript rounds it', () => {
    const decimal = fc
      .tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.stringMatching(/^[0-9]{1,24}$/))
      .map(([sign, whole, fraction]) => `${sign}${whole}.${fraction}`);
    fc.assert(
      fc.property(decimal, (literal) => {
        expect(deserialize(convert(`{"n":${literal}}`))['n']).toBe(Number(literal));
      }),
    );
  });

  test('any integer of 64 bits keeps all of them', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        expect(roundTrip(`{"n":${n}}`)).toBe(`{"n":${n}}`);
      }),
    );
  });
});

describe('what could not come back the same is refused, with its place', () => {
  test.each([
    ['', 'content is one JSON object'],
    ['[]', 'content is one JSON object'],
    ['1', 'content is one JSON object'],
    ['\ufeff{}', 'content is one JSON object'],
    ['{', 'the text ends'],
    ['{"a"', "expected ':'"],
    ['{"a":', 'the text ends'],
    ['{"a":1', 'the text ends'],
    ['{"a":[1', 'the text ends'],
    ['{"a":"x', 'the text ends'],
    ['{"a":1,}', 'expected a key'],
    ['{"a":[1,]}', 'expected a value'],
    ['{"a":1 "b":2}', "expected ','"],
    ['{a:1}', 'expected a key'],
    ["{'a':1}", 'expected a key'],
    ['{"a":tru}', 'expected a value'],
    ['{"a":undefined}', 'expected a value'],
    ['{} {}', 'text after the end'],
    ['{}\0', 'text after the end'],
    ['{"a":01}', 'leading zero'],
    ['{"a":-01}', 'leading zero'],
    ['{"a":+1}', 'expected a value'],
    ['{"a":.5}', 'expected a value'],
    ['{"a":1.}', 'digit after the point'],
    ['{"a":1e}', 'digit in the exponent'],
    ['{"a":-}', 'expected a digit'],
    ['{"a":0x10}', "expected ','"],
    ['{"a":NaN}', 'not finite'],
    ['{"a":Infinity}', 'not finite'],
    ['{"a":-Infinity}', 'not finite'],
    ['{"a":1e999}', 'too large for a double'],
    ['{"a":-1e999}', 'too large for a double'],
    ['{"a":9223372036854775809}', 'neither int64 nor double'],
    [`{"a":${'9'.repeat(400)}}`, 'neither int64 nor double'],
    ['{"a":"\n"}', 'control character'],
    ['{"a":"\\x"}', 'an escape that JSON does not have'],
    ['{"a":"\\u12g4"}', 'four hexadecimal digits'],
    ['{"a":"\\ud800"}', 'surrogate'],
    ['{"a":"\\ud800\\u0041"}', 'surrogate'],
    ['{"a":"\\udc00\\ud800"}', 'surrogate'],
    ['{"\\ud800":1}', 'surrogate'],
    ['{"a\\u0000b":1}', 'NUL in a key'],
    ['{"a":1,"a":2}', 'duplicate key'],
    ['{"a":1,"\\u0061":2}', 'duplicate key'],
    ['{"":1,"":2}', 'duplicate key'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate key'],
  ])('%s', (json, reason) => {
    const error = refusal(json);
    expect(error.code).toBe('INVALID_CONTENT');
    expect(error.field).toBe(FIELD);
    expect(error.message).toContain(reason);
    expect(error.message).toContain(FIELD);
  });

  test('the place is a byte offset and a path', () => {
    const error = refusal('{"é":[0,{"odd key":[true,{"x":NaN}]}]}');
    expect(error.metadata).toEqual({ offset: '31', path: '$["é"][1]["odd key"][1].x' });
  });

  test('a duplicate key is named by its second place', () => {
    expect(refusal('{"a":{"b":1,"c":2,"b":3}}').metadata).toEqual({ offset: '18', path: '$.a.b' });
  });

  test('the same key in two objects is no duplicate', () => {
    const json = '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}';
    expect(roundTrip(json)).toBe(json);
  });

  test('a duplicate among ten thousand keys', () => {
    const keys = Array.from({ length: 10_000 }, (_, i) => `"k${i}":0`);
    expect(() => convert(`{${keys.join(',')}}`)).not.toThrow();
    expect(refusal(`{${keys.join(',')},"k7777":1}`).message).toContain('duplicate key');
  });

  test('depth 90 is taken and 91 is not, arrays counted', () => {
    expect(roundTrip(nested(LIMITS.contentDepth))).toBe(nested(LIMITS.contentDepth));
    expect(refusal(nested(LIMITS.contentDepth + 1)).message).toContain('90 levels');
    expect(refusal('{"a":'.repeat(100_000)).message).toContain('90 levels');
  });

  test('bytes that are not UTF-8', () => {
    const error = refusal(Buffer.concat([Buffer.from('{"a":"é'), Buffer.from([0xc3]), Buffer.from('"}')]));
    expect(error.code).toBe('INVALID_UTF8');
    expect(error.field).toBe(FIELD);
    expect(error.metadata).toEqual({ offset: '8' });
  });

  test('whatever is thrown is an AnnalsError, and what is accepted JSON.parse accepts too', () => {
    const mutated = fc
      .tuple(
        anyContent.map(canonical),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...Array.from('{}[]",:\\0123-.eEu \0tfnN'))), { maxLength: 4 }),
      )
      .map(([json, changes]) => {
        const characters = Array.from(json);
        for (const [at, character] of changes) characters[at % characters.length] = character;
        return characters.join('');
      });
    fc.assert(
      fc.property(mutated, (json) => {
        let back: string;
        try {
          back = roundTrip(json);
        } catch (error) {
          expect(error).toBeInstanceOf(AnnalsError);
          return;
        }
        expect(JSON.parse(back)).toEqual(JSON.parse(json));
      }),
      { numRuns: 500 },
    );
  });
});

describe('content over 1 MiB of BSON is refused', () => {
  const withString = (length: number): string => `{"a":"${'x'.repeat(length)}"}`;
  // 4 length, 1 type, 2 key, 4 length, the string, 1 NUL, 1 NUL
  const overhead = 13;

  test('the limit itself is taken, one byte more is not', () => {
    expect(convert(withString(LIMITS.contentBytes - overhead))).toHaveLength(LIMITS.contentBytes);
    const error = refusal(withString(LIMITS.contentBytes - overhead + 1));
    expect(error.code).toBe('CONTENT_TOO_LARGE');
    expect(error.field).toBe(FIELD);
    expect(error.metadata).toMatchObject({ limit: '1048576', actual: '1048577' });
  });

  test.each([
    ['many small numbers', { a: Array.from({ length: 300_000 }, () => 0) }],
    ['many objects', { a: Array.from({ length: 100_000 }, () => ({ k: {} })) }],
    ['many keys', Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, 1.5]))],
    ['many strings', { a: Array.from({ length: 30 }, () => 'y'.repeat(100_000)) }],
  ])('the actual size is told: %s', (_, content) => {
    const error = refusal(JSON.stringify(content));
    expect(error.code).toBe('CONTENT_TOO_LARGE');
    expect(error.metadata['actual']).toBe(String(calculateObjectSize(content)));
    // The next call is none the worse for it.
    expect(roundTrip('{"a":[1,{"b":"c"}]}')).toBe('{"a":[1,{"b":"c"}]}');
  });

  test('large text of a small object is taken', () => {
    expect(roundTrip(`{"a":${' '.repeat(2 * LIMITS.contentBytes)}1}`)).toBe('{"a":1}');
    const escaped = '\\u0041'.repeat(200_000);
    expect(convert(`{"a":"${escaped}"}`)).toHaveLength(200_000 + overhead);
  });
});
