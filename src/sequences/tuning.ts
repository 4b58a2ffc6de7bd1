/** The numbers of the log that a person tuning a server would look for, each with its unit and reason. */

const KIB = 1024;
const MIB = 1024 * KIB;

export const TUNING = {
  /** Bytes of the newest events that one sequence keeps in memory: some seconds of a busy log. */
  ringBytes: 8 * MIB,

  /** Bytes of the newest events that all sequences keep together; the ones that were quiet longest give up theirs first. */
  allRingsBytes: 24 * MIB,

  /** Events that one sequence's queue holds before more are refused: at 20,000 a second half a second of waiting. */
  queueEvents: 10_000,

  /** Bytes that one sequence's queue holds: four of the largest calls. */
  queueBytes: 64 * MIB,

  /** Bytes that the queues of all sequences hold together, so that many sequences cannot exhaust the server. */
  allQueuesBytes: 128 * MIB,

  /** Bytes of one group commit beyond its first call: MongoDB takes 48 MB in a command. */
  groupBytes: 16 * MIB,

  /** Events of one group commit beyond its first call: enough to be at the database's best rate, few enough for its latency. */
  groupEvents: 2_000,

  /** How long an append may wait for its outcome when the caller gave no deadline, in ms. */
  appendDeadlineMs: 30_000,

  /** How often waiting appends are looked through for those whose time is up, in ms. */
  deadlineSweepMs: 50,

  /** First and longest pause before an attempt with an unknown outcome is repeated, in ms. */
  retryFirstMs: 20,
  retryLongestMs: 1_000,

  /** Longest pause before a group that met another server's open transaction tries again, in ms: about two commits. */
  contentionPauseMs: 4,

  /** How long one turn of the event loop checks content, in ms; then what waits beside it gets its turn. */
  checkTurnMs: 8,

  /** Events of a call up to which it is checked without a look at the time, when nothing is registered that they must fit. */
  checkAtOnceEvents: 64,

  /** Events that one transaction of a redaction takes: each is a document changed, and MongoDB wants transactions short. */
  redactionEvents: 500,

  /** Bytes of stored events that one transaction of a redaction takes beyond its first: the database reads all of them within its time. */
  redactionBytes: 64 * MIB,

  /** Events behind the tail up to which an expectation is checked in memory; beyond, an index query is faster. */
  checkInMemoryEvents: 2_000,

  /** Bytes of events that one message to a reader aims at once the reader has shown that it keeps up: enough to be fast. */
  frameBytes: 512 * KIB,

  /** Bytes that a reader's first messages aim at, and those of one that is slow: all that a reader that does not read costs. */
  firstFrameBytes: 32 * KIB,

  /** How soon a reader must have taken a message to be given larger ones, in ms. */
  quickReaderMs: 100,

  /** Events in one message to a reader at most. */
  frameEvents: 2_000,

  /** Events that one query walks at most when no index leads to what the filter selects, so that progress can be told. */
  scanWindow: 20_000,

  /** How long the next page of a catch-up is kept for a reader that is not ready, in ms; then it is dropped and read again. */
  prefetchKeepMs: 500,

  /** How often a followed sequence is looked at when nothing has been noticed, in ms: the safety net below the notices. */
  pollMs: 1_000,

  /** Sequences kept open: an idle one costs little, but not nothing. */
  openSequences: 1_000,
} as const;
