import type { HeldPartition__Output } from '../../contract/generated/annals/v1/HeldPartition';
import type { Link__Output } from '../../contract/generated/annals/v1/Link';
import type { LinkDefinition__Output } from '../../contract/generated/annals/v1/LinkDefinition';
import type { RedrivenPartition__Output } from '../../contract/generated/annals/v1/RedrivenPartition';
import type { Violation } from '../../contract/messages';
import { dateOf, msOf } from '../../contract/seconds-and-nanos';
import { violationOf } from '../errors';
import type { Filter } from '../filter';

/** What the server tells of links, as a program reads it. */

/**
 * `source-away`: the source does not answer and is tried again. `target-refuses`: the target takes nothing at all
 * at this moment, or so many partitions are held that it is not the events that are broken. `faulted`: the source is
 * not what it was, and a person must act.
 */
export type LinkState =
  'unspecified' | 'running' | 'paused' | 'connecting' | 'source-away' | 'target-refuses' | 'faulted';

export interface LinkMask {
  /** A path such as `customer.email`; `lines[].price` means every element of an array. */
  readonly property: string;
  /** `hash`: HMAC-SHA256 under a secret of the link, so that equal values stay equal. */
  readonly action: 'drop' | 'hash';
  /** Of these types alone; of every type unless given. */
  readonly types?: readonly string[] | undefined;
}

export interface LinkDefinitionInfo {
  readonly source: {
    /** Empty: the same deployment, and then `store` and `namespace` say what is read. */
    readonly connection: string;
    readonly store: string;
    readonly namespace: string;
    readonly sequence: string;
  };
  /** An event is relayed when it matches any of these. None: every event. */
  readonly filters: readonly Filter[];
  /** The first source number. */
  readonly start: number;
  readonly partitionBy: 'source' | 'whole' | { readonly property: string };
  readonly generations: Readonly<Record<string, number>>;
  readonly mask: readonly LinkMask[];
  readonly hopLimit: number;
}

export interface LinkInfo {
  readonly id: string;
  readonly state: LinkState;
  readonly definition: LinkDefinitionInfo;
  /** The next source number: every matching event below it is in the inbox, held or skipped. */
  readonly position: number;
  /** The source's last number, as last seen. */
  readonly sourceTail: number | undefined;
  /** Numbers that it is behind at most. */
  readonly lagEvents: number;
  /** How long ago it was level with its source, in ms; undefined when it is. */
  readonly lagMs: number | undefined;
  /** Events relayed a second, over the last ten seconds. */
  readonly rate: number;
  /** Events that it has put into the inbox, or found there. */
  readonly relayed: number;
  readonly duplicates: number;
  readonly skipped: number;
  readonly heldPartitions: number;
  /** Events that wait in them. */
  readonly heldEvents: number;
  /** What stands against it at this moment; empty when nothing does. */
  readonly lastError: string;
  /** The server that runs it; empty when none does. */
  readonly ownerAddress: string;
  readonly created: Date;
}

/** A partition of which the target refused an event: it waits from there on. */
export interface HeldPartition {
  readonly partition: string;
  /** The source number that it stands at. */
  readonly from: number;
  readonly violations: readonly Violation[];
  readonly since: Date;
  readonly attempts: number;
  readonly lastAttempt: Date;
  /** Events that wait, the refused one with them. */
  readonly events: number;
}

export interface RedrivenPartition {
  readonly partition: string;
  readonly relayed: number;
  readonly skipped: number;
  /** It was refused again and stands here. */
  readonly held: HeldPartition | undefined;
}

const STATES = {
  LINK_STATE_UNSPECIFIED: 'unspecified',
  LINK_STATE_RUNNING: 'running',
  LINK_STATE_PAUSED: 'paused',
  LINK_STATE_CONNECTING: 'connecting',
  LINK_STATE_SOURCE_AWAY: 'source-away',
  LINK_STATE_TARGET_REFUSES: 'target-refuses',
  LINK_STATE_FAULTED: 'faulted',
} as const;

const EPOCH = new Date(0);

export const linkInfo = ({ definition, state, lag, created, ...link }: Link__Output): LinkInfo => ({
  id: link.id,
  state: STATES[state],
  definition: definitionInfo(definition),
  position: link.position,
  sourceTail: link.sourceTail,
  lagEvents: link.lagEvents,
  lagMs: msOf(lag),
  rate: link.rate,
  relayed: link.relayed,
  duplicates: link.duplicates,
  skipped: link.skipped,
  heldPartitions: link.heldPartitions,
  heldEvents: link.heldEvents,
  lastError: link.lastError,
  ownerAddress: link.ownerAddress,
  created: dateOf(created) ?? EPOCH,
});

function definitionInfo(definition: LinkDefinition__Output | null): LinkDefinitionInfo {
  const key = definition?.partitionKey;
  const { connection = '', store = '', namespace = '', sequence = '' } = definition?.source ?? {};
  return {
    source: { connection, store, namespace, sequence },
    filters: definition?.filters ?? [],
    start: definition?.start?.number ?? 0,
    partitionBy:
      key?.wholeSequence === true ? 'whole' : key?.property !== undefined ? { property: key.property } : 'source',
    generations: Object.fromEntries((definition?.generations ?? []).map(({ type, generation }) => [type, generation])),
    mask: (definition?.mask ?? []).map(({ property, action, types }) => ({
      property,
      action: action === 'LINK_MASK_ACTION_DROP' ? 'drop' : 'hash',
      types,
    })),
    hopLimit: definition?.hopLimit ?? 0,
  };
}

export const heldPartition = ({ violations, since, lastAttempt, ...held }: HeldPartition__Output): HeldPartition => ({
  partition: held.partition,
  from: held.from,
  violations: violations.map(violationOf),
  since: dateOf(since) ?? EPOCH,
  attempts: held.attempts,
  lastAttempt: dateOf(lastAttempt) ?? EPOCH,
  events: held.events,
});

export const redrivenPartition = ({
  partition,
  relayed,
  skipped,
  held,
}: RedrivenPartition__Output): RedrivenPartition => ({
  partition,
  relayed,
  skipped,
  held: held === null ? undefined : heldPartition(held),
});
