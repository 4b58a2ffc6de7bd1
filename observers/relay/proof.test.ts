import fc from 'fast-check';
import { OUTCOMES, ProofLedger, type Finding } from './proof';

const finding = (number: number, over: Partial<Finding> = {}): Finding => ({
  number,
  outcome: 'in-inbox',
  inbox: number,
  partition: 'p',
  detail: '',
  ...over,
});

/** The numbers from `first` on, each with an outcome; those that came are in the inbox one after the other. */
const findings = fc
  .tuple(fc.nat(100), fc.array(fc.tuple(fc.constantFrom(...OUTCOMES), fc.constantFrom('', 'why')), { maxLength: 60 }))
  .map(([first, found]) => {
    let inbox = 0;
    return found.map(([outcome, detail], i): Finding => {
      const place = outcome === 'in-inbox' ? (inbox += 1 + (i % 3 === 0 ? 1 : 0)) : undefined;
      return { number: first + i, outcome, inbox: place, partition: 'p', detail: outcome === 'in-inbox' ? '' : detail };
    });
  });

it('every number is in exactly one range, with its outcome and its place', () => {
  fc.assert(
    fc.property(findings, (found) => {
      const ledger = new ProofLedger(found[0]?.number ?? 0);
      const ranges = found.flatMap((one) => {
        ledger.add(one);
        return ledger.ranges();
      });
      const all = [...ranges, ...ledger.ranges(true)];
      const spelled = all.flatMap(({ from, to, outcome, inboxFrom, detail }) =>
        Array.from({ length: to - from + 1 }, (_, i) => ({
          number: from + i,
          outcome,
          inbox: inboxFrom === undefined ? undefined : inboxFrom + i,
          partition: 'p',
          detail,
        })),
      );
      expect(spelled).toEqual(found);
      const { counts } = ledger.result(undefined);
      expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(found.length);
    }),
  );
});

it('a partition in disorder is counted, and disorder between partitions is none', () => {
  const ledger = new ProofLedger(0);
  ledger.add(finding(0, { inbox: 5 }));
  ledger.add(finding(1, { inbox: 4, partition: 'q' }));
  expect(ledger.result(1)).toMatchObject({ outOfOrder: 0, proven: true });
  ledger.add(finding(2, { inbox: 3 }));
  ledger.add(finding(3, { inbox: 6 }));
  expect(ledger.result(3)).toMatchObject({ outOfOrder: 1, proven: false });
});

it.each(['missing', 'conflicting'] as const)('one event that is %s, and nothing is proven', (outcome) => {
  const ledger = new ProofLedger(0);
  ledger.add(finding(0));
  ledger.add(finding(1, { outcome, inbox: undefined }));
  expect(ledger.result(1)).toMatchObject({ proven: false });
});

it.each(['filtered', 'held', 'skipped', 'pending'] as const)('what is %s stands against no proof', (outcome) => {
  const ledger = new ProofLedger(0);
  ledger.add(finding(0, { outcome, inbox: undefined }));
  expect(ledger.result(0)).toMatchObject({ proven: true });
});
