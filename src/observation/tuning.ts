/** The numbers of observation that a person tuning a server would look for, each with its unit and reason. */

export const OBSERVATION = {
  /** Events read ahead of the oldest unhandled one: enough to keep every client busy, all that an observer costs in memory. */
  windowEvents: 20_000,

  /** Bytes of the same. */
  windowBytes: 32 * 1024 * 1024,

  /** Events on their way to one client, unacknowledged, unless it asks for another number. */
  credits: 5_000,

  /** Events in one delivery, unless the client asks for another number. */
  deliveryEvents: 1_000,

  /** Bytes of one delivery at most beyond its first event: what a client holds in memory to handle it. */
  deliveryBytes: 512 * 1024,

  /** How long a delivery may be unacknowledged before it counts as failed, in ms, unless the client asks otherwise. */
  acknowledgementDeadlineMs: 30_000,

  /** The shortest and the longest deadline that a client may ask for, in ms. */
  shortestDeadlineMs: 100,
  longestDeadlineMs: 3_600_000,

  /** How often client and server say that they live, in ms. */
  heartbeatMs: 5_000,

  /** Heartbeats that a client may miss before its partitions are handed over. */
  missedHeartbeats: 3,

  /** How long an offset waits to be written, in ms. */
  offsetWriteMs: 1_000,

  /** Events handled after which an offset is written without waiting. */
  offsetWriteEvents: 1_000,

  /** Shortest time between two writes of an offset, in ms, however fast events are handled. */
  offsetWriteLeastMs: 100,

  /** Numbers that did not match after which an offset is written although nothing was handled: so many are looked at again after a crash. */
  unmatchedWriteNumbers: 10_000,

  /** Partitions handled beyond the position that are remembered with it; of others some events come again, flagged. */
  rememberedAhead: 1_000,

  /**
   * Numbers that may be delivered before another write says so. After a crash those below the last
   * write's bound are flagged as redelivery, since nobody knows which had been sent.
   */
  deliveryReserve: 10_000,

  /** First and longest pause before a failed partition is tried again, in ms: 1 s · 2^n. */
  retryFirstMs: 1_000,
  retryLongestMs: 600_000,

  /** Attempts after which a partition is quarantined until a person acts. */
  maxAttempts: 10,

  /** Attempts whose messages and stacks are kept. */
  keptAttempts: 10,

  /** Characters of a failure's message and stack that are kept. */
  failureTextLength: 8_000,

  /** Failed partitions beyond which the observer itself is quarantined: it is not the events that are broken then. */
  maxFailedPartitions: 1_000,

  /** Failed partitions that catch up at the same time. */
  lanes: 16,

  /** Events of a failed partition that are read at once to catch up. */
  laneEvents: 200,

  /** How long a lease holds without a renewal, in ms: longer than an election of a primary usually takes. */
  leaseMs: 10_000,

  /** How often a lease is renewed, in ms. */
  leaseRenewMs: 2_500,

  /** How often observers that nobody needs are looked for, in ms. */
  tidyMs: 1_000,

  /** How often states are told to who watches, in ms. */
  watchMs: 250,

  /** Over how long the rate is measured, in ms. */
  rateWindowMs: 10_000,
} as const;
