/** Expressions in migrations: what they can say, what they may not, and that they end. */
import { Decimal128, deserialize, Long, serialize } from 'bson';
import { BsonType } from '../kernel/content/bson-types';
import { LIMITS } from '../kernel/limits';
import { BsonDocument } from './bson-tree';
import { CannotCast } from './cannot-cast';
import { compileExpression } from './expression';

const CONTENT = {
  count: 3,
  price: 1.5,
  big: Long.fromString('9007199254740993'),
  exact: Decimal128.fromString('1.10'),
  name: ' Ada Lovelace ',
  none: null,
  at: new Date('2020-03-01T23:30:00.500Z'),
  tags: ['a', 'b'],
  lines: [
    { id: 1, price: 1.5, quantity: 2 },
    { id: 2, price: 2.5, quantity: 4 },
  ],
};

/** What an expression gives for content, or why it gives nothing. */
function evaluate(expression: string, content: object = CONTENT): unknown {
  const compiled = compileExpression(expression);
  if (typeof compiled === 'string') throw new Error(compiled);
  const result = new BsonDocument();
  try {
    result.set('value', compiled(new BsonDocument(Buffer.from(serialize(content)))));
  } catch (error) {
    if (error instanceof CannotCast) return error.message;
    throw error;
  }
  return deserialize(result.toBson())['value'];
}

describe('an expression gives the value', () => {
  it.each([
    ['content.count + 1', 4],
    ['double(content.count) * content.price', 4.5],
    ['content.count > 2 ? "many" : "few"', 'many'],
    ['content.name.trim().lowerAscii()', 'ada lovelace'],
    ['content.name.trim().split(" ")', ['Ada', 'Lovelace']],
    ['content.tags.join("-") + "!"', 'a-b!'],
    ['content.name.replace("a", "oo")', ' Adoo Lovelooce '],
    ['content.tags + ["c"]', ['a', 'b', 'c']],
    ['content.lines.map(line, line.price * double(line.quantity))', [3, 10]],
    ['content.lines.filter(line, line.quantity > 2).map(line, line.id)', [2]],
    ['content.lines.map(line, line.quantity > 2, line.id)', [2]],
    ['content.lines.exists(line, line.price > 2.0)', true],
    ['content.lines.all(line, line.price > 2.0)', false],
    ['content.lines.exists_one(line, line.id == 1)', true],
    [
      'content.lines.map(line, content.tags.map(tag, tag + string(line.id)))',
      [
        ['a1', 'b1'],
        ['a2', 'b2'],
      ],
    ],
    ['{"first": content.tags[0], "n": size(content.tags)}', { first: 'a', n: 2 }],
    ['timestamp("2020-01-01T00:00:00Z")', new Date('2020-01-01T00:00:00Z')],
    ['content.at + duration("1h")', new Date('2020-03-02T00:30:00.500Z')],
    ['null', null],
    ['type(content.count) == int', true],
    ['content.none == null', true],
    ['"none" in content', true],
    ['"absent" in content', false],
  ])('%s', (expression, value) => expect(evaluate(expression)).toEqual(value));
});

describe('a property that is there and null', () => {
  it.each([
    ['has(content.none)', true],
    ['has(content.absent)', false],
    ['has(content.at) && has(content.count)', true],
    ['content.lines.all(line, has(line.id))', true],
  ])('is told from one that is not: %s', (expression, value) => expect(evaluate(expression)).toBe(value));
});

it('the parts of a moment are those of UTC or of an offset, in whatever zone the server is', () => {
  expect(evaluate('[content.at.getHours(), content.at.getHours("+01:00"), content.at.getDate("+01:00")]')).toEqual([
    23, 0, 2,
  ]);
  expect(evaluate('[content.at.getFullYear(), content.at.getMonth(), content.at.getDayOfMonth()]')).toEqual([
    2020, 2, 0,
  ]);
  expect(evaluate('[content.at.getDayOfYear(), content.at.getDayOfWeek(), content.at.getMilliseconds()]')).toEqual([
    60, 0, 500,
  ]);
  expect(evaluate('content.at.getHours("Europe/London")')).toBe(
    'the expression fails: a time zone is "UTC" or an offset such as "+02:00"',
  );
});

