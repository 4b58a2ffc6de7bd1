/** A link as the server works with it: numbers are numbers, and nothing that is absent is null. */
import type { EventFilter } from '../kernel/event-filter';
import type { Violation } from '../kernel/violation';
import type { PartitionBy } from './observers';

export interface LinkSourceAddress {
  /** `host:port` of another deployment's servers; none: this deployment. */
  readonly hosts: readonly string[];
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
}

/** Takes one property out of content. */
export interface MaskRule {
  /** Such as `customer.email`; `lines[].price` means every element of an array. */
  readonly property: string;
  readonly action: 'drop' | 'hash';
  /** None: every type. */
  readonly types: readonly string[];
}

export interface LinkDefinition {
  readonly source: LinkSourceAddress;
  /** An event is relayed when it matches any. None: every event. */
  readonly filters: readonly EventFilter[];
  /** The first source number. */
  readonly start: number;
  readonly partitionBy: PartitionBy;
  /** Types whose content is brought in one generation alone. */
  readonly generations: readonly { readonly type: string; readonly generation: number }[];
  readonly mask: readonly MaskRule[];
  readonly hopLimit: number;
}

export type LinkLiveState = 'running' | 'paused' | 'connecting' | 'source-away' | 'target-refuses' | 'faulted';

/** A source event by which it is told that the source is still the one that was relayed. */
export interface SourceAnchor {
  readonly number: number;
  readonly eventId: string;
}

export interface LinkCounters {
  /** Events that were put into the inbox or found there. */
  readonly relayed: number;
  /** Those of them that were found there. */
  readonly duplicates: number;
  readonly skipped: number;
}

/** What people see of a link beside its checkpoint. */
export interface LinkStatus {
  readonly paused: boolean;
  /** Why nothing goes on until a person acts; null: it may. */
  readonly fault: string | null;
  readonly state: LinkLiveState;
  /** What stands against it at this moment; empty: nothing. */
  readonly lastError: string;
  /** Events a second, as last measured. */
  readonly rate: number;
  readonly sourceTail: number | undefined;
  /** When it was last level with its source, by its owner's clock. */
  readonly levelAt: Date;
}

export interface LinkRecord extends LinkStatus {
  readonly id: string;
  readonly definition: LinkDefinition;
  readonly created: Date;
  readonly epoch: number;
  /** The deployment that the source was in when the link was made. */
  readonly sourceDeployment: string;
  /** The next source number. Every matching event below it is in the inbox, held or skipped. */
  readonly position: number;
  readonly anchor: SourceAnchor | undefined;
  readonly counters: LinkCounters;
}

/** A partition of which the target refused an event. */
export interface HoldRecord {
  readonly partition: string;
  /** The source number that it stands at. */
  readonly from: number;
  readonly violations: readonly Violation[];
  readonly since: Date;
  readonly attempts: number;
  readonly lastAttempt: Date;
  /** Events of the partition that wait, the refused one with them. */
  readonly events: number;
}

/** A source event that was left out, and why. */
export interface SkipRecord {
  readonly number: number;
  /** `BY_HAND`, or what the relay itself found. */
  readonly code: string;
  readonly reason: string;
  /** Who decided; `relay` when nobody had to. */
  readonly who: string;
  readonly at: Date;
}
