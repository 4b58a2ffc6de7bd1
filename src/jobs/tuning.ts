/** The numbers of jobs that a person tuning a server would look for, each with its unit and reason. */

const DAY_MS = 24 * 60 * 60 * 1_000;

export const JOBS = {
  /** Jobs that one server runs at the same time: each reads and writes as fast as it can. */
  atOnce: 2,

  /** How often jobs that nobody runs are looked for, in ms. */
  lookMs: 1_000,

  /** How long a job's lease holds without a renewal, in ms: then another server takes the job over. */
  leaseMs: 10_000,

  /** How often the lease is renewed, in ms. */
  leaseRenewMs: 2_500,

  /** How often progress is written, in ms, when there is any; a wish to end the job is seen then too. */
  progressMs: 500,

  /** How often a job is looked at for who watches it, in ms. */
  watchMs: 250,

  /** First and longest pause before work that failed is tried again, in ms: 1 s · 2^n. */
  retryFirstMs: 1_000,
  retryLongestMs: 30_000,

  /** Attempts without any progress after which a job fails: about two minutes, longer than most troubles of a database. */
  maxAttempts: 8,

  /** Findings that are kept: a person who has seen so many knows. */
  findings: 100,

  /** How long a call to end a job waits for its end, in ms. */
  cancelWaitMs: 3_000,

  /** How long a stop waits for what jobs have under way, in ms; afterwards their leases run out by themselves. */
  stopWaitMs: 5_000,

  /** How long a job that has ended is kept, in ms. */
  keptMs: 7 * DAY_MS,

  /** How often jobs that ended long ago are removed, in ms. */
  tidyMs: 60 * 60 * 1_000,
} as const;
