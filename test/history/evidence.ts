/**
 * A history and its log, indexed once for all rules. Calls that sent exactly the same events are
 * attempts of one append, whichever client made them: that is what an idempotency key means.
 */
import {
  matches,
  sameEvent,
  type Delivered,
  type Filter,
  type HistoryRecord,
  type LogEvent,
  type Outcome,
  type Sent,
} from './history';

/** One call and its answer. A call that was never answered has the outcome unknown. */
export interface Attempt {
  readonly sent: Sent;
  readonly outcome: Outcome;
  /** Where in the history it was sent. */
  readonly sentIndex: number;
}

/** All calls that sent the same events. */
export interface Append {
  readonly events: Sent['events'];
  readonly attempts: readonly Attempt[];
  /** The number of its first event, when all of them stand in the log, in order and in one piece. */
  readonly place: number | undefined;
}

export interface Evidence {
  readonly history: readonly HistoryRecord[];
  /** As it was read back, in that order. */
  readonly log: readonly LogEvent[];
  readonly appends: readonly Append[];
  readonly deliveries: readonly Delivered[];
  /** Where an event id stands in the log; more than once only in a broken one. */
  readonly found: (eventId: string) => readonly LogEvent[];
  readonly at: (number: number) => LogEvent | undefined;
  /** The lowest event that matches, with a number above `above` and below `below`. */
  readonly firstMatch: (filter: Filter, above: number, below: number) => LogEvent | undefined;
  /** The appends that sent an event of this id. */
  readonly sentBy: (eventId: string) => readonly Append[];
}

const NEVER_ANSWERED: Outcome = { is: 'unknown', code: 'NEVER_ANSWERED' };

export function gatherEvidence(history: readonly HistoryRecord[], log: readonly LogEvent[]): Evidence {
  const byNumber = new Map(log.map((event) => [event.number, event]));
  const byId = groupBy(log, (event) => [event.eventId]);
  const outcomes = new Map(history.flatMap((r) => (r.kind === 'told' ? [[r.opId, r.outcome] as const] : [])));
  const attempts = history.flatMap((sent, sentIndex) =>
    sent.kind === 'sent' ? [{ sent, sentIndex, outcome: outcomes.get(sent.opId) ?? NEVER_ANSWERED }] : [],
  );
  const appends = [...groupBy(attempts, (a) => [JSON.stringify(a.sent.events)]).values()].map((same): Append => {
    const events = same[0]?.sent.events ?? [];
    return { events, attempts: same, place: placeOf(events, byId, byNumber) };
  });
  const sentBy = groupBy(appends, (append) => append.events.map((e) => e.eventId));
  return {
    history,
    log,
    appends,
    deliveries: history.filter((r): r is Delivered => r.kind === 'delivered'),
    found: (eventId) => byId.get(eventId) ?? [],
    at: (number) => byNumber.get(number),
    firstMatch: firstMatchIn(log),
    sentBy: (eventId) => sentBy.get(eventId) ?? [],
  };
}

function placeOf(
  events: Sent['events'],
  byId: ReadonlyMap<string, readonly LogEvent[]>,
  byNumber: ReadonlyMap<number, LogEvent>,
): number | undefined {
  const [first] = events;
  const starts = first === undefined ? [] : (byId.get(first.eventId) ?? []);
  return starts
    .map((event) => event.number)
    .find((start) =>
      events.every((event, i) => {
        const there = byNumber.get(start + i);
        return there !== undefined && sameEvent(there, event);
      }),
    );
}

/** By source where a filter names one, since most do and a long log is mostly about something else. */
function firstMatchIn(log: readonly LogEvent[]): Evidence['firstMatch'] {
  const byNumber = [...log].sort((a, b) => a.number - b.number);
  const bySource = groupBy(byNumber, (event) => [event.source]);
  return (filter, above, below) => {
    const [source, ...more] = filter.sources;
    const some = source === undefined || more.length > 0 ? byNumber : (bySource.get(source) ?? []);
    for (let i = firstAbove(some, above); i < some.length; i += 1) {
      const event = some[i];
      if (event === undefined || event.number >= below) return undefined;
      if (matches(filter, event)) return event;
    }
    return undefined;
  };
}

/** The index of the first event with a number above this one. */
function firstAbove(events: readonly LogEvent[], above: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.number ?? 0) > above) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether this answer leaves it open that the append was recorded. */
export const mayBeRecorded = ({ outcome }: Attempt): boolean => outcome.is === 'appended' || outcome.is === 'unknown';

function groupBy<T>(items: readonly T[], keys: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keys(item)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  }
  return groups;
}
