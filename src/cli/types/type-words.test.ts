import { step, type MigrationStep } from '../../client';
import { migrationWords, schemaWords, stepWords } from './type-words';

test.each<[MigrationStep, string]>([
  [step.rename('total', 'amount'), 'total becomes amount'],
  [step.defaultTo('currency', 'EUR'), 'currency is "EUR" where it is absent'],
  [step.remove('note'), 'note is left out'],
  [step.split('name', ' ', ['first', 'middle', 'last']), 'name is split at " " into first, middle and last'],
  [step.join(['street', 'city'], ', ', 'address'), 'street and city are joined with ", " into address'],
  [step.convert('n', 'integer'), 'n becomes an integer'],
  [step.convert('at', 'date'), 'at becomes a date'],
  [step.expression('double', 'content.n * 2'), 'double is content.n * 2'],
])('%j: %s', (one, words) => {
  expect(stepWords(one)).toBe(words);
});

test('a migration without steps says that nothing changes', () => {
  expect(migrationWords({ from: 1, to: 2, steps: [] })).toEqual(['content stays as it is']);
});

test('the properties of a schema, those inside others too', () => {
  const schema = {
    type: 'object',
    required: ['total', 'customer'],
    properties: {
      total: { type: 'integer' },
      currency: { enum: ['EUR', 'USD'] },
      at: { type: 'string', format: 'date-time' },
      note: { type: ['string', 'null'] },
      customer: { $ref: '#/$defs/person' },
      lines: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
      either: { oneOf: [{ type: 'string' }, { $ref: '#/$defs/person' }] },
      open: true,
    },
    $defs: { person: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
  };
  expect(schemaWords(schema).properties.map(({ path, kind, required }) => [path, kind, required])).toEqual([
    ['total', 'integer', true],
    ['currency', '"EUR" | "USD"', false],
    ['at', 'string (date-time)', false],
    ['note', 'string | null', false],
    ['customer', 'object', true],
    ['customer.name', 'string', true],
    ['lines', 'array of object', false],
    ['lines[].price', 'number', false],
    ['either', 'string | object', false],
    ['open', 'anything', false],
  ]);
});

test('a schema that refers to itself, a huge one, and none end all the same', () => {
  const tree = {
    type: 'object',
    properties: { child: { $ref: '#/$defs/tree' } },
    $defs: {} as Record<string, unknown>,
  };
  tree.$defs['tree'] = tree;
  expect(schemaWords(tree).properties.at(-1)?.path).toBe('child.child.child.child');
  const huge = { properties: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, true])) };
  expect(schemaWords(huge)).toMatchObject({ properties: { length: 24 }, more: 76 });
  expect(schemaWords(true)).toEqual({ properties: [], more: 0 });
});
