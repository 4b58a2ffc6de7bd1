import fc from 'fast-check';
import { AnnalsError } from './annals-error';
import { LIMITS } from './limits';
import { addressKey, checkName, WELL_KNOWN_SEQUENCES } from './names';

const FIRST = 'abcdefghijklmnopqrstuvwxyz0123456789';
const isFine = (name: string): boolean =>
  name.length >= 1 &&
  name.length <= LIMITS.nameLength &&
  FIRST.includes(name.charAt(0)) &&
  Array.from(name).every((character) => `${FIRST}-`.includes(character));

const likely = fc.string({ unit: fc.constantFrom(...Array.from(`${FIRST}-A_./\nü`)), maxLength: 30 });
const fine = likely.filter(isFine);

it('a name passes exactly when it is within the rule', () => {
  fc.assert(
    fc.property(fc.oneof(likely, fine, fc.string()), (name) => {
      if (isFine(name)) expect(checkName(name, 'store')).toBe(name);
      else expect(() => checkName(name, 'store')).toThrow(AnnalsError);
    }),
  );
  for (const name of WELL_KNOWN_SEQUENCES) expect(checkName(name, 'sequence')).toBe(name);
});

it('the refusal names the field, the limit and the length, and repeats no endless name', () => {
  try {
    checkName('X'.repeat(10_000), 'sequence.store');
    throw new Error('it passed');
  } catch (error) {
    expect(error).toMatchObject({
      code: 'INVALID_NAME',
      field: 'sequence.store',
      metadata: { limit: '24', actual: '10000' },
    });
    expect((error as Error).message.length).toBeLessThan(300);
  }
});

it('different addresses have different keys', () => {
  const address = fc.record({ store: fine, namespace: fine, sequence: fine });
  fc.assert(
    fc.property(address, address, (a, b) => {
      const same = a.store === b.store && a.namespace === b.namespace && a.sequence === b.sequence;
      expect(addressKey(a) === addressKey(b)).toBe(same);
    }),
  );
});
