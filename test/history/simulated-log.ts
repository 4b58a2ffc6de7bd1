/**
 * A log that keeps every promise, in memory, and clients whose luck is chosen from outside: answers
 * get lost, writes arrive late, calls are sent again. It makes the valid histories that the checker
 * must never object to, and that its tests break in one place at a time.
 */
import {
  EVERYTHING,
  matches,
  sameEvent,
  type Expectation,
  type Filter,
  type HistoryRecord,
  type LogEvent,
  type Outcome,
  type Sent,
  type SentEvent,
} from './history';

/** What becomes of a call: answered; its answer lost; it itself lost; it arrives after the next step; it fails for certain. */
export type Fate = 'answered' | 'answer lost' | 'call lost' | 'late' | 'failed';

export type Step =
  | {
      readonly do: 'append';
      readonly size: number;
      readonly source: number;
      readonly expect: 'nothing' | 'what is there' | 'an older state' | 'no event yet' | 'by tag';
      readonly fate: Fate;
    }
  /** The same events as an earlier call, with no expectation. */
  | { readonly do: 'send again'; readonly which: number; readonly fate: Fate }
  /** An earlier call's events, with one more. */
  | { readonly do: 'send more'; readonly which: number; readonly fate: Fate }
  /** An earlier call's ids, with other content. */
  | { readonly do: 'reuse ids'; readonly which: number; readonly fate: Fate }
  | { readonly do: 'deliver'; readonly subscriber: number; readonly count: number };

export interface Simulated {
  readonly history: HistoryRecord[];
  readonly log: LogEvent[];
}

const SUBSCRIBERS: readonly { readonly from: number; readonly filter: Filter | undefined }[] = [
  { from: 0, filter: undefined },
  { from: 3, filter: undefined },
  { from: 0, filter: { ...EVERYTHING, sources: ['source-0'] } },
];

export const SOURCES = 3;
export const SUBSCRIBER_COUNT = SUBSCRIBERS.length;

export function simulate(steps: readonly Step[]): Simulated {
  const history: HistoryRecord[] = [];
  const log: LogEvent[] = [];
  const calls: Sent[] = [];
  const progress = SUBSCRIBERS.map(({ from }) => from);
  let late: Sent[] = [];
  let ids = 0;

  const newEvent = (source: number): SentEvent => {
    ids += 1;
    return {
      eventId: `e${ids}`,
      type: `t${ids % 2}`,
      source: `source-${source}`,
      tags: [`tag-${ids % 3}`],
      contentHash: `c${ids}`,
    };
  };

  const call = (events: readonly SentEvent[], expectations: readonly Expectation[], fate: Fate) => {
    const opId = `op${calls.length}`;
    const sent: Sent = {
      kind: 'sent',
      client: `client-${calls.length % 2}`,
      opId,
      events,
      expectations,
      at: history.length,
    };
    calls.push(sent);
    history.push(sent);
    const tell = (outcome: Outcome) => history.push({ kind: 'told', opId, outcome, at: history.length });
    if (fate === 'answered') tell(record(log, sent));
    if (fate === 'answer lost') record(log, sent);
    if (fate === 'answer lost' || fate === 'call lost') tell({ is: 'unknown', code: 'OUTCOME_UNKNOWN' });
    if (fate === 'failed') tell({ is: 'failed', code: 'OVERLOADED' });
    if (fate === 'late') late.push(sent);
  };

  for (const step of steps) {
    const due = late;
    late = [];
    if (step.do === 'append') {
      const events = Array.from({ length: step.size }, () => newEvent(step.source));
      call(events, expectationsFor(step.expect, events, log), step.fate);
    } else if (step.do === 'deliver') {
      deliver(step.subscriber, step.count);
    } else {
      const again = calls[step.which % Math.max(1, calls.length)];
      if (again === undefined) continue;
      if (step.do === 'send again') call(again.events, [], step.fate);
      if (step.do === 'send more') call([...again.events, newEvent(0)], [], step.fate);
      if (step.do === 'reuse ids')
        call(
          again.events.map((e) => ({ ...e, contentHash: `other-${e.contentHash}` })),
          [],
          step.fate,
        );
    }
    for (const sent of due) record(log, sent);
  }
  return { history, log };

  function deliver(who: number, count: number): void {
    const { from, filter } = SUBSCRIBERS[who] ?? { from: 0, filter: undefined };
    const events = log
      .filter((e) => e.number >= (progress[who] ?? 0) && matches(filter ?? EVERYTHING, e))
      .slice(0, count)
      .map(({ number, eventId }) => ({ number, eventId }));
    progress[who] = (events.at(-1)?.number ?? (progress[who] ?? 0) - 1) + 1;
    history.push({ kind: 'delivered', subscriber: `subscriber-${who}`, from, filter, events, at: history.length });
  }
}

function expectationsFor(expect: string, events: readonly SentEvent[], log: readonly LogEvent[]): Expectation[] {
  const [first] = events;
  if (first === undefined || expect === 'nothing') return [];
  const filter = expect === 'by tag' ? { ...EVERYTHING, tags: first.tags } : { ...EVERYTHING, sources: [first.source] };
  const seen = log.filter((e) => matches(filter, e)).map((e) => e.number);
  if (expect === 'no event yet') return [{ filter, lastSeen: undefined }];
  return [{ filter, lastSeen: seen.at(expect === 'an older state' ? -2 : -1) }];
}

/** The promises, in the order in which a server looks at them: known ids first, then expectations. */
function record(log: LogEvent[], { events, expectations }: Sent): Outcome {
  const there = events.map((event) => log.find((e) => e.eventId === event.eventId));
  const known = there.filter((event) => event !== undefined);
  if (known.some((k) => !events.some((e) => sameEvent(e, k)))) return { is: 'refused', codes: ['EVENT_ID_REUSED'] };
  const first = there[0]?.number;
  if (first !== undefined && there.every((event, i) => event?.number === first + i)) {
    return { is: 'appended', first, last: first + events.length - 1, duplicate: true };
  }
  if (known.length > 0) return { is: 'refused', codes: ['PARTIAL_DUPLICATE'] };
  const conflict = expectations.some(({ filter, lastSeen }) =>
    log.some((e) => e.number > (lastSeen ?? -1) && matches(filter, e)),
  );
  if (conflict) return { is: 'refused', codes: ['CONCURRENCY_CONFLICT'] };
  const start = log.length;
  log.push(...events.map((event, i) => ({ ...event, number: start + i })));
  return { is: 'appended', first: start, last: log.length - 1, duplicate: false };
}
