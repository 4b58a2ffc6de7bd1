/** What a trace shows of ordered sequences. Where they are kept is for them to know: a trace asks for these. */
import type { NamespaceAddress } from './ownership';

export interface TracedStep {
  readonly eventId: string;
  readonly order: number;
  readonly status: string;
}

export interface TracedSequence {
  readonly sequenceId: string;
  readonly name: string;
  readonly status: string;
  readonly phase: string;
  readonly correlationId: string;
  /** The event that it began for; empty: none. */
  readonly causationId: string;
  readonly steps: readonly TracedStep[];
  /** The events that compensate for its failure, as far as they were rendered. */
  readonly compensatingEventIds: readonly string[];
}

/** The ordered sequences of a namespace, archived ones too. */
export interface SequencesOfTrace {
  byCorrelation(address: NamespaceAddress, correlationId: string): Promise<readonly TracedSequence[]>;
  /** Those of which these events are steps or compensations. */
  byEvents(address: NamespaceAddress, eventIds: readonly string[]): Promise<readonly TracedSequence[]>;
  /** Those that began for one of these events. */
  causedBy(address: NamespaceAddress, eventIds: readonly string[]): Promise<readonly TracedSequence[]>;
}

/** An ordered sequence and where it is. */
export interface FoundSequence extends TracedSequence, NamespaceAddress {
  readonly deployment: string;
  /** The server that said so; empty: this one. */
  readonly address: string;
}
