/** What must hold of the log of any ordered sequence: turns, attempts, and who caused what. Each says what does not hold. */
import type { Document } from 'mongodb';
import type { Folded } from './sequence-fold';

type Ended = 'processed' | 'failed' | 'passed';

/** After them there is nothing more. */
const LAST = ['SequenceCompleted', 'RollbackCompleted'];

/** Nothing begins out of its turn, past a failed required step, or after the end; unless a person wants it. */
export function orderFaults({ document, steps, entries }: Folded): string[] {
  const faults: string[] = [];
  const goesPast = document['continue_past_failure'] === true;
  const ended = new Map<number, Ended>();
  /** Attempts that are under way: another processor may take one over. */
  const open = new Set<number>();
  let closed = '';
  const stands = (place: number) => ended.get(place) === 'failed' && steps[place]?.required === true && !goesPast;
  for (const { type, says, number } of entries) {
    if (LAST.includes(closed)) faults.push(`${type} ${number} comes after ${closed}`);
    if (type === 'SequenceResolved') {
      if (resolvedSteps(says, [...ended.keys()].filter(stands), ended, open)) closed = '';
    } else if (LAST.includes(type) || type === 'SequenceFailed') closed = type;
    const place: number = says['step'] ?? -1;
    const step = steps[place];
    if (step === undefined || !['StepStarted', 'StepProcessed', 'StepFailed'].includes(type)) continue;
    const what = `${type} ${number} of step ${place}`;
    if (ended.has(place)) faults.push(`${what} comes after it has ${ended.get(place)}`);
    steps.forEach(({ order }, other) => {
      const done = ended.has(other) && !stands(other);
      if (order < step.order && !done) faults.push(`${what} comes before step ${other} is done`);
      if (type === 'StepStarted' && stands(other) && !open.has(place))
        faults.push(`${what} goes past failed step ${other}`);
    });
    if (type === 'StepStarted') {
      if (closed !== '') faults.push(`${what} comes after ${closed}`);
      open.add(place);
      continue;
    }
    open.delete(place);
    if (type === 'StepProcessed') ended.set(place, 'processed');
    else if (says['retryAt'] === null) ended.set(place, 'failed');
  }
  return faults;
}

/** What an act of a person makes of steps. Whether it was about any. */
function resolvedSteps(
  says: Document,
  standing: readonly number[],
  ended: Map<number, Ended>,
  open: Set<number>,
): boolean {
  const { action, step, entry } = says;
  if (entry !== null || !['retry', 'skip', 'complete', 'fail'].includes(action)) return false;
  if (action === 'fail' && step === null) return false;
  for (const place of step === null ? standing : [step as number]) {
    open.delete(place);
    if (action === 'retry') ended.delete(place);
    else ended.set(place, action === 'complete' ? 'processed' : action === 'skip' ? 'passed' : 'failed');
  }
  return true;
}

/** Attempts are 1, 2, 3 …; one may be begun again by another processor, and a person's retry counts anew. */
export function attemptFaults({ steps, entries }: Folded): string[] {
  return steps.flatMap((_, place) => {
    let attempt = 0;
    let open = false;
    return entries
      .filter(({ says }) => says['step'] === place || says['step'] === null)
      .flatMap(({ type, says, number }) => {
        if (type === 'SequenceResolved' && says['action'] === 'retry') [attempt, open] = [0, false];
        if (!['StepStarted', 'StepProcessed', 'StepFailed'].includes(type)) return [];
        // What its event alone makes done is never started.
        const wanted = open ? attempt : attempt + 1;
        [attempt, open] = [says['attempt'], type === 'StepStarted'];
        return attempt === wanted
          ? []
          : [`${type} ${number} is of attempt ${attempt} of step ${place}, not of ${wanted}`];
      });
  });
}

/** Each entry has its sequence's correlation, and the event that it is about as its cause. */
export function causeFaults(id: string, { document, steps, entries }: Folded): string[] {
  const { correlationId, causationId } = document['metadata'];
  let failed: string | undefined;
  return entries.flatMap(({ number, type, says, ...entry }, i) => {
    const step = steps[says['step'] ?? -1]?.eventId;
    if (type === 'SequenceFailed') failed = step;
    const rollback = /^Rollback|^Compensation/.test(type);
    const cause = type === 'SequenceCreated' ? causationId : rollback ? failed : step;
    const by = type === 'SequenceResolved' ? says['who'] : 'annals';
    const what = `entry ${number} (${type})`;
    return [
      ...(entry.correlationId === correlationId ? [] : [`${what} has correlation ${entry.correlationId}`]),
      ...(cause === undefined || entry.causationId === cause
        ? []
        : [`${what} has cause ${entry.causationId}, not ${cause}`]),
      ...(entry.causedBy === by ? [] : [`${what} was caused by ${entry.causedBy}, not ${by}`]),
      ...(i > 0 && type === 'SequenceCreated' ? [`it begins again at ${number}`] : []),
      ...(i === 0 && entry.eventId !== `created/${id}` ? [`it was created under ${entry.eventId}`] : []),
    ];
  });
}
