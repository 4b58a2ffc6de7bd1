/** What each step of a migration does to content, what it leaves alone, and what it refuses. */
import { Binary, Decimal128, deserialize, Long, ObjectId, serialize } from 'bson';
import { bsonToJsonText } from '../kernel/content/bson-to-json';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { BsonDocument } from './bson-tree';
import { CannotCast } from './cannot-cast';
import type { MigrationStep } from './definition';
import { compileStep, InvalidStep } from './migration-steps';

/** The content's JSON text after the steps, or why they fail. */
function after(content: string, ...steps: MigrationStep[]): string {
  const tree = new BsonDocument(jsonToBson(Buffer.from(content), 'content'));
  try {
    for (const step of steps) compileStep(step)(tree);
    return bsonToJsonText(tree.toBson());
  } catch (error) {
    if (error instanceof CannotCast) return error.message;
    throw error;
  }
}

const rename = (from: string, to: string): MigrationStep => ({ kind: 'rename', from, to });
const remove = (property: string): MigrationStep => ({ kind: 'remove', property });
const byDefault = (property: string, value: string): MigrationStep => ({ kind: 'default', property, value });
const split = (property: string, separator: string, ...into: string[]): MigrationStep => ({
  ...{ kind: 'split', property, separator, into },
});
const join = (into: string, separator: string, ...properties: string[]): MigrationStep => ({
  ...{ kind: 'join', properties, separator, into },
});

describe('rename moves a value', () => {
  it.each([
    ['in its place', '{"a":1,"b":2}', 'a', 'c', '{"c":1,"b":2}'],
    ['into an object', '{"a":1,"b":2}', 'a', 'o.c', '{"b":2,"o":{"c":1}}'],
    ['out of an object', '{"o":{"a":1,"b":2}}', 'o.a', 'a', '{"o":{"b":2},"a":1}'],
    ['into the place of the object that it leaves empty', '{"o":{"a":1}}', 'o.a', 'o', '{"o":1}'],
    ['into itself', '{"a":1}', 'a', 'a.b', '{"a":{"b":1}}'],
    ['of every element', '{"l":[{"a":1},{"a":2,"b":3},{}]}', 'l[].a', 'l[].c', '{"l":[{"c":1},{"c":2,"b":3},{}]}'],
    ['of elements of elements', '{"l":[{"m":[{"a":1}]}]}', 'l[].m[].a', 'l[].m[].b.c', '{"l":[{"m":[{"b":{"c":1}}]}]}'],
    ['that is null', '{"a":null}', 'a', 'b', '{"b":null}'],
    ['to a name that objects have of themselves', '{"a":1}', 'a', '__proto__', '{"__proto__":1}'],
    [
      'from such a name',
      '{"__proto__":{"x":1},"constructor":2}',
      '__proto__.x',
      'y',
      '{"__proto__":{},"constructor":2,"y":1}',
    ],
    ['and does nothing where there is none', '{"b":1}', 'a', 'c', '{"b":1}'],
    ['and does nothing where the way ends', '{"a":1}', 'a.b.c', 'd', '{"a":1}'],
    ['and does nothing where no array is', '{"l":{"a":1}}', 'l[].a', 'l[].b', '{"l":{"a":1}}'],
    ['and never writes over another', '{"a":1,"b":2}', 'a', 'b', '"b" is there already'],
    ['and never writes over an object that has more', '{"o":{"a":1,"b":2}}', 'o.a', 'o', '"o" is there already'],
    ['and never through something else', '{"a":1,"b":2}', 'a', 'b.c', '"b.c" leads through "b", which is a number'],
  ])('%s', (_, content, from, to, result) => expect(after(content, rename(from, to))).toBe(result));
});

describe('default gives a value where there is none', () => {
  it.each([
    ['at the end', '{"a":1}', 'b', '2', '{"a":1,"b":2}'],
    ['of any kind', '{}', 'b', '{"c":[1,null]}', '{"b":{"c":[1,null]}}'],
    ['in objects that it makes', '{}', 'a.b.c', '1', '{"a":{"b":{"c":1}}}'],
    ['in every element', '{"l":[{},{"a":1},5]}', 'l[].a', '0', '{"l":[{"a":0},{"a":1},5]}'],
    ['but null is one', '{"a":null}', 'a', '1', '{"a":null}'],
    ['and nothing where there is no array', '{}', 'l[].a', '1', '{}'],
    ['and not through text', '{"a":"x"}', 'a.b', '1', '"a.b" leads through "a", which is text'],
  ])('%s', (_, content, property, value, result) => expect(after(content, byDefault(property, value))).toBe(result));

  it('and each element has one of its own', () => {
    const steps = [byDefault('l[].o', '{"a":1}'), rename('l[].o.a', 'l[].o.b')];
    expect(after('{"l":[{},{}]}', ...steps)).toBe('{"l":[{"o":{"b":1}},{"o":{"b":1}}]}');
  });
});

describe('remove takes a value away', () => {
  it.each([
    ['', '{"a":1,"b":2}', 'a', '{"b":2}'],
    ['inside', '{"o":{"a":1}}', 'o.a', '{"o":{}}'],
    ['from every element', '{"l":[{"a":1},{"b":2}]}', 'l[].a', '{"l":[{},{"b":2}]}'],
    ['or nothing', '{"a":1}', 'b.c', '{"a":1}'],
  ])('%s', (_, content, property, result) => expect(after(content, remove(property))).toBe(result));
});

