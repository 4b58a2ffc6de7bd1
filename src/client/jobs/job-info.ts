import type { Job__Output } from '../../contract/generated/annals/v1/Job';
import type { JobFinding__Output } from '../../contract/generated/annals/v1/JobFinding';
import { dateOf, msOf } from '../../contract/seconds-and-nanos';
import { AnnalsError } from '../../kernel/annals-error';

/** What the server tells of long work, as a program reads it. */

/** `waiting`: for a server to take it. A job survives its server: another one takes it over where it was. */
export type JobState = 'unspecified' | 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface JobInfo {
  readonly id: string;
  /** Such as `write-generations` or `activate-constraint`. */
  readonly kind: string;
  readonly store: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** What it works on: a type or a constraint. Empty: all. */
  readonly subject: string;
  readonly state: JobState;
  /** Events looked at. */
  readonly done: number;
  /** About how many there are. */
  readonly total: number;
  readonly started: Date | undefined;
  readonly ended: Date | undefined;
  /** About how long it takes on, in ms; undefined when it is not known. */
  readonly timeLeftMs: number | undefined;
  /** How it ended, or what troubles it, for a person. */
  readonly message: string;
  /** What stands against it, up to 100; of a constraint the events that break it. */
  readonly findings: readonly JobFinding[];
}

export interface JobFinding {
  readonly message: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumbers: readonly number[];
}

const STATES = {
  JOB_STATE_UNSPECIFIED: 'unspecified',
  JOB_STATE_WAITING: 'waiting',
  JOB_STATE_RUNNING: 'running',
  JOB_STATE_SUCCEEDED: 'succeeded',
  JOB_STATE_FAILED: 'failed',
  JOB_STATE_CANCELLED: 'cancelled',
} as const;

export const jobInfo = (job: Job__Output): JobInfo => ({
  id: job.id,
  kind: job.kind,
  store: job.store,
  namespace: job.namespace === '' ? undefined : job.namespace,
  subject: job.subject,
  state: STATES[job.state],
  done: job.done,
  total: job.total,
  started: dateOf(job.started),
  ended: dateOf(job.ended),
  timeLeftMs: msOf(job.timeLeft),
  message: job.message,
  findings: job.findings.map(jobFinding),
});

const jobFinding = ({ message, namespace, sequence, sequenceNumbers }: JobFinding__Output): JobFinding => ({
  message,
  namespace,
  sequence,
  sequenceNumbers,
});

const ENDED: ReadonlySet<JobState> = new Set<JobState>(['succeeded', 'failed', 'cancelled']);

export const hasEnded = ({ state }: JobInfo): boolean => ENDED.has(state);

/** A job ended without success: it failed, or somebody cancelled it. `job` says what stood against it. */
export class JobFailedError extends AnnalsError {
  readonly job: JobInfo;

  constructor(job: JobInfo) {
    const why = job.message === '' ? '' : `: ${job.message}`;
    super('JOB_FAILED', `The job ${job.id} (${[job.kind, job.subject].join(' ').trimEnd()}) ${job.state}${why}`, {
      metadata: { job: job.id, state: job.state },
    });
    this.job = job;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return AnnalsError[Symbol.hasInstance](value) && 'job' in (value as object);
  }
}
