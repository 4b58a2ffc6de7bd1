import fc from 'fast-check';
import { outcomeOf, plan, planAgain, type Candidate, type Fate, type Refusal } from './plan';

const cause = { code: 'HOP_LIMIT', reason: 'too far' };
const violation = { code: 'SCHEMA_VIOLATION', message: 'no', field: 'content', sequenceNumber: undefined };

const candidate = (number: number, partition: string, leaveOut?: typeof cause): Candidate => ({
  number,
  partition,
  leaveOut,
});

const batches = fc
  .array(
    fc.record({ partition: fc.constantFrom('a', 'b', 'c', 'd'), out: fc.boolean(), gap: fc.nat(3), broken: fc.nat(5) }),
    { maxLength: 40 },
  )
  .map((events) => {
    let number = 0;
    return events.map(({ partition, out, gap, broken }) => {
      number += gap + 1;
      return { ...candidate(number, partition, out ? cause : undefined), broken: broken === 0 };
    });
  });
const heldSets = fc.subarray(['a', 'b', 'c', 'd']).map((names) => new Set(names));

type Trial = readonly (Candidate & { readonly broken: boolean })[];

/** Sends until the target takes what is left; it tells of one refusal at a time, or of all at once. */
function settle(batch: Trial, held: ReadonlySet<string>, oneByOne: boolean): Fate[] {
  let fates = plan(batch, held);
  for (;;) {
    const refused: Refusal[] = outcomeOf(batch, fates)
      .sent.filter((index) => batch[index]?.broken)
      .map((index) => ({ index, verdict: { violations: [violation] } }));
    if (refused.length === 0) return fates;
    fates = planAgain(batch, fates, oneByOne ? refused.slice(0, 1) : refused);
  }
}

it('every event of a batch is sent, held or left out, and is counted once', () => {
  fc.assert(
    fc.property(batches, heldSets, fc.boolean(), (batch, held, oneByOne) => {
      const { sent, newHolds, heldMore, skipped } = outcomeOf(batch, settle(batch, held, oneByOne));
      const waiting = [...newHolds.map(({ events }) => events), ...heldMore.values()].reduce((a, b) => a + b, 0);
      expect(sent.length + waiting + skipped.length).toBe(batch.length);
    }),
  );
});

it('a partition is sent up to its first refused event, and nothing after it', () => {
  fc.assert(
    fc.property(batches, heldSets, fc.boolean(), (batch, held, oneByOne) => {
      const fates = settle(batch, held, oneByOne);
      const { newHolds } = outcomeOf(batch, fates);
      for (const partition of ['a', 'b', 'c', 'd']) {
        const of = batch
          .map((event, i) => ({ event, fate: fates[i] }))
          .filter(({ event }) => event.partition === partition);
        const firstBroken = held.has(partition)
          ? 0
          : of.findIndex(({ event }) => event.broken && event.leaveOut === undefined);
        const open = firstBroken === -1 ? of : of.slice(0, firstBroken);
        expect(open.map(({ fate }) => fate?.kind)).toEqual(
          open.map(({ event }) => (event.leaveOut === undefined ? 'send' : 'skipped')),
        );
        expect(of.slice(open.length).every(({ fate }) => fate?.kind === 'held')).toBe(true);
        const hold = newHolds.find((one) => one.partition === partition);
        expect(hold?.from).toBe(held.has(partition) ? undefined : of[open.length]?.event.number);
        expect(hold?.events).toBe(
          held.has(partition) || of.length === open.length ? undefined : of.length - open.length,
        );
      }
    }),
  );
});

it('what one partition meets changes nothing for another', () => {
  fc.assert(
    fc.property(batches, heldSets, (batch, held) => {
      const fates = settle(batch, held, false);
      const alone = batch.filter(({ partition }) => partition === 'a');
      const fatesAlone = settle(alone, held, false);
      expect(fates.filter((_, i) => batch[i]?.partition === 'a')).toEqual(fatesAlone);
    }),
  );
});

it('an event that turns out not to be for the target holds nothing', () => {
  const batch = [candidate(1, 'a'), candidate(2, 'a')];
  const fates = planAgain(batch, plan(batch, new Set()), [{ index: 0, verdict: { cause } }]);
  expect(outcomeOf(batch, fates)).toEqual({
    sent: [1],
    newHolds: [],
    heldMore: new Map(),
    skipped: [{ number: 1, cause }],
  });
});

it('an event that is to be left out waits with its partition, since its turn has not come', () => {
  const batch = [candidate(1, 'a'), candidate(2, 'a', cause)];
  const fates = planAgain(batch, plan(batch, new Set()), [{ index: 0, verdict: { violations: [violation] } }]);
  expect(outcomeOf(batch, fates).newHolds).toEqual([{ partition: 'a', from: 1, violations: [violation], events: 2 }]);
});
