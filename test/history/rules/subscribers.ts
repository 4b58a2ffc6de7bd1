/**
 * A subscriber sees exactly the events after its start that match its filter: in order, each once,
 * none missing between two that it saw, whatever its connections went through. It may be behind.
 */
import { EVERYTHING, matches, type Delivered, type LogEvent } from '../history';
import type { Evidence } from '../evidence';
import type { Objection } from '../objection';

export function aSubscriberSeesAPrefix({ deliveries, log }: Evidence): Objection[] {
  const bySubscriber = new Map<string, Delivered[]>();
  for (const delivery of deliveries) {
    const mine = bySubscriber.get(delivery.subscriber);
    if (mine === undefined) bySubscriber.set(delivery.subscriber, [delivery]);
    else mine.push(delivery);
  }
  return [...bySubscriber].flatMap(([subscriber, mine]) => judge(subscriber, mine, log));
}

function judge(subscriber: string, deliveries: readonly Delivered[], log: readonly LogEvent[]): Objection[] {
  const { from = 0, filter = EVERYTHING } = deliveries[0] ?? {};
  const due = log.filter((event) => event.number >= from && matches(filter, event));
  const seen = deliveries.flatMap((delivery) => delivery.events);
  const wrong = seen.findIndex(({ number, eventId }, i) => due[i]?.number !== number || due[i].eventId !== eventId);
  const got = seen[wrong];
  if (got === undefined) return [];
  const expected = due[wrong];
  const wanted = expected === undefined ? 'nothing more' : `${expected.number} (${expected.eventId})`;
  return [
    {
      rule: 'a-subscriber-sees-a-prefix',
      sentence: `${subscriber} was given ${got.number} (${got.eventId}) as its event ${wrong}, where ${wanted} was due: ${nature(got.number, expected, seen.slice(0, wrong))}.`,
      subscriber,
      eventId: got.eventId,
      number: got.number,
    },
  ];
}

function nature(number: number, due: LogEvent | undefined, before: readonly { readonly number: number }[]): string {
  if (before.some((event) => event.number === number)) return 'a repetition';
  if (due === undefined || number === due.number) return 'not what the log holds';
  return number > due.number ? 'a gap' : 'out of order or not asked for';
}
