import { BSON, Code, MinKey } from 'mongodb';
import fc from 'fast-check';
import { canonicalValue } from './claim-key';
import { propertyPath, readProperty } from './property-value';

const at = (content: BSON.Document, path: string): ReturnType<typeof readProperty> =>
  readProperty(Buffer.from(BSON.serialize(content, { ignoreUndefined: false })), propertyPath(path));

const shownAt = (content: BSON.Document, path: string): string => {
  const value = at(content, path);
  if (value.kind !== 'scalar') return value.kind === 'absent' ? 'absent' : value.found;
  return canonicalValue(value, false).shown;
};

it('finds a property at any depth, whatever stands before and beside it', () => {
  const content = { a: 1, customer: { name: 'n', email: 'e', deep: { er: 7 } }, email: 'other', tags: [1, 2] };
  expect(shownAt(content, 'customer.email')).toBe('e');
  expect(shownAt(content, 'customer.deep.er')).toBe('7');
  expect(shownAt(content, 'email')).toBe('other');
});

it.each([
  ['is not there', {}],
  ['is null', { a: { b: null } }],
  ['is undefined', { a: { b: undefined } }],
  ['has a name that only starts the same', { a: { bb: 1, B: 1 } }],
  ['would be within a value that has no properties', { a: 'text' }],
  ['would be within null', { a: null }],
])('is absent when it %s', (_, content) => {
  expect(at(content, 'a.b')).toEqual({ kind: 'absent' });
});

it.each([
  ['an object', { a: { b: {} } }],
  ['an array', { a: { b: [1] } }],
  ['an array', { a: [{ b: 1 }] }],
  ['an object', { a: { b: new Code('f', { scope: 1 }) } }],
])('is nothing to compare when it is %s, or an array is on the way', (found, content) => {
  expect(at(content, 'a.b')).toEqual({ kind: 'not-scalar', found });
});

it('is a value also where its type is a rare one', () => {
  expect(at({ a: { b: new MinKey() } }, 'a.b').kind).toBe('scalar');
  expect(at({ a: { b: /x/ } }, 'a.b').kind).toBe('scalar');
  expect(at({ a: { b: new Code('f') } }, 'a.b').kind).toBe('scalar');
});

it('says of any content what decoding it says', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'é', '0');
  const { content } = fc.letrec((tie) => ({
    content: fc.dictionary(
      name,
      fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.array(fc.string(), { maxLength: 2 }),
        tie('content'),
      ),
      { maxKeys: 4 },
    ),
  }));
  fc.assert(
    fc.property(content, fc.array(name, { minLength: 1, maxLength: 3 }), (document, path) => {
      expect(shownAt(document as BSON.Document, path.join('.'))).toBe(expected(document, path));
    }),
    { numRuns: 300 },
  );
});

function expected(value: unknown, path: readonly string[]): string {
  if (value === null || value === undefined) return 'absent';
  if (Array.isArray(value)) return 'an array';
  const [name, ...rest] = path;
  if (name === undefined) return typeof value === 'object' ? 'an object' : `${value as string | boolean}`;
  // Only own properties, as a document has no others.
  return typeof value === 'object'
    ? expected(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined, rest)
    : 'absent';
}
