import { messageCodec } from '../../contract/services';
import type { EventTypeDefinition__Output } from '../../contract/generated/annals/v1/EventTypeDefinition';
import { definitionOf, wireDefinition, type EventTypeDefinition, type MigrationStep } from './definition';
import { step } from './steps';

const STEPS: readonly MigrationStep[] = [
  step.rename('total', 'amount.value'),
  step.defaultTo('lines[].price', { value: 0, note: null }),
  step.defaultTo('paid', false),
  step.remove('note'),
  step.split('name', ' ', ['first', 'last']),
  step.join(['street', 'city'], ', ', 'address'),
  step.convert('at', 'date'),
  step.convert('n', 'integer'),
  step.expression('double', 'content.n * 2'),
];

const DEFINITION: EventTypeDefinition = {
  type: 'order.placed',
  description: 'A customer has ordered',
  generations: [
    { generation: 1, schema: { type: 'object', properties: { total: { type: 'number' } } } },
    { generation: 2, schema: true },
  ],
  migrations: [
    { from: 1, to: 2, steps: STEPS },
    { from: 2, to: 1, steps: [] },
  ],
};

test('a definition comes back from the wire as it was', () => {
  const codec = messageCodec<EventTypeDefinition__Output>('EventTypeDefinition');
  expect(definitionOf(codec.decode(codec.encode(wireDefinition(DEFINITION, 'types[0]'))))).toEqual(DEFINITION);
});

/** Definitions as a file may hold them, or a program without types. */
const refused: [string, unknown, string][] = [
  ['no object', 'order.placed', 'types[0]'],
  ['no type', { generations: [] }, 'types[0].type'],
  ['no generations', { type: 'a' }, 'types[0].generations'],
  [
    'a generation that is no number',
    { type: 'a', generations: [{ generation: '1', schema: {} }] },
    'types[0].generations[0].generation',
  ],
  ['no schema', { type: 'a', generations: [{ generation: 1 }] }, 'types[0].generations[0].schema'],
  ['a generation that is null', { type: 'a', generations: [null] }, 'types[0].generations[0]'],
  ...(
    [
      ['a step that is null', null, ''],
      ['a step that is none', {}, ''],
      ['two steps in one', { remove: { property: 'a' }, rename: { from: 'a', to: 'b' } }, ''],
      ['an unknown step', { move: { from: 'a', to: 'b' } }, ''],
      ['a step without its members', { rename: null }, '.rename'],
      ['a path that is no text', { rename: { from: 'a', to: 1 } }, '.rename.to'],
      ['paths that are no list', { split: { property: 'a', separator: ' ', into: 'b' } }, '.split.into'],
      ['a default without a value', { default: { property: 'a' } }, '.default.value'],
      ['a conversion to something else', { convert: { property: 'a', to: 'uuid' } }, '.convert.to'],
    ] as const
  ).map(([title, one, at]): [string, unknown, string] => [
    title,
    { type: 'a', generations: [], migrations: [{ from: 1, to: 2, steps: [one] }] },
    `types[0].migrations[0].steps[0]${at}`,
  ]),
];

test.each(refused)('%s is refused, naming the place', (_, definition, field) => {
  // Not what the type says: that is the point.
  expect(() => wireDefinition(definition as EventTypeDefinition, 'types[0]')).toThrow(
    expect.objectContaining({ code: 'INVALID_FIELD', field }),
  );
});
