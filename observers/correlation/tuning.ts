/** The numbers of the projection of causes that a person tuning a server would look for, each with its unit and reason. */

export const CORRELATION = {
  /** Events that are projected at once: some milliseconds of the server's time, so that nothing else waits for long. */
  batchEvents: 4_096,

  /** How long nothing is looked for after everything was projected, in ms: first, and longest when nothing ever comes. Lookups read what is left beside the projection. */
  pauseFirstMs: 250,
  pauseLongestMs: 10_000,

  /** How long after a failure it is tried again, in ms. */
  retryMs: 1_000,

  /** Events that a lookup reads beside the projection; for more of them it waits. */
  besideEvents: 20_000,

  /** How long a lookup waits for the projection, in ms; then its answer says how far behind that is. */
  waitMs: 2_000,

  /** How often it looks meanwhile, in ms. */
  waitLookMs: 20,

  /** How long another server may take to answer one question of a lookup, in ms; then it is a gap in the answer. */
  serverMs: 2_000,

  /** How long it is tried to get a connection to another server, in ms: far longer than one takes anywhere on earth. */
  connectMs: 1_000,

  /** How long a server that was waited for in vain is a gap without being asked, in ms: every lookup would wait again. One that refuses the connection says so at once, and is asked each time. */
  silentMs: 10_000,

  /** Events that are taken from one event sequence at once while a page is made: first, at least where very many sequences are looked at, and how many times more when it goes on. */
  chunkEvents: 256,
  chunkLeastEvents: 32,
  chunkGrowth: 4,

  /** Nodes in one message of an answer. */
  messageNodes: 250,

  /** Ids in one question about what events caused. */
  idsAtOnce: 1_000,

  /** Ordered sequences in one answer. */
  sequences: 1_000,

  /** Servers that may be behind each other, unless the caller says otherwise. */
  hops: 8,

  /** How long the links of the deployment are remembered, in ms: a link that was just made is followed that much later. */
  linksMs: 1_000,

  /** How long a connection to another server is kept after its last use, in ms. */
  connectionMs: 30_000,
} as const;
