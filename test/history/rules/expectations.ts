/**
 * An expectation that won was true where the append stands: no event that matches it lies between
 * what the caller had seen and the append's first event. From this follows that of several appends
 * with the same expectation at most one wins, when their own events match it; that case is named
 * apart, since it is the one that double bookings are made of.
 */
import { BEFORE_ALL, type Expectation } from '../history';
import { mayBeRecorded, type Append, type Attempt, type Evidence } from '../evidence';
import type { Objection } from '../objection';

export function expectationsAreTrueAtTheirPlace(evidence: Evidence): Objection[] {
  return evidence.appends.flatMap((append): Objection[] => {
    if (append.place === undefined) return [];
    const judged = writers(append, evidence).map((attempt) => ({
      attempt,
      broken: firstBroken(attempt, append, evidence),
    }));
    // Of calls that sent the same events it is not known which one wrote: one that may have is enough.
    const [one] = judged;
    if (one?.broken === undefined || judged.some(({ broken }) => broken === undefined)) return [];
    const { opId } = one.attempt.sent;
    const { expectation, against } = one.broken;
    const seen = expectation.lastSeen ?? 'nothing';
    const rival = evidence.sentBy(against.eventId).find((other) => other.attempts.some((a) => expects(a, expectation)));
    const what = `${JSON.stringify(expectation.filter)} after ${seen}`;
    const shared = { opId, number: append.place, eventId: against.eventId };
    return rival === undefined
      ? [
          {
            rule: 'an-expectation-is-true-at-its-place',
            sentence: `${opId} stands at ${append.place} and expected no event matching ${what}, but ${against.eventId} is at ${against.number}.`,
            ...shared,
          },
        ]
      : [
          {
            rule: 'an-expectation-is-won-by-one',
            sentence: `${opId} at ${append.place} and ${rival.attempts[0]?.sent.opId ?? ''} at ${against.number} both won the expectation of no event matching ${what}.`,
            ...shared,
          },
        ];
  });
}

/**
 * The calls that may have recorded the append: the one that was told so, or else all whose answer
 * leaves it open, and then those too whose longer or shorter batch stands at the same place.
 */
function writers(append: Append, { sentBy }: Evidence): readonly Attempt[] {
  const fresh = append.attempts.filter(({ outcome }) => outcome.is === 'appended' && !outcome.duplicate);
  if (fresh.length > 0) return fresh;
  const alike = append.events.slice(0, 1).flatMap((event) => sentBy(event.eventId));
  return alike.filter(({ place }) => place !== undefined).flatMap(({ attempts }) => attempts.filter(mayBeRecorded));
}

function firstBroken({ sent }: Attempt, { place = 0 }: Append, { firstMatch }: Evidence) {
  for (const expectation of sent.expectations) {
    const against = firstMatch(expectation.filter, expectation.lastSeen ?? BEFORE_ALL, place);
    if (against !== undefined) return { expectation, against };
  }
  return undefined;
}

const expects = ({ sent }: Attempt, expectation: Expectation): boolean =>
  sent.expectations.some((other) => JSON.stringify(other) === JSON.stringify(expectation));
