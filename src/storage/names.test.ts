import fc from 'fast-check';
import { LIMITS } from '../kernel/limits';
import { WELL_KNOWN_SEQUENCES } from '../kernel/names';
import {
  EVENT_DATABASE_PREFIX,
  namespaceDatabase,
  sequenceCollection,
  sequenceOfCollection,
  storeDatabase,
} from './names';

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');
const name = fc
  .tuple(
    fc.constantFrom(...LETTERS),
    fc.string({ unit: fc.constantFrom(...LETTERS, '-'), maxLength: LIMITS.nameLength - 1 }),
  )
  .map(([first, rest]) => first + rest);
const distinct = fc.uniqueArray(fc.tuple(name, name), {
  minLength: 2,
  maxLength: 2,
  selector: (pair) => pair.join('/'),
});

/** MongoDB's bound for the name of a database, in bytes. */
const DATABASE_NAME_BYTES = 63;

describe('database names', () => {
  it('fit MongoDB, and different stores and namespaces never share one', () => {
    fc.assert(
      fc.property(distinct, ([a, b]) => {
        const names = [a, b].flatMap((pair) => (pair === undefined ? [] : [namespaceDatabase(...pair)]));
        expect(new Set(names).size).toBe(2);
        for (const one of names) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(DATABASE_NAME_BYTES);
      }),
    );
  });

  it("of a store's definitions are not those of a namespace, and all begin in the same way", () => {
    fc.assert(
      fc.property(name, name, name, (store, other, namespace) => {
        expect(storeDatabase(store)).not.toBe(namespaceDatabase(other, namespace));
        expect(storeDatabase(store).startsWith(EVENT_DATABASE_PREFIX)).toBe(true);
        expect(namespaceDatabase(store, namespace).startsWith(EVENT_DATABASE_PREFIX)).toBe(true);
      }),
    );
  });
});

describe('collection names', () => {
  it('lead back to the sequence', () => {
    fc.assert(
      fc.property(name, (sequence) => expect(sequenceOfCollection(sequenceCollection(sequence))).toBe(sequence)),
    );
    for (const sequence of WELL_KNOWN_SEQUENCES) expect(sequenceCollection(sequence)).toBe(sequence);
  });

  it('of custom sequences never meet a collection of another purpose', () => {
    fc.assert(
      fc.property(name, (sequence) => {
        const collection = sequenceCollection(sequence);
        expect((WELL_KNOWN_SEQUENCES as readonly string[]).includes(collection) || collection.includes('+')).toBe(true);
      }),
    );
    expect(sequenceOfCollection('observers')).toBeUndefined();
    expect(sequenceOfCollection('system.views')).toBeUndefined();
  });
});
