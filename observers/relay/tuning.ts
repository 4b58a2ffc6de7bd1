/** The numbers of the relay that a person tuning a server would look for, each with its unit and reason. */

const MIB = 1024 * 1024;

export const RELAY = {
  /** Events that go into the inbox at once: a transaction of some ten milliseconds. */
  batchEvents: 1_000,

  /** Bytes of the same; an append call takes 16 MiB as documents. */
  batchBytes: 8 * MIB,

  /** Events read ahead while a batch is on its way: enough that the source never waits for the target's commit. */
  aheadEvents: 4_000,

  /** Bytes of the same: all that a link costs in memory beside the batch. */
  aheadBytes: 16 * MIB,

  /** How long one append to the inbox is tried before it counts as refused, in ms. */
  appendMs: 30_000,

  /** How long the source may take to answer a question, in ms. */
  sourceMs: 5_000,

  /** How often the source's last number is asked for, in ms: what lag is told by, and a source that hangs is noticed by. */
  tailMs: 2_000,

  /** How long nothing may come before the checkpoint moves past what did not match, in ms. */
  idleMs: 1_000,

  /** Source numbers that are looked through at once for one that matches: some MiB that the source reads. */
  passOverNumbers: 50_000,

  /** How often what people see of a link is written, in ms. What changes its state is written at once. */
  statusMs: 1_000,

  /** First and longest pause before source or target are tried again, in ms. */
  retryFirstMs: 100,
  retryLongestMs: 5_000,

  /** Held partitions beyond which the link stops: it is not the events that are broken then. */
  maxHeld: 1_000,

  /** Rounds in which a redriven partition catches up beside the others; then they wait for it. */
  redriveRounds: 3,

  /** Source numbers that are left for the last round, in which the others wait: a fraction of a second. */
  redriveGap: 1_000,

  /** Relays that an event may have behind it, unless the link says otherwise: longer than any sensible chain. */
  hopLimit: 8,

  /** Source numbers that a proof looks at at once. */
  proofNumbers: 2_000,

  /** Partitions of which a proof remembers the last place, to see that they are in order. */
  proofPartitions: 200_000,

  /** Ranges in one message of a proof. */
  proofRanges: 500,

  /** How often states are told to who watches, in ms. */
  watchMs: 250,

  /** Over how long the rate is measured, in ms. */
  rateWindowMs: 10_000,
} as const;