describe('split and join', () => {
  it.each([
    [
      'the last takes what is left',
      '{"n":"Ada King Lovelace"}',
      split('n', ' ', 'f', 'l'),
      '{"f":"Ada","l":"King Lovelace"}',
    ],
    ['what is missing stays absent', '{"n":"Ada"}', split('n', ' ', 'f', 'l'), '{"f":"Ada"}'],
    ['the text may be one of its parts', '{"n":"a-b"}', split('n', '-', 'n', 'm'), '{"n":"a","m":"b"}'],
    ['empty parts are parts', '{"n":"--"}', split('n', '-', 'a', 'b', 'c'), '{"a":"","b":"","c":""}'],
    ['null is not split', '{"n":null}', split('n', '-', 'a', 'b'), '{"n":null}'],
    ['a number is not split', '{"n":12}', split('n', '-', 'a', 'b'), '"n" is a number and not text'],
    ['no part is written over', '{"n":"a-b","b":1}', split('n', '-', 'a', 'b'), '"b" is there already'],
    [
      'in every element',
      '{"l":[{"n":"a-b"},{}]}',
      split('l[].n', '-', 'l[].a', 'l[].b'),
      '{"l":[{"a":"a","b":"b"},{}]}',
    ],
    [
      'what is there is joined',
      '{"a":"x","c":null,"d":2.5,"e":true}',
      join('t', '-', 'a', 'b', 'c', 'd', 'e'),
      '{"t":"x-2.5-true"}',
    ],
    ['into one of them', '{"a":"x","b":"y"}', join('a', '', 'a', 'b'), '{"a":"xy"}'],
    ['nothing is joined to nothing', '{"z":1}', join('t', '-', 'a', 'b'), '{"z":1}'],
    ['an object has no text', '{"a":"x","b":{}}', join('t', '-', 'a', 'b'), '"b" is an object and has no text'],
    ['nothing is joined over another', '{"a":"x","t":1}', join('t', '-', 'a', 'b'), '"t" is there already'],
  ])('%s', (_, content, step, result) => expect(after(content, step)).toBe(result));
});

it('expression sets a property to what it gives for the content at this step', () => {
  const total: MigrationStep = {
    kind: 'expression',
    property: 'sum.total',
    expression: 'content.price * content.count',
  };
  expect(after('{"p":3,"count":2}', rename('p', 'price'), total)).toBe('{"price":3,"count":2,"sum":{"total":6}}');
  expect(after('{"price":3}', total)).toBe('the expression fails: field not found: count');
});

describe('a step that is not of its form is refused, naming the field', () => {
  it.each<[string, MigrationStep, string, string]>([
    ['', rename('', 'b'), 'from', 'is empty'],
    ['', rename('a..b', 'b'), 'from', 'has an empty part'],
    ['', rename('a', 'b[0]'), 'to', 'has brackets other than [] after a part'],
    ['', remove('a[]'), 'property', 'ends with []; name a property of the elements'],
    ['', remove('a'.repeat(201)), 'property', 'has 201 characters; the limit is 200'],
    ['', rename('a', 'a'), 'to', 'is what it is called already'],
    ['', rename('l[].a', 'a'), 'to', 'is not inside the same elements as "l[].a"'],
    ['', rename('l[].a', 'm[].a'), 'to', 'is not inside the same elements as "l[].a"'],
    ['', byDefault('a', 'x'), 'value', 'is not one JSON value'],
    ['', byDefault('a', '1,"b":2'), 'value', 'is not one JSON value'],
    ['', byDefault('a', `"${'x'.repeat(70_000)}"`), 'value', 'has 70002 bytes; the limit is 65536'],
    ['', split('a', '', 'b', 'c'), 'separator', 'is empty'],
    ['', split('a', '-'.repeat(101), 'b', 'c'), 'separator', 'has 101 characters; the limit is 100'],
    ['', split('a', '-', 'b'), 'into', 'names fewer than two properties'],
    ['', split('a', '-', 'b', 'b'), 'into[1]', 'is named twice'],
    ['', split('l[].a', '-', 'l[].b', 'c'), 'into[1]', 'is not inside the same elements as "l[].a"'],
    ['', join('c', '-', 'a'), 'properties', 'names fewer than two properties'],
    [
      '',
      { kind: 'expression', property: 'l[].a', expression: '1' },
      'property',
      'names elements of an array; an expression gives one value, such as the array',
    ],
    ['', { kind: 'expression', property: 'a', expression: 'b' }, 'expression', 'knows `content` alone, and not `b`'],
  ])('%s%j', (_, step, property, message) => {
    expect(() => compileStep(step)).toThrow(expect.objectContaining({ property, message }) as InvalidStep);
    expect(() => compileStep(step)).toThrow(InvalidStep);
  });
});

it('what no step touches comes back byte for byte, whatever type BSON has for it', () => {
  const untouched = {
    long: Long.fromString('9007199254740993'),
    five: Long.fromNumber(5),
    decimal: Decimal128.fromString('1.10'),
    date: new Date(0),
    binary: new Binary(Buffer.from([1, 2]), 4),
    id: new ObjectId('0123456789abcdef01234567'),
    pattern: /a/i,
    nothing: null,
    inner: { deep: [Long.fromNumber(1), { x: Decimal128.fromString('0.0') }] },
  };
  const content = Buffer.from(serialize({ a: 1, ...untouched, l: [{ b: 1, keep: Long.fromNumber(7) }] }));
  const tree = new BsonDocument(content);
  compileStep(rename('a', 'renamed'))(tree);
  compileStep(rename('l[].b', 'l[].c'))(tree);
  compileStep(byDefault('inner.new', '1'))(tree);
  expect(tree.toBson()).toEqual(
    Buffer.from(
      serialize({
        renamed: 1,
        ...untouched,
        inner: { ...untouched.inner, new: 1 },
        l: [{ c: 1, keep: Long.fromNumber(7) }],
      }),
    ),
  );
  expect(deserialize(tree.toBson(), { promoteValues: false })['long']).toEqual(untouched.long);
});
