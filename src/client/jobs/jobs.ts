import type { Observable } from 'rxjs';
import type { Job__Output } from '../../contract/generated/annals/v1/Job';
import { AnnalsError } from '../../kernel/annals-error';
import { CANCEL_JOB, GET_JOB, LIST_JOBS, WATCH_JOB } from '../calls';
import { checkText } from '../field-checks';
import { observe } from '../observable';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { oneByOne, watch } from '../watch';
import { hasEnded, JobFailedError, jobInfo, type JobInfo } from './job-info';

/** Long work of a store: what runs, how far it is, and how it ended. */

export interface JobWaitOptions {
  /** Told the job at once and again whenever it changes. */
  readonly onProgress?: ((job: JobInfo) => void) | undefined;
  /** Ends the waiting, not the job. */
  readonly signal?: AbortSignal | undefined;
}

export class Jobs {
  readonly #session: Session;
  readonly #store: string;

  /** @internal Use `annals.jobs`. */
  constructor(session: Session, store: string) {
    this.#session = session;
    this.#store = store;
  }

  /** The newest first; those that ended more than a week ago are gone. */
  async list(options: CallOptions = {}): Promise<JobInfo[]> {
    return (await this.#session.unary(LIST_JOBS, { store: this.#store }, options)).jobs.map(jobInfo);
  }

  /** Throws UNKNOWN_JOB. */
  async get(id: string, options: CallOptions = {}): Promise<JobInfo> {
    return told((await this.#session.unary(GET_JOB, { id: checkText('id', id) }, options)).job);
  }

  /** The job at once and again whenever it changes, until it has ended. Survives a lost connection. */
  watch(
    id: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<JobInfo, undefined> {
    this.#session.checkOpen();
    const watched = {
      call: WATCH_JOB,
      request: { id: checkText('id', id) },
      stateOf: ({ job }: { readonly job: Job__Output | null }) => told(job),
      isLast: hasEnded,
    };
    return watch(this.#session.connection, watched, signal);
  }

  /** `watch` as an Observable: each subscriber watches by itself. */
  watch$(id: string): Observable<JobInfo> {
    return observe((signal) => oneByOne(this.watch(id, { signal })));
  }

  /** Ends a job where it stands. Returns it as it is then. */
  async cancel(id: string, options: CallOptions = {}): Promise<JobInfo> {
    return told((await this.#session.unary(CANCEL_JOB, { id: checkText('id', id) }, options)).job);
  }

  /**
   * Waits until a job has succeeded.
   *
   * @throws {JobFailedError} it failed or was cancelled: `job` says why
   */
  async done(id: string, { onProgress, signal }: JobWaitOptions = {}): Promise<JobInfo> {
    for await (const job of this.watch(id, { signal })) {
      onProgress?.(job);
      if (job.state === 'succeeded') return job;
      if (hasEnded(job)) throw new JobFailedError(job);
    }
    throw new AnnalsError('CANCELLED');
  }
}

/** A job that a call began. */
export class RunningJob {
  readonly id: string;
  /** As it was when the call was answered. */
  readonly info: JobInfo;
  readonly #jobs: Jobs;

  /** @internal */
  constructor(jobs: Jobs, info: JobInfo) {
    this.#jobs = jobs;
    this.id = info.id;
    this.info = info;
  }

  /** Waits until it has succeeded. Throws JobFailedError when it failed or was cancelled. */
  async done(options: JobWaitOptions = {}): Promise<JobInfo> {
    return this.#jobs.done(this.id, options);
  }

  /** Ends it where it stands. */
  async cancel(options: CallOptions = {}): Promise<JobInfo> {
    return this.#jobs.cancel(this.id, options);
  }
}

function told(job: Job__Output | null): JobInfo {
  if (job === null) throw new AnnalsError('INTERNAL', 'The server told of no job');
  return jobInfo(job);
}
