/**
 * Holds a group of appends against what is committed: what their content broke, what goes along with
 * them, what they expect, and what others claim. Whoever may not go in is answered here.
 */
import type { Db } from 'mongodb';
import type { AppendResponse } from '../contract/messages';
import type { ConstraintKeeper } from '../constraints/constraint-keeper';
import type { AdmittedAppend } from './admission';
import { checkExpectations, HOLD, type Verdict } from './expectations';
import { answerFromKnown, lookUp } from './known-events';
import type { PendingAppend } from './pending-append';
import type { Tail } from './tail';

export interface CheckedPlace {
  readonly db: Db;
  readonly collection: string;
  readonly tail: Tail;
  readonly constraints: ConstraintKeeper;
}

export class GroupCheck {
  constructor(private readonly place: CheckedPlace) {}

  /** Those appends against which no rule stands but what others claim. */
  async holding(group: readonly PendingAppend[]): Promise<readonly PendingAppend[]> {
    const open = group.filter((pending) => !pending.answered);
    if (open.every(({ append }) => isPlain(append))) return open;
    const verdicts = await Promise.all(
      open.map(async (pending) => this.#withClaims(pending, await this.#verdict(pending.append))),
    );
    return this.#answerFailing(open, verdicts);
  }

  /** Those appends that claim nothing that is held. They touch nothing in common. */
  async unclaimed(group: readonly PendingAppend[]): Promise<readonly PendingAppend[]> {
    const claiming = group.filter((pending) => pending.claims !== undefined);
    if (claiming.length === 0) return group;
    const found = await this.place.constraints.check(claiming.flatMap(({ claims }) => claims ?? []));
    const violations = new Map(claiming.map((pending, i) => [pending, found[i] ?? []]));
    const verdicts = group.map((pending): Verdict => {
      const against = violations.get(pending) ?? [];
      return against.length === 0 ? HOLD : { kind: 'violated', violations: against };
    });
    return this.#answerFailing(group, verdicts);
  }

  /** Answers those appends whose event ids are recorded. */
  async answerKnown(appends: readonly PendingAppend[]): Promise<void> {
    const drafts = appends.flatMap((pending) => pending.append.drafts);
    const known = await lookUp(this.place.db, this.place.collection, drafts);
    if (known.size === 0) return;
    for (const pending of appends) {
      const answer = answerFromKnown(pending.append.drafts, known);
      if (answer !== undefined) pending.respond(ownFirstTime(pending, answer));
    }
  }

  async #verdict(append: AdmittedAppend): Promise<Verdict> {
    const { tail, db, collection } = this.place;
    const violations = [...append.violations];
    for (const companion of append.companions) {
      const verdict = await companion.check(tail.next);
      if (verdict.kind === 'failed') return verdict;
      if (verdict.kind === 'violated') return { kind: 'violated', violations: [...violations, ...verdict.violations] };
    }
    const expected = await checkExpectations(append.expectations, tail, db, collection);
    if (expected.kind === 'failed') return expected;
    if (expected.kind === 'violated') violations.push(...expected.violations);
    return violations.length === 0 ? HOLD : { kind: 'violated', violations };
  }

  /** What others claim stands against a refused append too: whoever is refused is told everything at once. */
  async #withClaims(pending: PendingAppend, verdict: Verdict): Promise<Verdict> {
    const { constraints } = this.place;
    if (verdict.kind !== 'violated' || verdict.violations.length === 0) return verdict;
    pending.claimUnder(constraints);
    if (pending.claims === undefined) return verdict;
    const [claimed = []] = await constraints.check([pending.claims]);
    return { kind: 'violated', violations: [...verdict.violations, ...claimed] };
  }

  /** Answers those whose verdict is not to hold. Returns the others. */
  async #answerFailing(
    group: readonly PendingAppend[],
    verdicts: readonly Verdict[],
  ): Promise<readonly PendingAppend[]> {
    const failing = group.filter((_, i) => verdicts[i]?.kind !== 'hold');
    if (failing.length === 0) return group;
    // A repeated append meets its own first time there, and that is a success.
    await this.answerKnown(failing);
    group.forEach((pending, i) => {
      if (!pending.answered) answerVerdict(pending, verdicts[i] as Verdict);
    });
    return group.filter((pending) => !pending.answered);
  }
}

/** Nothing of it needs a look at what is committed. */
const isPlain = ({ expectations, companions, violations }: AdmittedAppend): boolean =>
  expectations.length === 0 && companions.length === 0 && violations.length === 0;

/** What our own attempt recorded, although nobody said so then, is no duplicate to whoever waits for it. */
function ownFirstTime(pending: PendingAppend, answer: AppendResponse): AppendResponse {
  if (!pending.mayHaveLanded || !('appended' in answer)) return answer;
  return { appended: { ...answer.appended, duplicate: answer.appended.recorded !== pending.attempted?.recorded } };
}

function answerVerdict(pending: PendingAppend, verdict: Verdict): void {
  if (verdict.kind === 'violated') pending.respond({ refused: { violations: verdict.violations } });
  if (verdict.kind === 'failed') pending.fail(verdict.error);
}
