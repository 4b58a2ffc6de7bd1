/** The numbers of ordered sequences that a person tuning a server would look for, each with its unit and reason. */

export const ORDERED_SEQUENCES = {
  /** Steps that a processor has at a time unless it asks for another number: enough to hide the way there and back. */
  credits: 100,

  /** Steps that a processor may ask for at most: each is held in memory until it is answered. */
  maxCredits: 10_000,

  /** Event types that one processor takes. */
  typesPerProcessor: 256,

  /** Event types that processors of a namespace have ever registered for: each is kept for ever. */
  typesKnown: 10_000,

  /** How long a processor may take for a step that has no timeout of its own, in ms, unless it asks for another time. */
  answerDeadlineMs: 30_000,

  /** The shortest and the longest such time that a processor may ask for, in ms. */
  shortestDeadlineMs: 100,
  longestDeadlineMs: 86_400_000,

  /** Characters of what went wrong with a step that are kept. */
  failureTextLength: 8_000,

  /** How often either side of a processor's stream says that it is there, in ms. */
  heartbeatMs: 5_000,

  /** Heartbeats that a processor may miss before its steps go to others. */
  missedHeartbeats: 3,

  /** How long one record on the log is waited for, in ms; then it is looked up and decided again. */
  recordMs: 10_000,

  /** First and longest pause before something that the database or an event sequence did not take is tried again, in ms. */
  retryFirstMs: 100,
  retryLongestMs: 5_000,

  /** Events of a log that are looked at at once. */
  followEvents: 1_000,

  /** How often it is written up to where the event sequences have been followed, in ms: what is looked at again after a crash. */
  followWriteMs: 1_000,

  /** Ids of events that are looked up at once. */
  lookUpIds: 1_000,

  /** Events whose numbers are looked through at once for what came before a step waited for it. */
  lookBackEvents: 5_000,

  /** Questions about a number to observers that are open at the same time. */
  observerQuestions: 32,

  /** Bytes of one message of an audit or a watch, beyond its last entry or sequence. */
  messageBytes: 1_048_576,

  /** Entries in one message of an audit. */
  auditEntries: 500,

  /** How often changes are told to who watches, in ms. */
  watchMs: 100,

  /** Sequences in one message to who watches. */
  watchSequences: 100,

  /** Sequences that a watch reads at once when it begins: hundreds may begin at the same time, and each holds that many. */
  watchPage: 25,

  /** Sequences whose change a watch has not told yet, beyond which it ends: whoever reads so slowly begins anew, and costs no memory. */
  watchBehind: 20_000,
} as const;
