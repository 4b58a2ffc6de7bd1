/**
 * Order in time: what anybody knew of before an append was sent stands below it in the log. An
 * acknowledgement or a delivery is such knowledge. Without this a log could hold every promise and
 * still put an effect before its cause.
 */
import type { Append, Evidence } from '../evidence';
import type { Objection } from '../objection';

export function whatWasKnownComesBefore(evidence: Evidence): Objection[] {
  const known = knownBefore(evidence);
  return evidence.appends.flatMap((append): Objection[] => {
    const { place } = append;
    const first = firstSent(append, evidence);
    const before = known[first];
    if (place === undefined || before === undefined || place > before) return [];
    const opId = append.attempts[0]?.sent.opId ?? '';
    const sentence = `${opId} stands at ${place}, but was first sent when number ${before} was known already.`;
    return [{ rule: 'what-was-known-comes-before', sentence, opId, number: place }];
  });
}

/** Since when the append's events may be in the log: another call may have sent some of them before. */
const firstSent = ({ events }: Append, { sentBy }: Evidence): number =>
  Math.min(...events.flatMap((e) => sentBy(e.eventId).flatMap(({ attempts }) => attempts.map((a) => a.sentIndex))));

/** For each record of the history, the highest number that somebody had heard of before it. */
function knownBefore({ history }: Evidence): readonly (number | undefined)[] {
  let highest: number | undefined;
  return history.map((record) => {
    const before = highest;
    for (const number of heard(record)) if (highest === undefined || number > highest) highest = number;
    return before;
  });
}

function heard(record: Evidence['history'][number]): readonly number[] {
  if (record.kind === 'told' && record.outcome.is === 'appended') return [record.outcome.last];
  if (record.kind === 'delivered') return record.events.map((event) => event.number);
  return [];
}
