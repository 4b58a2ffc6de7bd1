/** What the story of the invoices found out: what is reported, and what must be so. */
import type { AuditEntry, OrderedSequenceInfo, RecordedEvent } from '../../src/client';
import type { Check } from '../checks';
import type { Invoice } from './invoices';

/** What a service says that it did. */
export interface Effects {
  readonly asked: number;
  /** Requests that it knew by their key. */
  readonly repeated: number;
  readonly effects: readonly { readonly key: string; readonly id: string; readonly request: Invoice['content'] }[];
}

export interface SagaStory {
  readonly invoices: readonly Invoice[];
  readonly sequences: readonly OrderedSequenceInfo[];
  readonly ledger: Effects;
  readonly mailer: Effects;
  readonly compensations: readonly RecordedEvent[];
  readonly audits: ReadonlyMap<string, readonly AuditEntry[]>;
  readonly killing: { readonly booked: number; readonly settled: number; readonly restartMs: number };
  readonly settledMs: number;
  /** The documents are the same after they were made anew from the log. */
  readonly rebuiltAlike: boolean;
  readonly checks: readonly Check[];
}
