import { UsageError } from '../exit-codes';
import { constraintOf, saysConstraint } from './constraint-options';

test('a unique value', () => {
  expect(
    constraintOf({
      name: 'order-numbers',
      unique: ['order.placed:number', 'urn:shop:imported:shop.id, ref'],
      scope: 'property:shop',
      ignoreCase: true,
      releasedBy: ['order.cancelled'],
      heldBy: 'source',
    }),
  ).toEqual({
    name: 'order-numbers',
    uniqueValue: {
      types: [
        { type: 'order.placed', properties: ['number'] },
        { type: 'urn:shop:imported', properties: ['shop.id', 'ref'] },
      ],
      scope: { property: 'shop' },
      ignoreCase: true,
      releasedBy: ['order.cancelled'],
      holder: 'source',
    },
  });
  expect(constraintOf({ name: 'a', sequence: 's', unique: ['t:p'], scope: 'source' })).toEqual({
    name: 'a',
    sequence: 's',
    uniqueValue: {
      types: [{ type: 't', properties: ['p'] }],
      scope: 'source',
      ignoreCase: false,
      releasedBy: [],
      holder: 'event',
    },
  });
});

test('a unique event type', () => {
  expect(constraintOf({ name: 'a', oncePerSource: 'opened', releasedBy: ['closed'] })).toEqual({
    name: 'a',
    uniqueEventType: { type: 'opened', releasedBy: ['closed'] },
  });
});

test.each([
  [{ unique: ['t:p'] }],
  [{ name: 'a' }],
  [{ name: 'a', unique: ['t:p'], oncePerSource: 't' }],
  [{ name: 'a', unique: ['t'] }],
  [{ name: 'a', unique: ['t:'] }],
  [{ name: 'a', unique: [':p'] }],
  [{ name: 'a', unique: ['t:p,,q'] }],
  [{ name: 'a', unique: ['t:p'], scope: 'shop' }],
  [{ name: 'a', unique: ['t:p'], heldBy: 'me' }],
  [{ name: 'a', oncePerSource: 't', scope: 'source' }],
  [{ name: 'a', oncePerSource: 't', ignoreCase: true }],
])('%j is no constraint, and says what to do', (options) => {
  expect(() => constraintOf(options)).toThrow(UsageError);
});

test('options that say no constraint leave it to a file', () => {
  expect(saysConstraint({})).toBe(false);
  expect(saysConstraint({ name: 'a' })).toBe(true);
});
