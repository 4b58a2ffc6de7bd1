/**
 * Checks expectations against what is committed. The check is made against the known tail and the
 * insert happens right behind it: if anybody else has recorded in between, the insert clashes and
 * everything is checked again. So a check that passed is exact, without a lock.
 */
import type { Db } from 'mongodb';
import type { Expectation, Violation } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import { findLast } from '../storage/find-events';
import { fromDocument, matches } from './log-event';
import type { Tail } from './tail';
import { TUNING } from './tuning';

export type Verdict =
  | { readonly kind: 'hold' }
  | { readonly kind: 'violated'; readonly violations: readonly Violation[] }
  | { readonly kind: 'failed'; readonly error: AnnalsError };

export const HOLD: Verdict = { kind: 'hold' };

/** Whether all expectations of an append hold. All violations are told at once. */
export async function checkExpectations(
  expectations: readonly Expectation[],
  tail: Tail,
  db: Db,
  collection: string,
): Promise<Verdict> {
  if (expectations.length === 0) return HOLD;
  const ahead = await firstAhead(expectations, tail);
  if (ahead !== undefined) return { kind: 'failed', error: ahead };
  const conflicts = await Promise.all(expectations.map((expectation) => conflictOf(expectation, tail, db, collection)));
  const violations = conflicts.flatMap((number, i) =>
    number === undefined ? [] : [violation(expectations[i] as Expectation, i, number)],
  );
  return violations.length === 0 ? HOLD : { kind: 'violated', violations };
}

/** An expectation of a number that the sequence has not reached. The caller may have seen more than we have, so we look first. */
async function firstAhead(expectations: readonly Expectation[], tail: Tail): Promise<AnnalsError | undefined> {
  const isAhead = ({ lastSeen }: Expectation) => lastSeen !== undefined && lastSeen >= tail.next;
  if (!expectations.some(isAhead)) return undefined;
  await tail.refresh();
  const place = expectations.findIndex(isAhead);
  if (place === -1) return undefined;
  const field = `expectations[${place}].last_seen`;
  const lastSeen = String(expectations[place]?.lastSeen);
  const state = tail.next === 0 ? 'is empty' : `ends at ${tail.next - 1}`;
  return new AnnalsError('EXPECTATION_AHEAD_OF_TAIL', `${field} is ${lastSeen}, but the sequence ${state}`, {
    field,
    metadata: { actual: lastSeen, ...(tail.next === 0 ? {} : { tail: String(tail.next - 1) }) },
  });
}

/** The newest event that matches and that the caller has not seen. */
async function conflictOf(
  { filter, lastSeen }: Expectation,
  tail: Tail,
  db: Db,
  collection: string,
): Promise<number | undefined> {
  const from = lastSeen === undefined ? 0 : lastSeen + 1;
  const { next, ring } = tail;
  if (from >= next) return undefined;
  const kept = ring.first;
  if (kept !== undefined && kept <= from && next - from <= TUNING.checkInMemoryEvents) {
    for (let number = next - 1; number >= from; number--) {
      const event = ring.get(number);
      if (event !== undefined && matches(filter, event)) return number;
    }
    return undefined;
  }
  const found = await findLast(db, collection, [filter], from);
  return found === undefined ? undefined : fromDocument(found).number;
}

function violation({ lastSeen }: Expectation, i: number, number: number): Violation {
  const seen = lastSeen === undefined ? 'none' : `the last at ${lastSeen}`;
  return {
    code: 'CONCURRENCY_CONFLICT',
    message: `expectations[${i}]: the caller has seen ${seen}, and event ${number} matches too`,
    field: `expectations[${i}]`,
    sequenceNumber: number,
  };
}
