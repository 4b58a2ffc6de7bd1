import { Double, Long, serialize } from 'bson';
import fc from 'fast-check';
import { anyContent, canonical, elaborate } from './arbitrary-content.testing';
import { jsonToBson } from './json-to-bson';
import { sameContent } from './same-content';

const bson = (content: object): Buffer => Buffer.from(serialize(content));
const json = (text: string): Buffer => jsonToBson(Buffer.from(text), 'content');

test.each([
  ['a number as int32, int64 and double', bson({ n: 5 }), bson({ n: new Double(5) }), true],
  ['int64 and double', bson({ n: Long.fromNumber(2 ** 40) }), bson({ n: new Double(2 ** 40) }), true],
  ['1 and 1.0 in JSON', json('{"n":1}'), json('{"n":1.0}'), true],
  ['escapes and spaces in JSON', json('{"n":"é"}'), json(' { "n" : "\\u00e9" } '), true],
  ['JSON and BSON', json('{"n":1099511627776}'), bson({ n: 2 ** 40 }), true],
  ['another value', bson({ n: 5 }), bson({ n: 6 }), false],
  ['a number and its text', bson({ n: 5 }), bson({ n: '5' }), false],
  ['null and nothing', bson({ n: null }), bson({}), false],
  ['neighbours beyond 2^53', json('{"n":9007199254740993}'), json('{"n":9007199254740992}'), false],
  ['another order of keys', json('{"a":1,"b":2}'), json('{"b":2,"a":1}'), false],
  ['-0 and 0', json('{"n":-0}'), json('{"n":0}'), false],
])('%s', (_, a, b, same) => {
  expect(sameContent(a, b)).toBe(same);
  expect(sameContent(b, a)).toBe(same);
});

test('any content is the same as itself, however it was written', () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      expect(sameContent(json(canonical(content)), json(elaborate(content)))).toBe(true);
    }),
  );
});

test('any two contents are the same exactly when their JSON is', () => {
  const small = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<unknown>(0, 1, '1', null, [], {}, [0]), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(small, small, (a, b) => {
      expect(sameContent(bson(a), json(JSON.stringify(b)))).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});
