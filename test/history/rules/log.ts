/** What the log must be by itself, and against all that was ever sent. */
import { sameEvent } from '../history';
import type { Evidence } from '../evidence';
import type { Objection } from '../objection';

/** 0, 1, 2 … in the order in which they are read. */
export function numbersAreContiguous({ log }: Evidence): Objection[] {
  const wrong = log.findIndex((event, i) => event.number !== i);
  const event = log[wrong];
  if (event === undefined) return [];
  return [
    {
      rule: 'numbers-are-contiguous',
      sentence: `Place ${wrong} of the log holds number ${event.number}; the one before is ${log[wrong - 1]?.number ?? 'none'}.`,
      number: event.number,
      eventId: event.eventId,
    },
  ];
}

export function anEventIdIsThereOnce({ log, found }: Evidence): Objection[] {
  return log.flatMap((event) => {
    const [first, ...more] = found(event.eventId);
    if (first !== event || more.length === 0) return [];
    const numbers = [first, ...more].map((e) => e.number).join(', ');
    return [
      {
        rule: 'an-event-id-is-there-once' as const,
        sentence: `Event ${event.eventId} stands in the log more than once: at ${numbers}.`,
        eventId: event.eventId,
        number: event.number,
      },
    ];
  });
}

export function onlyWhatWasSentIsThere({ log, sentBy }: Evidence): Objection[] {
  return log.flatMap((event) => {
    const sent = sentBy(event.eventId).flatMap((append) => append.events);
    if (sent.some((candidate) => sameEvent(candidate, event))) return [];
    const known = sent.some((candidate) => candidate.eventId === event.eventId);
    return [
      {
        rule: 'only-what-was-sent-is-there' as const,
        sentence: known
          ? `Number ${event.number} holds event ${event.eventId} with a type, source, tags or content that nobody sent.`
          : `Number ${event.number} holds event ${event.eventId}, which nobody sent.`,
        eventId: event.eventId,
        number: event.number,
      },
    ];
  });
}
