import fc from 'fast-check';
import { LIMITS } from '../../src/kernel/limits';
import {
  compensationEventId,
  createdEventId,
  definitionEventId,
  idempotencyKey,
  instanceSequenceId,
  placeholderEventId,
} from './derived-ids';

const long = 'x'.repeat(LIMITS.eventIdLength);

/** Ids that are made to be mistaken for derived ones: of slashes, digits, the words in between, and shortened forms. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: LIMITS.eventIdLength }),
  fc
    .array(
      fc.constantFrom(
        '/',
        '0',
        '1',
        'rollback',
        'step',
        'created',
        'sha256-',
        'a',
        '%',
        '%2F',
        '💶',
        long.slice(0, 60),
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join('').slice(0, LIMITS.eventIdLength)),
  fc.constantFrom(long, compensationEventId(long, 0), idempotencyKey(long, 0), createdEventId(long)),
);
const place = fc.nat(999);

describe('Ids that are made of others', () => {
  it('are plain to read while they are short', () => {
    expect(idempotencyKey('seq_1', 2)).toBe('seq_1/2');
    expect(compensationEventId('seq_1', 0)).toBe('seq_1/rollback/0');
    expect(placeholderEventId('seq_1', 1)).toBe('seq_1/step/1');
    expect(createdEventId('seq_1')).toBe('created/seq_1');
    expect(definitionEventId('invoices', '1.2.0')).toBe('definition/invoices/1.2.0');
    expect(instanceSequenceId('invoices', 'inv-7')).toBe('invoices/inv-7');
  });

  it('end in a digest when they would be too long, and still say whose they are', () => {
    const id = compensationEventId(long, 7);
    expect(id).toHaveLength(LIMITS.eventIdLength);
    expect(id).toMatch(/^x+\/rollback\/sha256-[0-9a-f]{64}$/);
    expect(createdEventId(long)).toMatch(/^created-sha256-[0-9a-f]{64}$/);
  });

  it('do not cut a character in two', () => {
    for (const lead of ['', 'x']) {
      const id = compensationEventId(lead + '💶'.repeat(99), 0);
      expect(Buffer.from(id).toString()).toBe(id);
    }
  });

  it('tell a name with a slash from a key with one', () => {
    expect(instanceSequenceId('a/b', 'c')).not.toBe(instanceSequenceId('a', 'b/c'));
    expect(instanceSequenceId('a%2Fb', 'c')).not.toBe(instanceSequenceId('a/b', 'c'));
  });

  it.each([
    ['idempotencyKey', idempotencyKey],
    ['compensationEventId', compensationEventId],
    ['placeholderEventId', placeholderEventId],
  ])('%s is within the limit, and another for another sequence or place', (_, made) => {
    fc.assert(
      fc.property(hostile, place, hostile, place, (a, i, b, j) => {
        expect(made(a, i).length).toBeLessThanOrEqual(LIMITS.eventIdLength);
        expect(made(a, i) === made(b, j)).toBe(a === b && i === j);
      }),
    );
  });

  it('compensating events and placeholders never share one', () => {
    fc.assert(
      fc.property(hostile, place, hostile, place, (a, i, b, j) => {
        expect(compensationEventId(a, i)).not.toBe(placeholderEventId(b, j));
      }),
    );
  });

  it.each([
    ['createdEventId', createdEventId],
    ['the id of an instance', (key: string) => instanceSequenceId('invoices', key)],
    ['the id of an instance by its name', (name: string) => instanceSequenceId(name, 'k')],
  ])('%s is within the limit, and another for another one', (_, made) => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        expect(made(a).length).toBeLessThanOrEqual(LIMITS.eventIdLength);
        expect(made(a) === made(b)).toBe(a === b);
      }),
    );
  });
});
