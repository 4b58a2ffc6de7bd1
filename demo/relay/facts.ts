/** What the story of the two services found out: what is reported, and what must be so. */
import type { Proof, RecordedEvent } from '../../src/client';
import type { Check } from '../checks';
import type { Activity } from './activity';

export interface RelayStory {
  readonly webhooks: readonly RecordedEvent[];
  readonly outbox: readonly RecordedEvent[];
  readonly inbox: readonly RecordedEvent[];
  readonly warnings: readonly string[];
  readonly killing: Killing;
  readonly repetition: Repetition;
  /** From the outbox to the inbox before anything was killed, by the two servers' clocks, which are one here. */
  readonly relayedMs: { readonly p50: number; readonly p99: number };
  readonly activity: readonly (Activity & { readonly _id: string })[];
  readonly proof: Proof;
  readonly provenMs: number;
  readonly checks: readonly Check[];
}

/** How far everybody was when the servers and databases were killed, and how it went on. */
export interface Killing {
  /** Webhooks that were answered. */
  readonly answered: number;
  readonly told: number;
  /** Events that had reached a subscriber of the inbox. */
  readonly arrived: number;
  /** Until both servers listened again, in ms. */
  readonly restartMs: number;
  /** From there until an event arrived that was told afterwards. */
  readonly resumedMs: number;
  /** Webhooks that were told already when they came again. */
  readonly cameAgain: number;
}

export interface Repetition {
  /** Webhooks that were sent once more, and those of them that the log knew. */
  readonly sent: number;
  readonly known: number;
  /** Of a replay of the publisher, the events that the outbox knew. */
  readonly toldAgain: number;
}
