/** What a room that has long work to do says of it; the runner does the rest. */
import type { JobFinding, JobRecord } from '../storage/jobs';

export interface JobContext {
  /** Aborts when the work is to stop: the job is cancelled, the server stops, or another one has the job. */
  readonly signal: AbortSignal;
  /** How far it is, in events or whatever the job counts; told to those who watch before long. */
  progress(done: number, total: number): void;
  /** Something that stands against the job. Kept with the next checkpoint or the end. */
  find(finding: JobFinding): void;
  /**
   * Saves where whoever takes the job over goes on, as plain data: everything before it need not be done
   * again, and what comes after it may be.
   * @throws what ended the work, when `signal` has aborted; so a loop that saves regularly needs no other check.
   */
  checkpoint(state: object): Promise<void>;
}

export interface JobKind {
  readonly kind: string;
  /**
   * Works from `job.checkpoint` on. Returns how it ended, in words.
   * @throws JobFailed when it cannot succeed. Anything else is a trouble, and it is called again from the last checkpoint.
   */
  run(job: JobRecord, context: JobContext): Promise<string>;
  /** Undoes what a cancelled job leaves behind; tried until it succeeds, by whichever server. */
  cancelled?(job: JobRecord): Promise<void>;
}

/** The job has come to an end that is no success; its message says why, and trying again would not change it. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed';
}
