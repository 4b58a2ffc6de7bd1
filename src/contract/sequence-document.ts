/**
 * The document of an ordered sequence, in the form that its author writes and gets back. Names are spelt as
 * there, in both ways of spelling; what we add is optional and has a name of its own. Times are ISO 8601 in UTC.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const SEQUENCE_STATUSES = ['created', 'in_progress', 'completed', 'failed'] as const;
export type SequenceStatus = (typeof SEQUENCE_STATUSES)[number];

export const STEP_STATUSES = ['pending', 'processed', 'failed'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export const SOURCE_TYPES = ['workflow', 'task', 'integration', 'external'] as const;
export type SourceType = (typeof SOURCE_TYPES)[number];

export const STRATEGIES = ['compensating_events', 'retry', 'manual'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What makes a step done: a processor's answer, its event alone, an observer that has handled it, or another event. */
export const DONE_WHEN = ['processed', 'appended', 'observed', 'followed'] as const;
export type DoneWhen = (typeof DONE_WHEN)[number];

/** What follows when every retry is used up. */
export const ON_EXHAUSTED = ['fail', 'compensating_events', 'manual'] as const;
export type OnExhausted = (typeof ON_EXHAUSTED)[number];

/** What a person may do about a sequence. */
export const ACTIONS = ['retry', 'skip', 'complete', 'fail', 'compensate', 'cancel', 'pause', 'resume'] as const;
export type Action = (typeof ACTIONS)[number];

export interface SequenceDocument {
  readonly sequenceId: string;
  readonly name: string;
  readonly description: string;
  /** Semver of the definition. */
  readonly version: string;
  readonly status: SequenceStatus;
  readonly events: readonly SequenceEvent[];
  readonly metadata: SequenceMetadata;
  readonly created_at: string | null;
  readonly updated_at: string | null;
  readonly completed_at: string | null;
  readonly rollback_strategy: RollbackStrategy;
  /** Ours: the event sequence that the events are recorded in. Absent: `event-log`. */
  readonly event_sequence?: string;
  /** Ours: later orders start although a required event failed. Absent: nothing goes past it. */
  readonly continue_past_failure?: boolean;
}

export interface SequenceEvent {
  readonly eventId: string;
  /** 1 or more; equal ones go in parallel. */
  readonly order: number;
  readonly required: boolean;
  readonly status: StepStatus;
  readonly processingTimestamp: string | null;
  /** Ours. */
  readonly processing?: StepProcessing;
  /** Ours: which event this is, where its id is not known beforehand. */
  readonly matches?: StepMatch;
}

/** How a step is worked. */
export interface StepProcessing {
  /** Absent: `processed` when a processor for the event's type is known, otherwise `appended`. */
  readonly done_when?: DoneWhen;
  /** Of `observed`: the observer's id. */
  readonly observer?: string;
  /** Of `followed`: the type of the event that makes it done, with the same correlation id. */
  readonly followed_by?: string;
  /** Seconds from its start until it counts as failed. Absent: it may take as long as it takes. */
  readonly timeout?: number;
  /** Absent: as `rollback_strategy.max_retries`. */
  readonly max_retries?: number;
}

/** The first event of this type after the sequence's beginning whose tie has this value. */
export interface StepMatch {
  readonly event_type: string;
  readonly by: 'correlation_id' | 'event_source_id' | 'property';
  /** Of `property`: a path such as `invoice.id`. */
  readonly property?: string;
  readonly value: string;
}

export interface SequenceMetadata {
  readonly correlationId: string;
  readonly causationId: string;
  readonly source: { readonly type: SourceType; readonly id: string; readonly name: string };
  readonly tags: Readonly<Record<string, string>>;
}

export interface RollbackStrategy {
  readonly type: Strategy;
  readonly max_retries: number;
  readonly compensating_events: readonly CompensatingEvent[];
  /** Ours, of retries: seconds before the first. Absent: 1. */
  readonly initial_interval?: number;
  /** Ours: what each further one is multiplied by. Absent: 2. */
  readonly coefficient?: number;
  /** Ours: seconds at most. Absent: 60. */
  readonly maximum_interval?: number;
  /** Ours: the share of an interval that chance may take away, 0 to 1. Absent: 0.2. */
  readonly jitter?: number;
  /** Ours, of `retry`: what follows the last one. Absent: `fail`. */
  readonly on_exhausted?: OnExhausted;
}

export interface CompensatingEvent {
  /** The *type* of the event to append. */
  readonly eventId: string;
  readonly payload_template: Json;
  /** Ours: only if a step of this order was processed, latest first. Absent: always, in listed order. */
  readonly compensates?: number;
  /** Ours: a template. Absent: the source of the event that it compensates for, or that failed. */
  readonly event_source_id?: string;
  /** Ours: the event sequence that it is appended to. Absent: the document's. */
  readonly event_sequence?: string;
}

/** A reusable definition, from which instances are made. */
export interface SequenceDefinition {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Absent: `event-log`. */
  readonly event_sequence?: string;
  readonly continue_past_failure?: boolean;
  /** What ties events to an instance. */
  readonly ties: { readonly by: StepMatch['by']; readonly property?: string };
  /** The type of the event that starts an instance. Absent: `Create` alone does. */
  readonly starts?: { readonly event_type: string };
  readonly steps: readonly DefinedStep[];
  readonly source: SequenceMetadata['source'];
  readonly tags: Readonly<Record<string, string>>;
  readonly rollback_strategy: RollbackStrategy;
}

export interface DefinedStep {
  readonly event_type: string;
  readonly order: number;
  readonly required: boolean;
  readonly processing?: StepProcessing;
}

/** A document as it is given: what is left out has a default. Of the status of a new one nothing need be said. */
export type GivenDocument = Pick<SequenceDocument, 'sequenceId' | 'name'> & {
  readonly [
    Field in Exclude<keyof SequenceDocument, 'sequenceId' | 'name' | 'events' | 'metadata' | 'rollback_strategy'>
  ]?: SequenceDocument[Field] | undefined;
} & {
  readonly events: readonly (Pick<SequenceEvent, 'eventId' | 'order'> & Partial<SequenceEvent>)[];
  readonly metadata?: Partial<SequenceMetadata> | undefined;
  readonly rollback_strategy?: Partial<RollbackStrategy> | undefined;
};

/** A definition as it is given. */
export type GivenDefinition = Pick<SequenceDefinition, 'name' | 'version'> &
  Partial<Omit<SequenceDefinition, 'name' | 'version' | 'steps' | 'rollback_strategy'>> & {
    readonly steps: readonly (Pick<DefinedStep, 'event_type' | 'order'> & Partial<DefinedStep>)[];
    readonly rollback_strategy?: Partial<RollbackStrategy> | undefined;
  };
