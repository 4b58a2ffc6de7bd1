import fc from 'fast-check';
import { eventDraft } from '../storage/event-draft.testing';
import { AppendQueue } from './append-queue';
import { PendingAppend } from './pending-append';
import { QueueBudget } from './queue-budget';
import { TUNING } from './tuning';

const ROOM = 1_000;

function pending({ count = 1, bytes = 1, deadline = 0 } = {}): PendingAppend {
  const drafts = Array.from({ length: count }, () => eventDraft());
  const append = { drafts, documents: [], bytes, expectations: [], madeIds: false, violations: [], companions: [] };
  const made = new PendingAppend(append, deadline);
  // Who is not waited for must not end the test.
  made.answer.catch(() => undefined);
  return made;
}

const answer = (one: PendingAppend) => {
  one.recorded(0, 0, false);
};

let budget: QueueBudget;
let queue: AppendQueue;
beforeEach(() => {
  budget = new QueueBudget(ROOM);
  queue = new AppendQueue(budget);
});

it('gives appends out in the order in which they came, those that were put back before the others', () => {
  const [a, b, c, d] = [pending(), pending(), pending(), pending()];
  for (const one of [a, b, c]) expect(queue.push(one)).toBeUndefined();
  const group = queue.take();
  expect(group).toEqual([a, b, c]);
  expect(queue.empty).toBe(true);
  queue.push(d);
  queue.putBack([b, c]);
  expect(queue.take()).toEqual([b, c, d]);
});

it('passes over what has been answered in the meantime', () => {
  const [a, b, c] = [pending(), pending(), pending()];
  for (const one of [a, b, c]) queue.push(one);
  answer(b);
  expect(queue.take()).toEqual([a, c]);
  answer(a);
  queue.putBack([a, c]);
  expect(queue.take()).toEqual([c]);
});

it('knows of each append whether it stands in it', () => {
  const one = pending();
  queue.push(one);
  expect(one.queued).toBe(true);
  queue.take();
  expect(one.queued).toBe(false);
});

describe('its bounds', () => {
  it('one append is taken by an empty queue, however large; another is refused', () => {
    expect(queue.push(pending({ bytes: 10 * TUNING.queueBytes }))).toBeUndefined();
    expect(queue.push(pending())).toMatchObject({ code: 'OVERLOADED' });
  });

  it('are events, bytes, and the bytes of all queues together', () => {
    queue.push(pending({ count: TUNING.queueEvents }));
    expect(queue.push(pending())).toMatchObject({
      code: 'OVERLOADED',
      metadata: { queuedEvents: String(TUNING.queueEvents) },
    });
    const other = new AppendQueue(budget);
    expect(other.push(pending({ bytes: ROOM - 1 }))).toBeUndefined();
    expect(other.push(pending())).toMatchObject({ code: 'OVERLOADED' });
  });
});

it('answers those whose time is up, and lets go of their room', async () => {
  const [late, early] = [pending({ bytes: 400, deadline: 1 }), pending({ bytes: 400, deadline: 2 })];
  for (const one of [late, early]) queue.push(one);
  queue.expire(({ deadline }) => deadline === 1);
  await expect(late.answer).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(budget.fits(ROOM - 400)).toBe(true);
  expect(queue.take()).toEqual([early]);
});

/** What may be done with a queue, in any order. */
const operations = fc.array(
  fc.oneof(
    fc.record({ push: fc.record({ count: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(300) }) }),
    fc.record({ take: fc.constant(true), putBack: fc.nat(3), answered: fc.nat(3) }),
    fc.record({ expire: fc.nat(5) }),
  ),
  { maxLength: 30 },
);

it('gives back all of the room that it took, whatever is done with it, and loses nobody who waits', () => {
  fc.assert(
    fc.property(operations, (list) => {
      budget = new QueueBudget(ROOM);
      queue = new AppendQueue(budget);
      const waiting = new Set<PendingAppend>();
      for (const operation of list) {
        if ('push' in operation) {
          const one = pending(operation.push);
          if (queue.push(one) === undefined) waiting.add(one);
        } else if ('take' in operation) {
          const group = queue.take();
          group.slice(0, operation.answered).forEach(answer);
          queue.putBack(group.slice(operation.putBack));
          for (const one of group.slice(0, operation.putBack)) if (!one.answered) answer(one);
        } else {
          let left = operation.expire;
          queue.expire(() => left-- > 0);
        }
        for (const one of waiting) if (one.answered) waiting.delete(one);
      }
      const left: PendingAppend[] = [];
      while (!queue.empty) left.push(...queue.take());
      expect(left).toEqual([...waiting]);
      expect(budget.fits(ROOM)).toBe(true);
      expect(budget.fits(ROOM + 1)).toBe(false);
    }),
  );
});
