/**
 * What the log of ordered sequences says: every decision, attempt, answer, rendering, emission and act of a person, each
 * an event of the sequence `ordered-sequences` whose event source is the ordered sequence. Steps are told by their
 * place in the document's `events`, entries by theirs in `compensating_events`; both begin with 0. Times are ms since 1970.
 */
import type {
  Action,
  DoneWhen,
  Json,
  SequenceDefinition,
  SequenceDocument,
} from '../../src/contract/sequence-document';

export type SequenceEntry =
  | SequenceCreated
  | StepArrived
  | StepStarted
  | StepProcessed
  | StepFailed
  | SequenceCompleted
  | SequenceFailed
  | RollbackRendered
  | RollbackStopped
  | CompensationAppended
  | RollbackCompleted
  | SequenceResolved;

export interface SequenceCreated {
  readonly type: 'SequenceCreated';
  /** As it was given, completed with defaults; without times that were not given. */
  readonly document: SequenceDocument;
  /** Ordered sequences that caused each other on the way to this one; 0: none did. */
  readonly depth: number;
  /** Of a document with steps that say what they match: events of its event sequence below this number are not meant. */
  readonly since?: number;
}

/** The event of a step is on the log. */
export interface StepArrived {
  readonly type: 'StepArrived';
  readonly step: number;
  /** Another than the document's where the step says what it matches. */
  readonly eventId: string;
  readonly sequenceNumber: number;
  readonly eventType: string;
  readonly eventSourceId: string;
  readonly correlationId: string;
}

/** An attempt begins: handed to a processor, or waiting for an observer or another event. */
export interface StepStarted {
  readonly type: 'StepStarted';
  readonly step: number;
  /** 1 for the first. The same again when only the processor changed. */
  readonly attempt: number;
  readonly doneWhen: DoneWhen;
  /** The processor's name; empty for what none is needed for. */
  readonly processor: string;
  /** When it counts as failed; null: never. */
  readonly deadline: number | null;
}

export interface StepProcessed {
  readonly type: 'StepProcessed';
  readonly step: number;
  readonly attempt: number;
  readonly doneWhen: DoneWhen;
  /** The processor's name, the observer's id, or the id of the event that followed. */
  readonly by: string;
  readonly output: Json;
}

export interface StepFailed {
  readonly type: 'StepFailed';
  readonly step: number;
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
  readonly permanent: boolean;
  readonly by: string;
  /** When it is tried again; null: it has failed. */
  readonly retryAt: number | null;
}

export interface SequenceCompleted {
  readonly type: 'SequenceCompleted';
}

/** A required step has failed. */
export interface SequenceFailed {
  readonly type: 'SequenceFailed';
  readonly step: number;
  readonly code: string;
  readonly message: string;
  /** What follows: a rollback, a person, or nothing more. */
  readonly then: 'rollback' | 'person' | 'end';
}

/** What the rollback appends, whole, before any of it is appended. */
export interface RollbackRendered {
  readonly type: 'RollbackRendered';
  /** In the order in which they are appended. */
  readonly compensations: readonly RenderedCompensation[];
  /** Entries that are not appended, and why not. */
  readonly left: readonly { readonly entry: number; readonly why: string }[];
}

export interface RenderedCompensation {
  readonly entry: number;
  readonly eventType: string;
  /** Made of the sequence's id and the entry, so that it is there once. */
  readonly eventId: string;
  readonly eventSourceId: string;
  readonly sequence: string;
  readonly content: Json;
  readonly correlationId: string;
  /** The event that failed. */
  readonly causationId: string;
}

/** Something cannot be rendered or appended: it waits for a person. */
export interface RollbackStopped {
  readonly type: 'RollbackStopped';
  readonly entry: number;
  readonly faults: readonly string[];
}

export interface CompensationAppended {
  readonly type: 'CompensationAppended';
  readonly entry: number;
  readonly sequenceNumber: number;
}

export interface RollbackCompleted {
  readonly type: 'RollbackCompleted';
}

/** A person's act. */
export interface SequenceResolved {
  readonly type: 'SequenceResolved';
  readonly action: Action;
  /** The step or, of a rollback that stopped, the entry that it is about; null: the whole. */
  readonly step: number | null;
  readonly entry: number | null;
  readonly who: string;
  readonly why: string;
  /** Of `complete`. */
  readonly output: Json;
  readonly consequences: readonly string[];
}

/** What the log says beside single sequences. */
export type NamespaceEntry =
  | { readonly type: 'DefinitionAdded'; readonly definition: SequenceDefinition }
  /** Processors for these types have registered for the first time: from now on their steps wait for one. */
  | { readonly type: 'ProcessorsKnown'; readonly eventTypes: readonly string[] }
  /** An event should have started a sequence, and did not. */
  | {
      readonly type: 'StartRefused';
      readonly definition: string;
      readonly eventId: string;
      readonly key: string;
      readonly reason: string;
    };