it('what is handed on untouched keeps every type of BSON', () => {
  const document = {
    big: Long.fromString('9007199254740993'),
    exact: Decimal128.fromString('1.10'),
    five: Long.fromNumber(5),
  };
  const compiled = compileExpression('content.inner');
  if (typeof compiled === 'string') throw new Error(compiled);
  const content = new BsonDocument(Buffer.from(serialize({ inner: document })));
  const value = compiled(content);
  const bytes = Buffer.alloc(value.size);
  value.write(bytes, 0);
  expect(bytes).toEqual(Buffer.from(serialize(document)));
});

it('what it computes is an int32 where it fits, or else an int64', () => {
  const typeOf = (expression: string): number | undefined => {
    const compiled = compileExpression(expression);
    return typeof compiled === 'string' ? undefined : compiled(new BsonDocument(Buffer.from(serialize(CONTENT)))).type;
  };
  expect(typeOf('2147483647')).toBe(BsonType.INT32);
  expect(typeOf('2147483647 + 1')).toBe(BsonType.INT64);
  expect(typeOf('content.big - content.big')).toBe(BsonType.INT32);
});

describe('what goes wrong is the reason that content cannot be cast', () => {
  it.each([
    ['content.count / 0', 'divide by zero'],
    ['content.count % 0', 'modulus by zero'],
    ['1.0 / 0.0', 'Infinity'],
    ['0.0 / 0.0', 'NaN'],
    ['content.absent', 'field not found: absent'],
    ['content.absent.deeper', 'field not found: absent'],
    ['content.tags[7]', 'out of bounds'],
    ['content.name + 1', 'no matching overload'],
    ['content.exact', 'a decimal, which expressions do not know'],
    ['9223372036854775807 + 1', 'overflow'],
    ['18446744073709551615u', 'a whole number of more than 64 bits'],
    ['duration("1h")', 'google.protobuf.Duration, which content does not know'],
    ['type(1)', 'which content does not know'],
    ['{1: 2}', 'a key that is not text'],
    ['int("twelve")', 'fails'],
    [`int("${'9'.repeat(200)}")`, 'text of at most 100 characters'],
    ['content.name.replace("", "x")', 'empty text'],
  ])('%s', (expression, reason) => expect(evaluate(expression)).toContain(reason));
});

describe('what is no expression is refused before it is used', () => {
  it.each([
    ['', 'is not CEL'],
    ['1 +', 'is not CEL'],
    ['content.name.matches("a*")', 'has the function `matches`, which there is not'],
    ['matches(content.name, "a*")', 'has the function `matches`, which there is not'],
    ['shell("rm")', 'has the function `shell`, which there is not'],
    ['process.env', 'knows `content` alone, and not `process`'],
    ['content.lines.map(x, y)', 'knows `content` alone, and not `y`'],
    ['google.protobuf.Timestamp{seconds: 1}', 'makes a message'],
    ['google.protobuf.Struct', 'knows `content` alone'],
    [`1${' + 1'.repeat(300)}`, 'has 1201 characters; the limit is 1000'],
  ])('%s', (expression, problem) => expect(compileExpression(expression)).toContain(problem));
});

describe('an expression ends, and its cost is counted', () => {
  const numbers = { n: Array.from({ length: 20_000 }, (_, i) => i), text: 'a'.repeat(400_000) };

  it.each([
    ['loops in loops', 'content.n.map(x, content.n.map(y, content.n.map(z, x + y + z)))'],
    ['one loop after the other', `content.n${'.map(x, x)'.repeat(90)}`],
    [
      'a loop in which `||` forgives',
      'content.n.exists(x, content.n.exists(y, content.n.exists(z, x / 0 == 1))) || true',
    ],
    ['comparisons of long lists', 'content.n.all(x, content.n == content.n)'],
    [
      'a search for half of a text in it',
      'content.text.contains(content.text.substring(200000) + "b" + content.text.substring(200000))',
    ],
    ['the length of a long text for each', 'content.n.map(x, size(content.text))'],
    ['text that doubles and doubles', `[1, 2].map(x, ${'content.text + '.repeat(60)}"")`],
  ])('%s', (_, expression) => expect(evaluate(expression, numbers)).toBe('the expression takes too many steps'));

  it('ten thousand elements are not too many', () => {
    const half = { n: numbers.n.slice(0, 10_000) };
    expect(evaluate('content.n.filter(x, x % 2 == 0).map(x, x * 2)', half)).toHaveLength(5_000);
  });

  it('a result that is larger than content can be is refused as soon as it is', () => {
    expect(evaluate('content.n.map(x, content.text)', numbers)).toBe(
      `the expression gives larger than the ${LIMITS.contentBytes} bytes of content`,
    );
  });
});
