/**
 * The rows of ordered sequences, as a person finds them. A row is replaced whole, its fields are always there and
 * always in this order, so that rows made anew from the log are the same byte for byte. What the room of ordered
 * sequences keeps beside its author's fields is in `handling`; storage knows of it what queries and statistics need.
 */
import type { Document, Long } from 'mongodb';

/** Written as `Long`; comes back as a number. */
export type StoredNumber = Long | number;

/** In `event_sequences`, or in the month that it is archived under. */
export interface SequenceRow {
  /** The number of the log entry that created it: lists go by it. */
  readonly _id: StoredNumber;
  readonly sequence_id: string;
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly status: string;
  readonly events: readonly StoredStep[];
  readonly metadata: StoredMetadata;
  readonly created_at: Date | null;
  readonly updated_at: Date | null;
  readonly completed_at: Date | null;
  readonly rollback_strategy: Document;
  /** What its author may add; only when it was given. */
  readonly event_sequence?: string;
  readonly continue_past_failure?: boolean;
  readonly handling: StoredHandling;
}

export interface StoredStep extends Document {
  readonly eventId: string;
  readonly order: number;
  readonly required: boolean;
  readonly status: string;
  readonly processingTimestamp: Date | null;
}

export interface StoredMetadata {
  readonly correlationId: string;
  readonly causationId: string;
  readonly source: { readonly type: string; readonly id: string; readonly name: string };
  readonly tags: Document;
}

export interface StoredHandling extends Document {
  /** Outputs and failures' messages would have made it larger than MongoDB's documents can be; the log has them. */
  readonly left_out?: true;
  /** The number of the last log entry that is in the row. */
  readonly last: StoredNumber;
  readonly created: StoredNumber;
  /** `running`, `rolling-back`, `needs-person`, `settled`. */
  readonly phase: string;
  /** As `events`. */
  readonly steps: readonly StoredStepHandling[];
  readonly rollback: {
    readonly compensations: readonly (Document & { readonly eventId: string })[] | null;
  } | null;
}

export interface StoredStepHandling extends Document {
  readonly arrived: (Document & { readonly eventId: string; readonly eventType: string }) | null;
  readonly failures: readonly StoredFailures[];
}

/** Attempts of one step that failed with one code. */
export interface StoredFailures {
  readonly code: string;
  readonly failures: number;
  readonly retries: number;
  readonly message: string;
  readonly last: StoredNumber;
}

/** In `event_sequence_events`, or in the month that its sequence is archived under. */
export interface SequenceEventRow {
  /** The sequence's id and the step's place, as `seq-1/0`. */
  readonly _id: string;
  readonly sequence_id: string;
  /** Of the event that came where the step says what it matches. */
  readonly event_id: string;
  readonly order: number;
  readonly required: boolean;
  readonly status: string;
  readonly processing_timestamp: Date | null;
  readonly created_at: Date | null;
  readonly updated_at: Date | null;
}
