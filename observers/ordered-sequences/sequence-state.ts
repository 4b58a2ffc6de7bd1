/**
 * The state of one ordered sequence: its document as it is now, and how it is handled. A fold over the entries of
 * its log and nothing else, plain data, so that it can be kept in a row, dropped, and made again the same.
 */
import type { RenderedCompensation } from './log-entry';
import type { DoneWhen, Json, SequenceDocument } from '../../src/contract/sequence-document';

/** `needs-person`: nothing goes on until somebody acts. `settled`: nothing more happens to it. */
export type Phase = 'running' | 'rolling-back' | 'needs-person' | 'settled';

export type Outcome = 'completed' | 'failed' | 'rolled_back' | 'cancelled';

export interface SequenceState {
  readonly document: SequenceDocument;
  readonly handling: Handling;
}

export interface Handling {
  /** The number of the last entry that is folded in. */
  readonly last: number;
  /** The number of the entry that created it. */
  readonly created: number;
  readonly depth: number;
  readonly phase: Phase;
  readonly paused: boolean;
  readonly outcome: Outcome | null;
  /** Why it failed or waits; empty when it does neither. */
  readonly reason: string;
  /** The steps, as the document's events. */
  readonly steps: readonly StepHandling[];
  /** The step whose failure is the sequence's. */
  readonly failure: { readonly step: number; readonly code: string; readonly message: string } | null;
  readonly rollback: Rollback | null;
}

export interface StepHandling {
  /** Null until its event is on the log. */
  readonly arrived: Arrived | null;
  /** Null until it is decided. */
  readonly doneWhen: DoneWhen | null;
  /** How often it was tried since the beginning, or since a person had it tried anew. */
  readonly attempts: number;
  /** The processor that has it; empty: none. */
  readonly processor: string;
  /** Ms since 1970. Null: no attempt is under way. */
  readonly started: number | null;
  readonly deadline: number | null;
  /** Null: no retry is due. */
  readonly retryAt: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly permanent: boolean } | null;
  /** A person went past it, or it is optional and failed. */
  readonly skipped: boolean;
  readonly output: Json;
  /** Every attempt that failed, by code, in the order in which the codes came first. Never counted anew: statistics add them up. */
  readonly failures: readonly FailureTally[];
  /** The time of the last entry about this step, ms since 1970; of the sequence's creation while there is none. */
  readonly updated: number;
}

/** Codes that are counted apart at one step; any further one counts as `OTHER_CODES`, so that a state stays bounded. */
export const CODES_PER_STEP = 16;
export const OTHER_CODES = 'other';

/** What `StepFailed` entries of one step with one code add up to. */
export interface FailureTally {
  readonly code: string;
  readonly failures: number;
  /** Those that said when it is tried again. */
  readonly retries: number;
  /** Of the last one. */
  readonly message: string;
  /** The number of the last one's entry, by which the last message of many sequences is told. */
  readonly last: number;
}

export interface Arrived {
  readonly eventId: string;
  readonly sequenceNumber: number;
  readonly eventType: string;
  readonly eventSourceId: string;
  readonly correlationId: string;
}

export interface Rollback {
  /** Null: not rendered yet. */
  readonly compensations: readonly AppendedCompensation[] | null;
  readonly left: readonly { readonly entry: number; readonly why: string }[];
  /** Why it stands; null: it goes on. */
  readonly stopped: { readonly entry: number; readonly faults: readonly string[] } | null;
}

export interface AppendedCompensation extends RenderedCompensation {
  /** Null: not appended yet. */
  readonly sequenceNumber: number | null;
}
