import type { ConstraintDefinition__Output } from '../../contract/generated/annals/v1/ConstraintDefinition';
import { messageCodec } from '../../contract/services';
import { eventType } from '../event-types/event-type';
import type { JobInfo } from '../jobs/job-info';
import { constraint } from './constraint';
import { ConstraintRefusedError } from './constraints';
import { constraintDefinition, wireConstraint, type ConstraintDefinition } from './definition';

const orderPlaced = eventType('order.placed').generation(1, {});

test('a unique value in words', () => {
  const numbers = constraint('order-numbers')
    .unique(orderPlaced, 'shop', 'number')
    .and('order.imported', 'ref.number')
    .within('region')
    .ignoringCase()
    .releasedBy('order.cancelled', orderPlaced)
    .heldBySource();
  expect(numbers.definition).toEqual({
    name: 'order-numbers',
    uniqueValue: {
      types: [
        { type: 'order.placed', properties: ['shop', 'number'], generation: 1 },
        { type: 'order.imported', properties: ['ref.number'] },
      ],
      scope: { property: 'region' },
      ignoreCase: true,
      releasedBy: ['order.cancelled', 'order.placed'],
      holder: 'source',
    },
  });
});

test('each word leaves the constraint before as it was', () => {
  const plain = constraint('a').unique('t', 'p');
  plain.withinSource().ignoringCase();
  expect(plain.definition).toEqual({ name: 'a', uniqueValue: { types: [{ type: 't', properties: ['p'] }] } });
});

test('a unique event type in words', () => {
  const opening = constraint('one-opening', { sequence: 'accounts' }).oncePerSource('opened').releasedBy('closed');
  expect(opening.definition).toEqual({
    name: 'one-opening',
    sequence: 'accounts',
    uniqueEventType: { type: 'opened', releasedBy: ['closed'] },
  });
});

const codec = messageCodec<ConstraintDefinition__Output>('ConstraintDefinition');
const overTheWire = (definition: ConstraintDefinition): ConstraintDefinition =>
  constraintDefinition(codec.decode(codec.encode(wireConstraint(definition))));

test.each([
  constraint('a', { sequence: 's' }).unique('t', 'p').withinSource().ignoringCase().releasedBy('r').heldBySource(),
  constraint('a', { sequence: 's' }).unique('t', 'p').within('q').releasedBy('r'),
  constraint('a', { sequence: 's' }).unique('t', 'p').and('u', 'v', 'w'),
  constraint('a', { sequence: 's' }).oncePerSource('t').releasedBy('r'),
])('a definition comes back from the wire, with what was left out said', ({ definition }) => {
  const back = overTheWire(definition);
  expect(back).toMatchObject(definition.uniqueValue === undefined ? definition : { ...definition, uniqueValue: {} });
  expect(overTheWire(back)).toEqual(back);
});

test.each([
  ['no rule', { name: 'a' }, 'constraint.rule'],
  ['two rules', { name: 'a', uniqueValue: { types: [] }, uniqueEventType: { type: 't' } }, 'constraint.rule'],
  ['no name', { uniqueValue: { types: [] } }, 'constraint.name'],
  ['no types', { name: 'a', uniqueValue: {} }, 'constraint.unique_value.types'],
  [
    'properties that are no list',
    { name: 'a', uniqueValue: { types: [{ type: 't', properties: 'p' }] } },
    'constraint.unique_value.types[0].properties',
  ],
  ['an unknown holder', { name: 'a', uniqueValue: { types: [], holder: 'me' } }, 'constraint.unique_value.holder'],
  ['an unknown scope', { name: 'a', uniqueValue: { types: [], scope: 'shop' } }, 'constraint.unique_value.scope'],
])('%s is refused, naming the place', (_, definition, field) => {
  // Not what the type says: that is the point.
  expect(() => wireConstraint(definition as unknown as ConstraintDefinition)).toThrow(
    expect.objectContaining({ code: 'INVALID_FIELD', field }),
  );
});

test('a constraint that does not hold says which events break it, those of all namespaces', () => {
  const job = (id: string, messages: readonly string[]): JobInfo => ({
    id,
    kind: 'activate-constraint',
    store: 'default',
    namespace: 'default',
    subject: 'a',
    state: 'failed',
    done: 9,
    total: 9,
    started: undefined,
    ended: undefined,
    timeLeftMs: undefined,
    message: 'it does not hold',
    findings: messages.map((message, n) => ({
      message,
      namespace: 'default',
      sequence: 'event-log',
      sequenceNumbers: [n, n + 1],
    })),
  });
  const error = new ConstraintRefusedError('a', [job('1', ['x', 'y']), job('2', ['z', 'u', 'v', 'w'])]);
  expect(error).toMatchObject({ code: 'CONSTRAINT_REFUSED', constraint: 'a', metadata: { jobs: '1,2' } });
  expect(error.findings).toHaveLength(6);
  expect(error.message).toBe('What is recorded breaks the constraint a: x; y; z; u; v; and 1 more');
});
