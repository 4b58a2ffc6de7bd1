/**
 * One job run by this server: keeps its lease, writes its progress, tries again after a trouble, and
 * writes its end. A run that ends without the job's end leaves it to whoever takes it next.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Leases } from '../storage/leases';
import { LostJob, type JobEndState, type JobFinding, type JobRecord, type JobStore } from '../storage/jobs';
import { JobFailed, type JobContext, type JobKind } from './job-kind';
import { JOBS } from './tuning';

/** The lease of whoever runs a job. */
export const leaseName = (id: string): string => `job/${id}`;

/** Why the work was told to stop. */
type Stop = 'cancelled' | 'stopping' | 'lost';

interface End {
  readonly state: JobEndState;
  readonly message: string;
}

export interface JobRunOptions {
  readonly job: JobRecord;
  readonly epoch: number;
  readonly kind: JobKind;
  readonly store: JobStore;
  readonly leases: Leases;
  readonly logger: Logger;
}

export class JobRun {
  readonly #abort = new AbortController();
  readonly #context: JobContext;
  #job: JobRecord;
  #stop: Stop | undefined;
  #progress: { readonly done: number; readonly total: number };
  #written: { readonly done: number; readonly total: number };
  #findings: JobFinding[];
  /** Attempts since the last checkpoint. */
  #attempts = 0;
  readonly #timers: NodeJS.Timeout[];
  /** Settles when this server has nothing to do with the job any more. */
  readonly ended: Promise<void>;

  constructor(private readonly options: JobRunOptions) {
    const { job } = options;
    this.#job = job;
    this.#progress = this.#written = { done: job.done, total: job.total };
    this.#findings = [...job.findings];
    this.#context = {
      signal: this.#abort.signal,
      progress: (done, total) => {
        this.#progress = { done, total };
      },
      find: (finding) => {
        if (this.#findings.length < JOBS.findings) this.#findings.push(finding);
      },
      checkpoint: async (checkpoint) => this.#checkpoint(checkpoint),
    };
    if (job.cancelling) this.#end('cancelled');
    this.#timers = [
      setInterval(() => void this.#renew(), JOBS.leaseRenewMs),
      setInterval(() => void this.#tell(), JOBS.progressMs),
    ];
    this.ended = this.#run();
  }

  /** Somebody wants the job ended. */
  cancel(): void {
    this.#end('cancelled');
  }

  /** Leaves the job to another server, or to this one after its next start. */
  async stop(): Promise<void> {
    this.#end('stopping');
    await this.ended;
  }

  async #run(): Promise<void> {
    const { store, leases, epoch, logger } = this.options;
    const { id, kind } = this.#job;
    try {
      const end = await this.#untilEnd();
      if (end !== undefined) {
        await this.#persistently(async () => {
          await store.end(id, epoch, end.state, { ...this.#progress, message: end.message, findings: this.#findings });
        });
        logger.info({ job: id, kind, ...end }, 'a job has ended');
      }
    } catch (error) {
      logger.warn({ err: error, job: id, kind }, 'a job is left to whoever takes it over');
    } finally {
      for (const timer of this.#timers) clearInterval(timer);
      await leases.release(leaseName(id), epoch).catch((error: unknown) => {
        logger.warn({ err: error, job: id }, 'the lease of a job could not be given up; it runs out');
      });
    }
  }

  /** The job's end; undefined when another is to go on with it. */
  async #untilEnd(): Promise<End | undefined> {
    for (;;) {
      const cancelled = this.#stop === 'cancelled';
      try {
        return await (cancelled ? this.#undo() : this.#work());
      } catch (error) {
        if (error instanceof JobFailed) return { state: 'failed', message: error.message };
        if (this.#left || error instanceof LostJob) return undefined;
        // It was the wish to end it that ended the work.
        const ended = !cancelled && this.#abort.signal.aborted;
        if (!ended && !(await this.#tryAgain(error))) {
          return { state: 'failed', message: `given up after ${this.#attempts} attempts: ${messageOf(error)}` };
        }
      }
    }
  }

  async #work(): Promise<End> {
    this.#abort.signal.throwIfAborted();
    return { state: 'succeeded', message: await this.options.kind.run(this.#job, this.#context) };
  }

  async #undo(): Promise<End> {
    await this.options.kind.cancelled?.(this.#job);
    return { state: 'cancelled', message: 'it was cancelled' };
  }

  /** The job is another server's to go on with. */
  get #left(): boolean {
    return this.#stop === 'stopping' || this.#stop === 'lost';
  }

  /** Waits before the work is tried again; false when it has been tried often enough. */
  async #tryAgain(error: unknown): Promise<boolean> {
    const { store, epoch, logger } = this.options;
    this.#attempts++;
    logger.warn({ err: error, job: this.#job.id, attempts: this.#attempts }, 'a job met with a trouble');
    if (this.#attempts >= JOBS.maxAttempts) return false;
    await store.update(this.#job.id, epoch, { message: messageOf(error) }).catch(() => undefined);
    const wait = Math.min(JOBS.retryLongestMs, JOBS.retryFirstMs * 2 ** (this.#attempts - 1));
    const { signal } = this.#abort;
    await pause(wait, undefined, signal.aborted ? {} : { signal }).catch(() => undefined);
    // Only what was saved counts; what was found since is found again.
    this.#findings = [...this.#job.findings];
    return true;
  }

  async #checkpoint(checkpoint: object): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const { store, epoch } = this.options;
    const saved = { ...this.#progress, checkpoint, findings: [...this.#findings], message: '' };
    const cancelling = await store.update(this.#job.id, epoch, saved);
    this.#job = { ...this.#job, ...saved };
    this.#written = this.#progress;
    this.#attempts = 0;
    if (cancelling) this.#end('cancelled');
    this.#abort.signal.throwIfAborted();
  }

  /** Writes progress, also to see whether somebody wants the job ended. */
  async #tell(): Promise<void> {
    const { store, epoch, logger } = this.options;
    const { done, total } = this.#progress;
    const news = done !== this.#written.done || total !== this.#written.total;
    this.#written = { done, total };
    try {
      if (await store.update(this.#job.id, epoch, news ? { done, total } : {})) this.#end('cancelled');
    } catch (error) {
      this.#trouble(error);
      logger.debug({ err: error, job: this.#job.id }, 'progress of a job could not be written');
    }
  }

  async #renew(): Promise<void> {
    const { leases, epoch, logger } = this.options;
    try {
      if (!(await leases.renew(leaseName(this.#job.id), epoch))) this.#end('lost');
    } catch (error) {
      logger.warn({ err: error, job: this.#job.id }, 'the lease of a job could not be renewed, trying again');
    }
  }

  /** The end of long work is not to be lost to a short trouble. */
  async #persistently(write: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await write();
        return;
      } catch (error) {
        if (error instanceof LostJob || this.#left || attempt >= JOBS.maxAttempts) throw error;
        await pause(JOBS.retryFirstMs);
      }
    }
  }

  #trouble(error: unknown): void {
    if (error instanceof LostJob) this.#end('lost');
  }

  #end(stop: Stop): void {
    // What comes first counts; but a job that is lost is lost.
    if (this.#stop === undefined || stop === 'lost') this.#stop = stop;
    this.#abort.abort(new Error(`the work was told to stop: ${stop}`));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
