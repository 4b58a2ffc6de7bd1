/** How much each measure does in a round, so that a round is long beside the clock and a run short beside a person's patience. */

export interface Sizes {
  /** Rounds in which floor and Annals take turns. */
  readonly rounds: number;
  /** Milliseconds after which a measure begins no further round. */
  readonly patienceMs: number;
  /** Events of one round, appended one after the other: about a millisecond each. */
  readonly serialEvents: number;
  /** Events of one round with many in flight: some 20,000 a second. */
  readonly inFlightEvents: number;
  /** Events of one round in calls of ten: each call is a transaction. */
  readonly callsOf10Events: number;
  /** Events of one round in larger calls. */
  readonly largeCallsEvents: number;
  /** Events of one round of unary calls, which cost several times as much. */
  readonly unaryEvents: number;
  /** Events of the log that is read from zero. */
  readonly logEvents: number;
  /** Events of one round with a kilobyte of content, 64 in flight: each may be stored in three generations. */
  readonly typedEvents: number;
  /** Events of one round with a webhook of twelve kilobytes as content, 64 in flight. */
  readonly webhookEvents: number;
  /** Events of the logs that are read from zero by generation. */
  readonly typedLogEvents: number;
  /** Events that a link brings over in one round. */
  readonly relayEvents: number;
  /** Events of one round of the latency measure. */
  readonly latencyEvents: number;
  /** Steps of one round through processors, of ordered sequences with three each. */
  readonly sagaSteps: number;
  /** Ordered sequences that are active at once. */
  readonly activeSagas: number;
  /** Ordered sequences that are over, in the archives of twelve months. */
  readonly archivedSagas: number;
  /** Questions of each kind to the archives. */
  readonly lookUps: number;
  /** Ordered sequences in the log that projections are made from: each has eleven entries. */
  readonly rebuiltSagas: number;
  /** Batches of each side during which the server's event loop is watched. */
  readonly blockingBatches: number;
  /** Seconds for which events flow past subscribers that do not read. */
  readonly memorySeconds: number;
}

/** Some minutes: for figures to be kept. */
export const FULL: Sizes = {
  rounds: 5,
  patienceMs: 60_000,
  serialEvents: 1_500,
  inFlightEvents: 40_000,
  callsOf10Events: 8_000,
  largeCallsEvents: 60_000,
  unaryEvents: 15_000,
  logEvents: 300_000,
  typedEvents: 15_000,
  webhookEvents: 4_000,
  typedLogEvents: 60_000,
  relayEvents: 60_000,
  latencyEvents: 1_000,
  sagaSteps: 12_000,
  activeSagas: 10_000,
  archivedSagas: 100_000,
  lookUps: 400,
  rebuiltSagas: 10_000,
  blockingBatches: 15,
  memorySeconds: 20,
};

/** Within some minutes: for a look. */
export const QUICK: Sizes = {
  rounds: 2,
  patienceMs: 1_500,
  serialEvents: 300,
  inFlightEvents: 8_000,
  callsOf10Events: 2_000,
  largeCallsEvents: 10_000,
  unaryEvents: 3_000,
  logEvents: 80_000,
  typedEvents: 3_000,
  webhookEvents: 1_000,
  typedLogEvents: 20_000,
  relayEvents: 20_000,
  latencyEvents: 200,
  sagaSteps: 3_000,
  activeSagas: 3_000,
  archivedSagas: 6_000,
  lookUps: 100,
  rebuiltSagas: 1_000,
  blockingBatches: 4,
  memorySeconds: 4,
};
