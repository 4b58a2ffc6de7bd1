/** The numbers of the projection of ordered sequences, each with its unit and reason. */

const MIB = 1024 * 1024;

export const STORED = {
  /** Sequences that are written in one transaction: some ten milliseconds. */
  batchSequences: 500,

  /** Steps of them: each may be a row. */
  batchSteps: 5_000,

  /** Steps and changes that wait to be written beyond which there is no room for more: some seconds' work. */
  waiting: 50_000,

  /** How long changes gather before they are written while nobody waits for them, in ms: of a step's states most are never written. */
  gatherMs: 100,

  /** First and longest pause before a write is tried again, in ms. */
  retryFirstMs: 100,
  retryLongestMs: 5_000,

  /** How long a stop goes on trying to write, in ms: shorter than what a stop leaves an owner for its last steps. What is not written is read from the log again. */
  stopMs: 1_500,

  /** How long nothing happens before settled ones are archived and a checkpoint without rows is written, in ms. */
  idleMs: 1_000,

  /** Settled ones after which some are archived although there is more to write. */
  settled: 500,

  /** Active sequences of which it is known which steps' rows are up to date, so that only others are written. */
  knownSequences: 20_000,

  /** Bytes of a row; MongoDB's documents end at 16 MiB, and a transaction adds something. */
  rowBytes: 15 * MIB,

  /** Outputs of steps up to which a row is not measured: as BSON each is at most some hundred KB, and the document under one MiB. */
  fewOutputs: 8,

  /** Sequences in one page of a list that does not say how many. */
  page: 100,

  /** Bytes of rows after which a page ends early: what one answer costs in memory. */
  pageBytes: 8 * MIB,
} as const;
