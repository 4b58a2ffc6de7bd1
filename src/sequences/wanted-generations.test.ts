import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { typeOf, typesOf } from './stored-event.testing';
import { checkWanted, wantedOf } from './wanted-generations';

const types = typesOf([typeOf('order.placed', 3)]);

const refusal = (wanted: Parameters<typeof checkWanted>[0]): unknown => {
  try {
    checkWanted(wanted, types, 'generations');
    return undefined;
  } catch (error) {
    return error instanceof AnnalsError ? [error.code, error.field, error.metadata] : error;
  }
};

describe('the generations that a reader names', () => {
  it('are those that their types have, or 0 for the latest', () => {
    expect(refusal([{ type: 'order.placed', generation: 3 }])).toBeUndefined();
    expect(refusal([{ type: 'order.placed', generation: 0 }])).toBeUndefined();
    expect(
      refusal([
        { type: 'order.paid', generation: 1 },
        { type: 'order.placed', generation: 4 },
      ]),
    ).toEqual(['UNKNOWN_GENERATION', 'generations[1].generation', { limit: '3', actual: '4' }]);
  });

  it('are any of a type that is not registered', () => {
    expect(refusal([{ type: 'order.paid', generation: 9 }])).toBeUndefined();
    expect(() => {
      checkWanted([{ type: 'order.placed', generation: 9 }], undefined);
    }).not.toThrow();
  });

  it('are one for each type, of so many types', () => {
    expect(
      refusal([
        { type: 'a', generation: 1 },
        { type: 'a', generation: 1 },
      ]),
    ).toEqual(['INVALID_FIELD', 'generations[1].type', {}]);
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ type: `t${i}`, generation: 1 }));
    expect(refusal(many(LIMITS.generationsWanted))).toBeUndefined();
    expect(refusal(many(LIMITS.generationsWanted + 1))).toMatchObject([
      'INVALID_FIELD',
      'generations',
      { limit: '256', actual: '257' },
    ]);
  });

  it('are found by the type’s name; where none is named nothing is looked for', () => {
    expect(wantedOf([])).toBeUndefined();
    expect(wantedOf([{ type: 'a', generation: 0 }])).toBeUndefined();
    const wanted = wantedOf([{ type: 'a', generation: 2 }]);
    expect([wanted?.('a'), wanted?.('b')]).toEqual([2, undefined]);
  });
});
