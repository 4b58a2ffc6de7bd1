/** What an answer promises about the log: appended means there, for ever, once, and whole. */
import { sameEvent } from '../history';
import type { Append, Evidence } from '../evidence';
import type { Objection } from '../objection';

/** Each acknowledged event stands at the number that the client was told, as the client sent it. */
export function acknowledgedEventsAreThere({ appends, at }: Evidence): Objection[] {
  return appends.flatMap(({ events, attempts }) =>
    attempts.flatMap(({ sent: { opId }, outcome }): Objection[] => {
      if (outcome.is !== 'appended') return [];
      const rule = 'acknowledged-events-are-there';
      const { first, last } = outcome;
      if (last - first + 1 !== events.length) {
        const sentence = `${opId} sent ${events.length} events and was told ${first} to ${last}.`;
        return [{ rule, sentence, opId, number: first }];
      }
      return events.flatMap((event, i): Objection[] => {
        const number = first + i;
        const there = at(number);
        if (there !== undefined && sameEvent(there, event)) return [];
        const instead =
          there === undefined
            ? 'where there is nothing'
            : there.eventId === event.eventId
              ? 'where it stands with another type, source, tags or content'
              : `where ${there.eventId} stands`;
        const sentence = `${opId} was told that ${event.eventId} is at ${number}, ${instead}.`;
        return [{ rule, sentence, opId, eventId: event.eventId, number }];
      });
    }),
  );
}

/** All events of an append are there, in order and in one piece, or none, whatever its caller was told. */
export function aBatchIsWhole(evidence: Evidence): Objection[] {
  return evidence.appends.flatMap((append): Objection[] => {
    if (append.place !== undefined) return [];
    const part = append.events.filter((event) =>
      evidence
        .found(event.eventId)
        .some((there) => sameEvent(there, event) && !isOfAnother(append, event.eventId, evidence)),
    );
    const [event] = part;
    if (event === undefined) return [];
    const opId = append.attempts[0]?.sent.opId ?? '';
    const numbers = part.flatMap((e) => evidence.found(e.eventId).map((there) => there.number)).join(', ');
    const sentence =
      part.length === append.events.length
        ? `The ${part.length} events of ${opId} are not in order and in one piece: they stand at ${numbers}.`
        : `Of the ${append.events.length} events of ${opId} only ${part.length} are there, at ${numbers}.`;
    return [{ rule: 'a-batch-is-whole', sentence, opId, eventId: event.eventId }];
  });
}

/** Another append, which is there whole, sent this id too: the event is that one's. */
const isOfAnother = (append: Append, eventId: string, { sentBy }: Evidence): boolean =>
  sentBy(eventId).some((other) => other !== append && other.place !== undefined);

/** However often the same events are sent, there is one answer to where they are. */
export function aRetryIsToldTheSameNumbers({ appends }: Evidence): Objection[] {
  return appends.flatMap(({ attempts }) => {
    const told = attempts.flatMap(({ sent: { opId }, outcome }) =>
      outcome.is === 'appended' ? [{ opId, outcome }] : [],
    );
    const [one] = told;
    return told.flatMap(({ opId, outcome }): Objection[] =>
      one === undefined || (outcome.first === one.outcome.first && outcome.last === one.outcome.last)
        ? []
        : [
            {
              rule: 'a-retry-is-told-the-same-numbers',
              sentence:
                `${one.opId} was told ${one.outcome.first} to ${one.outcome.last}, ` +
                `and ${opId}, which sent the same events, ${outcome.first} to ${outcome.last}.`,
              opId,
              number: outcome.first,
            },
          ],
    );
  });
}

/** Of all calls that sent the same events at most one recorded them; the others are told `duplicate`. */
export function anAppendIsNewOnce({ appends }: Evidence): Objection[] {
  return appends.flatMap(({ attempts }): Objection[] => {
    const fresh = attempts.filter(({ outcome }) => outcome.is === 'appended' && !outcome.duplicate);
    const [, second] = fresh;
    if (second === undefined) return [];
    const opIds = fresh.map((attempt) => attempt.sent.opId).join(' and ');
    const sentence = `${opIds} sent the same events and were told, each of them, that it recorded them.`;
    return [{ rule: 'an-append-is-new-once', sentence, opId: second.sent.opId }];
  });
}
