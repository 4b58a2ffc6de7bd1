import { AnnalsError } from '../kernel/annals-error';
import {
  checkConstraint,
  isSameConstraint,
  resolveGenerations,
  type ConstraintDefinition,
  type UniqueValue,
} from './definition';

const rule: UniqueValue = {
  kind: 'unique-value',
  types: [{ type: 'user.registered', properties: ['email'], generation: 0 }],
  scope: { kind: 'sequence' },
  ignoreCase: true,
  releasedBy: [],
  holder: 'event',
};
const valid: ConstraintDefinition = { name: 'unique-email', sequence: '', rule };
const withRule = (change: Partial<UniqueValue>): ConstraintDefinition => ({ ...valid, rule: { ...rule, ...change } });
const claiming = (change: object): ConstraintDefinition =>
  withRule({ types: [{ type: 't', properties: ['p'], generation: 1, ...change }] });
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);

function fault(definition: ConstraintDefinition): { code: string; field: string | undefined } | undefined {
  try {
    checkConstraint(definition);
  } catch (error) {
    if (error instanceof AnnalsError) return { code: error.code, field: error.field };
    throw error;
  }
  return undefined;
}

it('a definition of its form is taken, with its defaults', () => {
  expect(checkConstraint(valid)).toEqual({ ...valid, sequence: 'event-log' });
  const counting: ConstraintDefinition = {
    name: 'one',
    sequence: 'outbox',
    rule: { kind: 'unique-event-type', type: 't', releasedBy: [] },
  };
  expect(checkConstraint(counting)).toEqual(counting);
});

it.each<[string, ConstraintDefinition, string]>([
  ['an empty name', { ...valid, name: '' }, 'constraint.name'],
  ['a name with a capital', { ...valid, name: 'Email' }, 'constraint.name'],
  ['a name with a slash, which would run into a key', { ...valid, name: 'a/b' }, 'constraint.name'],
  ['a name of 64 characters', { ...valid, name: 'x'.repeat(64) }, 'constraint.name'],
  ['the sequence on which the server alone records', { ...valid, sequence: 'system' }, 'constraint.sequence'],
  ['no type', withRule({ types: [] }), 'constraint.unique_value.types'],
  [
    '65 types',
    withRule({ types: many(65).map((type) => ({ type, properties: ['p'], generation: 1 })) }),
    'constraint.unique_value.types',
  ],
  ['a type without a name', claiming({ type: '' }), 'constraint.unique_value.types[0].type'],
  ['a type of 201 characters', claiming({ type: 'x'.repeat(201) }), 'constraint.unique_value.types[0].type'],
  ["a type of the server's own", claiming({ type: '$t' }), 'constraint.unique_value.types[0].type'],
  [
    'a type twice',
    withRule({ types: [1, 2].map((generation) => ({ type: 't', properties: ['p'], generation })) }),
    'constraint.unique_value.types[1].type',
  ],
  ['no property', claiming({ properties: [] }), 'constraint.unique_value.types[0].properties'],
  ['nine properties', claiming({ properties: many(9) }), 'constraint.unique_value.types[0].properties'],
  ['a property twice', claiming({ properties: ['p', 'p'] }), 'constraint.unique_value.types[0].properties[1]'],
  ['an empty path', claiming({ properties: [''] }), 'constraint.unique_value.types[0].properties[0]'],
  ['a path with an empty name', claiming({ properties: ['a..b'] }), 'constraint.unique_value.types[0].properties[0]'],
  ['a path with a NUL', claiming({ properties: ['a\0b'] }), 'constraint.unique_value.types[0].properties[0]'],
  [
    'a path of 201 characters',
    claiming({ properties: ['x'.repeat(201)] }),
    'constraint.unique_value.types[0].properties[0]',
  ],
  [
    'a generation that no type can have',
    claiming({ generation: 1_000 }),
    'constraint.unique_value.types[0].generation',
  ],
  [
    'types whose values could never be equal',
    withRule({
      types: [
        { type: 't', properties: ['p'], generation: 1 },
        { type: 'u', properties: ['p', 'q'], generation: 1 },
      ],
    }),
    'constraint.unique_value.types[1].properties',
  ],
  [
    'a scope over no property',
    withRule({ scope: { kind: 'property', property: '' } }),
    'constraint.unique_value.scope.property',
  ],
  [
    'a source that holds what is unique within it',
    withRule({ scope: { kind: 'event-source' }, holder: 'source' }),
    'constraint.unique_value.holder',
  ],
  ['65 types that release', withRule({ releasedBy: many(65) }), 'constraint.unique_value.released_by'],
  ['a releasing type without a name', withRule({ releasedBy: ['t', ''] }), 'constraint.unique_value.released_by[1]'],
  [
    'no type of which there is to be one',
    { ...valid, rule: { kind: 'unique-event-type', type: '', releasedBy: [] } },
    'constraint.unique_event_type.type',
  ],
])('%s is refused, with the field', (_, definition, field) => {
  expect(fault(definition)).toEqual({ code: 'INVALID_CONSTRAINT', field });
});

it('a sequence whose name is none is refused as any name is', () => {
  expect(fault({ ...valid, sequence: 'No' })).toEqual({ code: 'INVALID_NAME', field: 'constraint.sequence' });
});

it('lists that mean sets are the same in any order; the order of properties is not', () => {
  const types = ['t', 'u'].map((type) => ({ type, properties: ['p', 'q'], generation: 2 }));
  const one = checkConstraint(withRule({ types, releasedBy: ['a', 'b', 'b'] }));
  expect(isSameConstraint(checkConstraint(withRule({ types: types.toReversed(), releasedBy: ['b', 'a'] })), one)).toBe(
    true,
  );
  const turned = types.map((of) => ({ ...of, properties: of.properties.toReversed() }));
  expect(isSameConstraint(checkConstraint(withRule({ types: turned, releasedBy: ['a', 'b'] })), one)).toBe(false);
});

it('who asks for the latest generation asks for the same again when there is a later one', () => {
  const registered = resolveGenerations(checkConstraint(valid), () => 2);
  expect(isSameConstraint(checkConstraint(valid), registered)).toBe(true);
  expect(
    isSameConstraint(
      resolveGenerations(checkConstraint(valid), () => 3),
      registered,
    ),
  ).toBe(false);
});
