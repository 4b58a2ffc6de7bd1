import type { AuditEntry__Output } from '../../contract/generated/annals/v1/AuditEntry';
import type { GetStatisticsResponse__Output } from '../../contract/generated/annals/v1/GetStatisticsResponse';
import type { OrderedSequence__Output } from '../../contract/generated/annals/v1/OrderedSequence';
import type { OrderedSequenceCompensation__Output } from '../../contract/generated/annals/v1/OrderedSequenceCompensation';
import type { OrderedSequenceStep__Output } from '../../contract/generated/annals/v1/OrderedSequenceStep';
import type { RenderedTemplate__Output } from '../../contract/generated/annals/v1/RenderedTemplate';
import { dateOf, msOf } from '../../contract/seconds-and-nanos';
import type { DoneWhen, Json, SequenceDocument, SequenceStatus, StepStatus } from '../../contract/sequence-document';

/** What the server tells of ordered sequences, as a program reads it. */

/** `needs-person`: nothing goes on until somebody acts. `settled`: nothing more happens to it. */
export type SequencePhase = 'unspecified' | 'running' | 'rolling-back' | 'needs-person' | 'settled';

export interface OrderedSequenceInfo {
  /** In its author's form, with its statuses and times as they are now. */
  readonly document: SequenceDocument;
  readonly phase: SequencePhase;
  readonly paused: boolean;
  /** Why it failed or waits; empty when it does neither. */
  readonly reason: string;
  /** As the document's events. */
  readonly steps: readonly StepInfo[];
  /** What a rollback rendered; empty before. */
  readonly compensations: readonly CompensationInfo[];
  /** How it ended; undefined until it has. */
  readonly outcome: 'completed' | 'failed' | 'rolled_back' | 'cancelled' | undefined;
  /** The number of the last thing that the log `ordered-sequences` says of it. */
  readonly logNumber: number;
  /** The month that it is archived under, such as `2026-11`; undefined while it is active. */
  readonly archived: string | undefined;
}

export interface StepInfo {
  readonly eventId: string;
  readonly order: number;
  readonly status: StepStatus;
  /** What makes it done; undefined until that is decided. */
  readonly doneWhen: DoneWhen | undefined;
  readonly attempts: number;
  readonly started: Date | undefined;
  /** When it is tried again; undefined when it is not. */
  readonly nextAttempt: Date | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly skipped: boolean;
  /** Its event's number and type, once it was appended. */
  readonly sequenceNumber: number | undefined;
  readonly eventType: string | undefined;
  /** What its processor handed back. */
  readonly output: Json | undefined;
}

export interface CompensationInfo {
  /** Its place in `rollback_strategy.compensating_events`. */
  readonly entry: number;
  readonly eventType: string;
  readonly eventId: string;
  readonly eventSourceId: string;
  /** The event sequence that it is appended to. */
  readonly sequence: string;
  readonly content: Json;
  /** Its number, once it was appended. */
  readonly sequenceNumber: number | undefined;
}

/** One thing that the log says of a sequence. */
export interface AuditEntry {
  readonly logNumber: number;
  readonly recorded: Date;
  readonly type: string;
  /** What happened, in words. */
  readonly text: string;
  /** Who and why, of a person's act; empty otherwise. */
  readonly who: string;
  readonly why: string;
  /** All that the log says of it. */
  readonly facts: Json;
}

export interface RenderedTemplate {
  readonly entry: number;
  readonly eventType: string;
  /** Undefined: it cannot be rendered, and `faults` says why. */
  readonly content: Json | undefined;
  readonly faults: readonly string[];
  /** A rollback at this moment would append it. */
  readonly emitted: boolean;
  /** Why it would not. */
  readonly notEmitted: string;
}

export interface SequenceStatistics {
  readonly counts: readonly {
    readonly name: string;
    readonly version: string;
    readonly status: string;
    readonly count: number;
  }[];
  /** From creation to completion, in ms. */
  readonly durations: readonly {
    readonly name: string;
    readonly version: string;
    readonly count: number;
    readonly averageMs: number;
    readonly shortestMs: number;
    readonly longestMs: number;
  }[];
  /** Attempts that failed, by step and reason. */
  readonly failures: readonly {
    readonly name: string;
    readonly version: string;
    readonly order: number;
    readonly eventType: string;
    readonly code: string;
    readonly failures: number;
    readonly retries: number;
    readonly message: string;
  }[];
}

const PHASES = {
  ORDERED_SEQUENCE_PHASE_UNSPECIFIED: 'unspecified',
  ORDERED_SEQUENCE_PHASE_RUNNING: 'running',
  ORDERED_SEQUENCE_PHASE_ROLLING_BACK: 'rolling-back',
  ORDERED_SEQUENCE_PHASE_NEEDS_PERSON: 'needs-person',
  ORDERED_SEQUENCE_PHASE_SETTLED: 'settled',
} as const;

/** Of the server's own JSON: no bytes mean that there is nothing. */
export const jsonOf = (bytes: Uint8Array): Json | undefined =>
  bytes.length === 0 ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as Json);

export const sequenceInfo = (told: OrderedSequence__Output): OrderedSequenceInfo => ({
  // The contract says what this JSON is.
  document: jsonOf(told.document) as unknown as SequenceDocument,
  phase: PHASES[told.phase],
  paused: told.paused,
  reason: told.reason,
  steps: told.steps.map(stepInfo),
  compensations: told.compensations.map(compensationInfo),
  outcome: told.outcome === '' ? undefined : (told.outcome as NonNullable<OrderedSequenceInfo['outcome']>),
  logNumber: told.logNumber,
  archived: told.archived || undefined,
});

const stepInfo = (told: OrderedSequenceStep__Output): StepInfo => ({
  eventId: told.eventId,
  order: told.order,
  // The two: what the contract says that these texts are.
  status: told.status as StepStatus,
  doneWhen: (told.doneWhen || undefined) as DoneWhen | undefined,
  attempts: told.attempts,
  started: dateOf(told.started),
  nextAttempt: dateOf(told.nextAttempt),
  error: told.errorCode === '' ? undefined : { code: told.errorCode, message: told.errorMessage },
  skipped: told.skipped,
  sequenceNumber: told.sequenceNumber,
  eventType: told.eventType || undefined,
  output: jsonOf(told.output),
});

const compensationInfo = ({ content, ...told }: OrderedSequenceCompensation__Output): CompensationInfo => ({
  entry: told.entry,
  eventType: told.eventType,
  eventId: told.eventId,
  eventSourceId: told.eventSourceId,
  sequence: told.sequence,
  content: jsonOf(content) ?? null,
  sequenceNumber: told.sequenceNumber,
});

export const auditEntry = ({ recorded, facts, ...told }: AuditEntry__Output): AuditEntry => ({
  ...told,
  recorded: dateOf(recorded) ?? new Date(0),
  facts: jsonOf(facts) ?? null,
});

export const renderedTemplate = ({ content, ...told }: RenderedTemplate__Output): RenderedTemplate => ({
  ...told,
  content: jsonOf(content),
});

export const sequenceStatistics = (told: GetStatisticsResponse__Output): SequenceStatistics => ({
  counts: told.counts,
  durations: told.durations.map(({ average, shortest, longest, ...of }) => ({
    ...of,
    averageMs: msOf(average) ?? 0,
    shortestMs: msOf(shortest) ?? 0,
    longestMs: msOf(longest) ?? 0,
  })),
  failures: told.failures,
});

export type { SequenceStatus };
