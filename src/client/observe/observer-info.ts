import type { FailedPartition__Output } from '../../contract/generated/annals/v1/FailedPartition';
import type { Observer__Output } from '../../contract/generated/annals/v1/Observer';
import type { ObserverDefinition__Output } from '../../contract/generated/annals/v1/ObserverDefinition';
import type { ReplayProgress__Output } from '../../contract/generated/annals/v1/ReplayProgress';
import type { ContentFormat } from '../content-format';
import type { Filter } from '../filter';
import { dateOf, msOf } from '../../contract/seconds-and-nanos';

/** What the server tells of observers, as a program reads it. */

/** `disconnected`: no client is there. `quarantined`: too many partitions have failed, and a person must act. */
export type ObserverState = 'unspecified' | 'active' | 'replaying' | 'paused' | 'disconnected' | 'quarantined';

export interface ObserverInfo {
  readonly id: string;
  readonly state: ObserverState;
  readonly definition: ObserverDefinitionInfo;
  /** Every matching event below it is handled, or held by a failure. */
  readonly position: number;
  /** The sequence's last number; undefined while it has none. */
  readonly tail: number | undefined;
  /** Numbers that it is behind at most. */
  readonly lagEvents: number;
  /** Age of the oldest event that is not handled, in ms; undefined when there is none. */
  readonly lagMs: number | undefined;
  /** Events handled a second, over the last ten seconds. */
  readonly rate: number;
  readonly failedPartitions: number;
  readonly clients: readonly ObserverClientInfo[];
  /** The server that owns it; empty when none does. */
  readonly ownerAddress: string;
  readonly replay: ReplayProgress | undefined;
}

export interface ObserverDefinitionInfo {
  readonly sequence: string;
  /** An event is delivered when it matches any of these. None: every event. */
  readonly filters: readonly Filter[];
  readonly partitionBy: 'source' | 'whole' | { readonly property: string };
  readonly as: ContentFormat;
  /** The generation that is wanted of a type; of others the latest. */
  readonly generations: Readonly<Record<string, number>>;
  readonly allGenerations: boolean;
}

export interface ObserverClientInfo {
  readonly clientId: string;
  readonly name: string;
  /** Events on their way, unacknowledged. */
  readonly inFlight: number;
}

export interface ReplayProgress {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** Undefined: all partitions. */
  readonly partition: string | undefined;
  readonly done: number;
  readonly total: number;
  readonly timeLeftMs: number | undefined;
}

export interface FailedPartition {
  readonly partition: string;
  /** The number that it stands at. */
  readonly heldFrom: number;
  /** No further attempt by itself. */
  readonly quarantined: boolean;
  /** Attempts in all; `attempts` has the last ten. */
  readonly attemptCount: number;
  readonly attempts: readonly FailedAttempt[];
  /** Undefined when quarantined. */
  readonly nextRetry: Date | undefined;
}

export interface FailedAttempt {
  readonly at: Date;
  readonly sequenceNumber: number;
  readonly message: string;
  readonly stack: string;
}

const STATES = {
  OBSERVER_STATE_UNSPECIFIED: 'unspecified',
  OBSERVER_STATE_ACTIVE: 'active',
  OBSERVER_STATE_REPLAYING: 'replaying',
  OBSERVER_STATE_PAUSED: 'paused',
  OBSERVER_STATE_DISCONNECTED: 'disconnected',
  OBSERVER_STATE_QUARANTINED: 'quarantined',
} as const;

export const observerInfo = (observer: Observer__Output): ObserverInfo => ({
  id: observer.id,
  state: STATES[observer.state],
  definition: definitionInfo(observer.definition),
  position: observer.position,
  tail: observer.tail,
  lagEvents: observer.tail === undefined ? 0 : Math.max(0, observer.tail + 1 - observer.position),
  lagMs: msOf(observer.lag),
  rate: observer.rate,
  failedPartitions: observer.failedPartitions,
  clients: observer.clients,
  ownerAddress: observer.ownerAddress,
  replay: observer.replay === null ? undefined : replayProgress(observer.replay),
});

function definitionInfo(definition: ObserverDefinition__Output | null): ObserverDefinitionInfo {
  const key = definition?.partitionKey;
  return {
    sequence: definition?.sequence ?? '',
    filters: definition?.filters ?? [],
    partitionBy:
      key?.wholeSequence === true ? 'whole' : key?.property !== undefined ? { property: key.property } : 'source',
    as: definition?.contentType === 'CONTENT_TYPE_BSON' ? 'bson' : 'json',
    generations: Object.fromEntries((definition?.generations ?? []).map(({ type, generation }) => [type, generation])),
    allGenerations: definition?.allGenerations ?? false,
  };
}

const replayProgress = ({ from, to, partition, done, total, timeLeft }: ReplayProgress__Output): ReplayProgress => ({
  from,
  to,
  partition,
  done,
  total,
  timeLeftMs: msOf(timeLeft),
});

export const failedPartition = (failed: FailedPartition__Output): FailedPartition => ({
  partition: failed.partition,
  heldFrom: failed.heldFrom,
  quarantined: failed.quarantined,
  attemptCount: failed.attemptCount,
  attempts: failed.attempts.map(({ at, sequenceNumber, message, stack }) => ({
    at: dateOf(at) ?? new Date(0),
    sequenceNumber,
    message,
    stack,
  })),
  nextRetry: dateOf(failed.nextRetry),
});
