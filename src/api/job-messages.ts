/** A job on the wire. */
import type { Job } from '../contract/generated/annals/v1/Job';
import type { JobState } from '../contract/generated/annals/v1/JobState';
import { durationOf } from '../contract/seconds-and-nanos';
import type { JobRecord } from '../storage/jobs';

const STATE = {
  waiting: 'JOB_STATE_WAITING',
  running: 'JOB_STATE_RUNNING',
  succeeded: 'JOB_STATE_SUCCEEDED',
  failed: 'JOB_STATE_FAILED',
  cancelled: 'JOB_STATE_CANCELLED',
} as const satisfies Record<JobRecord['state'], JobState>;

const timeOf = (date: Date | undefined) => (date === undefined ? null : durationOf(date.getTime()));

/** @param now ms since 1970. */
export function jobMessage(job: JobRecord, now: number): Job {
  const { id, kind, store, namespace, subject, done, total, message } = job;
  const left = timeLeft(job, now);
  return {
    id,
    kind,
    store,
    namespace,
    subject,
    state: STATE[job.state],
    done,
    total,
    started: timeOf(job.started),
    ended: timeOf(job.ended),
    timeLeft: left === undefined ? null : durationOf(left),
    message,
    findings: job.findings.map(({ sequenceNumbers, ...rest }) => ({ ...rest, sequenceNumbers: [...sequenceNumbers] })),
  };
}

/** About how long it takes on, in whole ms, if it goes on as it did so far. */
function timeLeft({ state, started, done, total }: JobRecord, now: number): number | undefined {
  if (state !== 'running' || started === undefined || done === 0 || total < done) return undefined;
  return Math.max(0, Math.round(((now - started.getTime()) * (total - done)) / done));
}
