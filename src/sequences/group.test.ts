import fc from 'fast-check';
import type { Expectation } from '../contract/messages';
import type { EventDraft } from '../storage/event-document';
import { eventDraft } from '../storage/event-draft.testing';
import { HOLD } from './expectations';
import { appendAt, groupSize, prefixOfChanges, prefixWithoutConflict } from './group';
import { matches } from './log-event';
import { PendingAppend } from './pending-append';

const pending = (drafts: readonly EventDraft[], expectations: readonly Expectation[] = [], bytes = 1): PendingAppend =>
  new PendingAppend(
    {
      drafts,
      documents: drafts.map(() => Buffer.alloc(0)),
      bytes,
      expectations,
      madeIds: false,
      violations: [],
      companions: [],
    },
    0,
  );

describe('how many appends make a group', () => {
  const LIMITS = { groupEvents: 10, groupBytes: 1_000 };
  const queue = fc.array(fc.record({ count: fc.integer({ min: 1, max: 15 }), bytes: fc.nat(1_200) }), {
    maxLength: 12,
  });

  it('at least one, as many as fit, and the next one would not', () => {
    fc.assert(
      fc.property(queue, (appends) => {
        const list = appends.map(({ count, bytes }) => pending(Array<EventDraft>(count).fill(eventDraft()), [], bytes));
        const size = groupSize(list, LIMITS);
        const sum = (n: number) => ({
          events: list.slice(0, n).reduce((total, one) => total + one.count, 0),
          bytes: list.slice(0, n).reduce((total, one) => total + one.append.bytes, 0),
        });
        const fits = (n: number) => sum(n).events <= LIMITS.groupEvents && sum(n).bytes <= LIMITS.groupBytes;
        expect(size).toBeGreaterThanOrEqual(Math.min(1, list.length));
        expect(size).toBeLessThanOrEqual(list.length);
        if (size > 1) expect(fits(size)).toBe(true);
        if (size < list.length) expect(fits(size + 1)).toBe(false);
      }),
    );
  });
});

describe('what can be committed together', () => {
  const SOURCES = ['a', 'b'];
  const TAGS = ['x', 'y'];
  const anyDrafts = fc.array(
    fc.record({
      eventId: fc.nat(12).map((i) => `id-${i}`),
      eventSourceId: fc.constantFrom(...SOURCES),
      type: fc.constantFrom('t', 'u'),
      tags: fc.subarray(TAGS),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const anyExpectations = fc.array(
    fc.record({
      filter: fc.record({
        types: fc.subarray(['t', 'u'], { maxLength: 1 }),
        eventSourceIds: fc.subarray(SOURCES, { maxLength: 1 }),
        tags: fc.subarray(TAGS),
        correlationId: fc.constantFrom(undefined, 'c', 'other'),
      }),
      lastSeen: fc.constantFrom(undefined, 3),
    }),
    { maxLength: 2 },
  );
  const groups = fc
    .array(fc.record({ drafts: anyDrafts, expectations: anyExpectations }), { maxLength: 8 })
    .map((appends) =>
      appends.map(({ drafts, expectations }) =>
        pending(
          drafts.map((one) => eventDraft(one)),
          expectations,
        ),
      ),
    );

  /** Whether the later one must not be committed in one step with the earlier one. */
  function conflict(earlier: PendingAppend, later: PendingAppend): boolean {
    const ids = new Set(earlier.append.drafts.map(({ eventId }) => eventId));
    return (
      later.append.drafts.some(({ eventId }) => ids.has(eventId)) ||
      later.append.expectations.some(({ filter }) => earlier.append.drafts.some((one) => matches(filter, one)))
    );
  }

  it('is a prefix in which no append stands against an earlier one, and the longest', () => {
    fc.assert(
      fc.property(groups, (group) => {
        const size = prefixWithoutConflict(group);
        const stands = (i: number) => group.slice(0, i).some((earlier) => conflict(earlier, group[i] as PendingAppend));
        for (let i = 0; i < size; i++) expect(stands(i)).toBe(false);
        if (size < group.length) expect(stands(size)).toBe(true);
        if (group.length > 0) expect(size).toBeGreaterThan(0);
      }),
    );
  });

  it('where a constraint comes into force nothing else is recorded in the same commit', () => {
    const companion = {
      touches: new Set<string>(),
      check: async () => Promise.resolve(HOLD),
      write: async () => undefined,
    };
    const announces = { kind: 'constraint' as const, sequenceNumber: 0, reason: '' };
    const base = pending([eventDraft({ eventId: 'fence', announces })]).append;
    const fence = new PendingAppend({ ...base, companions: [companion] }, 0);
    const [before, after] = [pending([eventDraft({ eventId: '1' })]), pending([eventDraft({ eventId: '2' })])];
    expect(prefixWithoutConflict([before, fence, after])).toBe(1);
    expect(prefixWithoutConflict([fence, after])).toBe(1);
    expect(prefixWithoutConflict([before, after, fence])).toBe(2);
  });

  it('an append is never held up by what it expects of itself', () => {
    const filter = { types: [], eventSourceIds: [], tags: [], correlationId: undefined };
    const alone = pending(
      [eventDraft({ eventId: '1' }), eventDraft({ eventId: '2' })],
      [{ filter, lastSeen: undefined }],
    );
    expect(prefixWithoutConflict([alone])).toBe(1);
    expect(prefixWithoutConflict([alone, pending([eventDraft({ eventId: '3' })])])).toBe(2);
  });
});

it('what changes the same thing as an earlier one waits, and so does what comes after it', () => {
  const changing = (...things: string[]) => {
    const companion = {
      touches: new Set(things),
      check: async () => Promise.resolve(HOLD),
      write: async () => Promise.resolve(),
    };
    return new PendingAppend({ ...pending([eventDraft()]).append, companions: [companion] }, 0);
  };
  const plain = pending([eventDraft()]);
  expect(prefixOfChanges([])).toBe(0);
  expect(prefixOfChanges([plain, plain, changing('a'), changing('b'), plain])).toBe(5);
  expect(prefixOfChanges([changing('a'), plain, changing('b', 'a'), plain])).toBe(2);
});

it('the place of a document leads to the append that it is of', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 }), (counts) => {
      const group = counts.map((count) => pending(Array<EventDraft>(count).fill(eventDraft())));
      const owners = counts.flatMap((count, i) => Array<number>(count).fill(i));
      owners.forEach((owner, at) => expect(appendAt(group, at)).toBe(owner));
      expect(appendAt(group, owners.length)).toBe(group.length);
    }),
  );
});
