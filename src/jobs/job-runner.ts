/**
 * Runs jobs: takes those that nobody runs, a few at a time, under a lease. A job whose server died is
 * taken over from its last checkpoint, by whichever server sees first that the lease has run out.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AnnalsError } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import type { JobRecord, JobStore, NewJob } from '../storage/jobs';
import type { Leases } from '../storage/leases';
import type { JobKind } from './job-kind';
import { JobRun, leaseName } from './job-run';
import { JOBS } from './tuning';

export interface JobRunnerOptions {
  readonly store: JobStore;
  readonly leases: Leases;
  readonly logger: Logger;
}

export class JobRunner {
  readonly #kinds = new Map<string, JobKind>();
  readonly #runs = new Map<string, JobRun>();
  #looking: Promise<void> | undefined;
  #stopping = false;

  constructor(private readonly options: JobRunnerOptions) {}

  /** From here on this server runs jobs of this kind. */
  add(kind: JobKind): void {
    this.#kinds.set(kind.kind, kind);
  }

  /** Makes a job; some server runs it before long. */
  async start(job: NewJob): Promise<JobRecord> {
    const record = await this.options.store.create(newId(), job);
    this.#lookSoon();
    return record;
  }

  /** The jobs of a store, the newest first. */
  async list(store: string): Promise<JobRecord[]> {
    return this.options.store.list(store);
  }

  /** @throws AnnalsError UNKNOWN_JOB */
  async get(id: string): Promise<JobRecord> {
    const job = await this.options.store.find(id);
    if (job === undefined) throw unknownJob(id);
    return job;
  }

  /** The job at once and again whenever it changes, until it has ended. @throws AnnalsError UNKNOWN_JOB */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<JobRecord> {
    let told = '';
    while (!signal.aborted) {
      const job = await this.get(id);
      const news = JSON.stringify({ ...job, checkpoint: undefined });
      if (news !== told) yield job;
      told = news;
      if (job.ended !== undefined) return;
      await pause(JOBS.watchMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Ends a job where it stands. Its server may be slow to stop, or dead; then the job ends after the answer.
   * @throws AnnalsError UNKNOWN_JOB
   */
  async cancel(id: string): Promise<JobRecord> {
    if ((await this.options.store.cancel(id)) === undefined) throw unknownJob(id);
    this.#runs.get(id)?.cancel();
    this.#lookSoon();
    const deadline = performance.now() + JOBS.cancelWaitMs;
    for (;;) {
      const job = await this.get(id);
      if (job.ended !== undefined || performance.now() >= deadline) return job;
      await pause(JOBS.watchMs);
    }
  }

  /** Takes jobs that nobody runs. Called regularly. Calls at the same time share one look. */
  async look(): Promise<void> {
    this.#looking ??= this.#take().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Removes jobs that ended long ago. Called regularly. */
  async tidy(): Promise<void> {
    const removed = await this.options.store.removeEnded(new Date(Date.now() - JOBS.keptMs));
    await this.options.leases.remove(removed.map(leaseName));
  }

  /** Takes no more jobs, and leaves those that run to others. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#looking?.catch(() => undefined);
    const stopped = Promise.all([...this.#runs.values()].map(async (run) => run.stop()));
    const patience = new AbortController();
    await Promise.race([stopped, pause(JOBS.stopWaitMs, undefined, { signal: patience.signal })]);
    patience.abort();
  }

  #lookSoon(): void {
    // A look that is under way may have begun before there was this job.
    const looked = (this.#looking ?? Promise.resolve()).catch(() => undefined).then(async () => this.look());
    looked.catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'jobs could not be looked for, trying again');
    });
  }

  async #take(): Promise<void> {
    if (this.#stopping) return;
    for (const job of await this.options.store.open()) {
      const kind = this.#kinds.get(job.kind);
      if (kind === undefined || this.#runs.has(job.id)) continue;
      // One that is to end does no work that others would have to wait for.
      if (this.#runs.size >= JOBS.atOnce && !job.cancelling) continue;
      await this.#takeOne(job.id, kind);
    }
  }

  async #takeOne(id: string, kind: JobKind): Promise<void> {
    const { store, leases, logger } = this.options;
    const acquired = await leases.acquire(leaseName(id));
    if (acquired.kind === 'elsewhere') return;
    const { epoch } = acquired;
    const job = await store.take(id, epoch);
    if (job === undefined || this.#stopping) {
      await leases.release(leaseName(id), epoch);
      return;
    }
    logger.info({ job: id, kind: job.kind, takenOver: job.checkpoint !== undefined }, 'a job is run here');
    const run = new JobRun({ job, epoch, kind, store, leases, logger });
    this.#runs.set(id, run);
    void run.ended.then(() => {
      this.#runs.delete(id);
      // There is room for another.
      if (!this.#stopping) this.#lookSoon();
    });
  }
}

const unknownJob = (id: string): AnnalsError =>
  new AnnalsError('UNKNOWN_JOB', `there is no job ${JSON.stringify(id)}`, { field: 'id' });
