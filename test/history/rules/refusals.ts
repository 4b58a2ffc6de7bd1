/** What a "no" promises: nothing was recorded, now or later, and a rule that refused had its reason. */
import { BEFORE_ALL, sameEvent, type Sent } from '../history';
import { mayBeRecorded, type Attempt, type Evidence } from '../evidence';
import type { Objection } from '../objection';

/** An append that was refused, or that failed for certain, is not in the log, unless another call put the same events there. */
export function whatWasDeniedIsAbsent(evidence: Evidence): Objection[] {
  return evidence.appends.flatMap(({ attempts }) =>
    attempts.flatMap((attempt): Objection[] => {
      const { sent, outcome } = attempt;
      if (outcome.is !== 'refused' && outcome.is !== 'failed') return [];
      const there = sent.events
        .flatMap((event) => evidence.found(event.eventId).filter((e) => sameEvent(e, event)))
        .find((event) => !isExplained(event.eventId, attempt, evidence));
      if (there === undefined) return [];
      const rule = outcome.is === 'refused' ? 'a-refused-append-is-absent' : 'a-failed-append-is-absent';
      const answer = outcome.is === 'refused' ? `refused (${outcome.codes.join(', ')})` : `told ${outcome.code}`;
      const sentence = `${sent.opId} was ${answer}, and yet ${there.eventId} stands at ${there.number}.`;
      return [{ rule, sentence, opId: sent.opId, eventId: there.eventId, number: there.number }];
    }),
  );
}

const isExplained = (eventId: string, denied: Attempt, { sentBy }: Evidence): boolean =>
  sentBy(eventId).some((append) => append.attempts.some((attempt) => attempt !== denied && mayBeRecorded(attempt)));

/**
 * What a refusal names must be seen in the log. The log only grows, so the event that stood against
 * the append is still there; a refusal because of something that was never recorded is a lie.
 */
export function aRefusalHasAReason(evidence: Evidence): Objection[] {
  return evidence.appends.flatMap(({ attempts }) =>
    attempts.flatMap(({ sent, outcome }): Objection[] => {
      if (outcome.is !== 'refused') return [];
      const unfounded = outcome.codes.filter((code) => REASONS[code]?.(sent, evidence) === false);
      return unfounded.map((code) => ({
        rule: 'a-refusal-has-a-reason',
        sentence: `${sent.opId} was refused with ${code}, and nothing in the log stands against it.`,
        opId: sent.opId,
      }));
    }),
  );
}

const REASONS: Readonly<Record<string, (sent: Sent, evidence: Evidence) => boolean>> = {
  CONCURRENCY_CONFLICT: ({ expectations }, { firstMatch }) =>
    expectations.some(({ filter, lastSeen = BEFORE_ALL }) => firstMatch(filter, lastSeen, Infinity) !== undefined),
  EVENT_ID_REUSED: ({ events }, { found }) =>
    events.some((event) => found(event.eventId).some((there) => !sameEvent(there, event))),
  PARTIAL_DUPLICATE: ({ events }, { found }) => events.some((event) => found(event.eventId).length > 0),
};
