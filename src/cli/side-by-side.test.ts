import { createColors } from 'picocolors';
import { sideBySide, type Column } from './side-by-side';

const colors = createColors(false);
const shown = (contents: readonly Column[], columns = 100, all = false): string[] =>
  sideBySide(contents, { columns, colors, all });

const ORDER: readonly Column[] = [
  { title: 'generation 1', content: { total: 42, customer: { name: 'Ada Lovelace' }, lines: [{ price: 1 }] } },
  { title: 'generation 2', content: { amount: 42, customer: { first: 'Ada' }, lines: [{ price: 1 }], tags: [] } },
];

test('a row for each property, with what is absent shown as absent', () => {
  expect(shown(ORDER)).toEqual([
    '                generation 1        generation 2',
    'total           42                  ·',
    'customer.name   "Ada Lovelace"      ·',
    'lines[0].price  1                   1',
    'amount          ·                   42',
    'customer.first  ·                   "Ada"',
    'tags            ·                   []',
  ]);
});

test('one below the other where the terminal is narrow', () => {
  expect(shown(ORDER, 40)).toEqual([
    'generation 1',
    '  total  42',
    '  customer.name  "Ada Lovelace"',
    '  lines[0].price  1',
    'generation 2',
    '  lines[0].price  1',
    '  amount  42',
    '  customer.first  "Ada"',
    '  tags  []',
  ]);
});

test('no line is wider than the terminal, whatever content holds', () => {
  const wide = { title: 'wide', content: { ['p'.repeat(90)]: 'v'.repeat(500), short: 'v'.repeat(500) } };
  for (const columns of [62, 80, 200]) {
    for (const line of shown([wide, { ...wide, title: 'as wide' }], columns)) {
      expect(line.length).toBeLessThanOrEqual(columns);
    }
  }
});

test('a content that is not there says why', () => {
  const columns = [
    ORDER[0]!,
    { title: 'generation 2', content: undefined, note: 'total is no number that can be had' },
  ];
  expect(shown(columns, 70).map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual([
    ' | generation 1 | generation 2',
    ' | total is no number that',
    ' | can be had',
    'total | 42',
    'customer.name | "Ada Lovelace"',
    'lines[0].price | 1',
  ]);
});

test('what differs from the column before is marked', () => {
  const marks = sideBySide(
    [
      { title: 'a', content: { x: 1, y: 1 } },
      { title: 'b', content: { x: 2, y: 1 } },
    ],
    {
      columns: 80,
      colors: { ...createColors(false), yellow: (text) => `<${String(text).trim()}>` },
    },
  );
  expect(marks.filter((line) => line.includes('<'))).toEqual([expect.stringMatching(/^x +1 +<2>$/)]);
});

test('many alike properties are left out unless they are asked for', () => {
  const alike = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`p${n}`, n]));
  const columns = [
    { title: 'a', content: { ...alike, x: 1 } },
    { title: 'b', content: { ...alike, x: 2 } },
  ];
  expect(shown(columns)).toEqual([
    expect.stringContaining('a'),
    expect.stringMatching(/^x/),
    '60 properties alike; --all shows them',
  ]);
  expect(shown(columns, 100, true)).toHaveLength(62);
});

test('what others wrote cannot steer the terminal', () => {
  expect(shown([{ title: 'a', content: { '\u001b[2J': '\u001b[31m' } }]).join('\n')).not.toContain('\u001b');
});
