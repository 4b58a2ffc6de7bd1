/** Links' messages, translated: addresses, definitions, states, what is held, proofs. */
import { sourceAddress } from '../../observers/relay/source-address';
import type { LinkAddress, LinkView, ProofMessage, Redriven, WantedLink } from '../../observers/relay/relay';
import { RELAY } from '../../observers/relay/tuning';
import type { HeldPartition } from '../contract/generated/annals/v1/HeldPartition';
import type { Link } from '../contract/generated/annals/v1/Link';
import type {
  LinkDefinition as DefinitionMessage,
  LinkDefinition__Output,
} from '../contract/generated/annals/v1/LinkDefinition';
import type { LinkMask__Output } from '../contract/generated/annals/v1/LinkMask';
import type { LinkRef__Output } from '../contract/generated/annals/v1/LinkRef';
import type { ProveResponse } from '../contract/generated/annals/v1/ProveResponse';
import type { RedrivenPartition } from '../contract/generated/annals/v1/RedrivenPartition';
import { durationOf } from '../contract/seconds-and-nanos';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import type { HoldRecord, LinkDefinition, MaskRule } from '../storage/link-records';
import { partitionByOf, partitionKeyMessage } from './observer-messages';
import { filtersOf, generationsOf } from './requests';
import { violationMessage } from './violations';

/** Ids are part of a lease's name, of an origin, and of lines that people type. */
const LINK_ID = /^[A-Za-z0-9._:/-]{1,100}$/;

export function linkAddressOf(ref: LinkRef__Output | null): LinkAddress {
  const link = ref?.link ?? '';
  if (!LINK_ID.test(link)) {
    throw new AnnalsError(
      'INVALID_FIELD',
      `link is ${JSON.stringify(link.slice(0, 120))}; an id is 1 to 100 of letters, digits and .-_:/`,
      { field: 'link', metadata: { limit: '100', actual: String(link.length) } },
    );
  }
  return { store: ref?.store || DEFAULT_STORE, namespace: ref?.namespace || DEFAULT_NAMESPACE, link };
}

const invalid = (field: string, message: string): AnnalsError => new AnnalsError('INVALID_FIELD', message, { field });

export function wantedOf(definition: LinkDefinition__Output | null): WantedLink {
  const filters = filtersOf(definition?.filters ?? []);
  if (filters.some(({ correlationId }) => correlationId !== undefined)) {
    // What happens to an event later belongs to another operation, and would not follow it.
    throw invalid('definition.filters', 'a link selects by types, sources and tags, and not by correlation');
  }
  const { connection = '', store = '', namespace = '', sequence = '' } = definition?.source ?? {};
  return {
    source: sourceAddress({ connection, store, namespace, sequence }),
    filters: filters.map(({ types, eventSourceIds, tags }) => ({
      types,
      eventSourceIds,
      tags,
      correlationId: undefined,
    })),
    partitionBy: partitionByOf(definition?.partitionKey),
    generations: generationsOf(definition?.generations ?? []),
    mask: (definition?.mask ?? []).map(maskRuleOf),
    hopLimit: definition?.hopLimit || RELAY.hopLimit,
  };
}

/** Names with a dot between them; `[]` behind one means every element. */
const PATH = /^[^.[\]]+(\[\])*(\.[^.[\]]+(\[\])*)*$/;
const PATH_LENGTH = 200;

function maskRuleOf({ property, action, types }: LinkMask__Output, i: number): MaskRule {
  const field = `definition.mask[${i}]`;
  if (property.length > PATH_LENGTH || !PATH.test(property)) {
    throw invalid(
      `${field}.property`,
      `${field}.property is ${JSON.stringify(property.slice(0, PATH_LENGTH))}; it is a path such as customer.email or lines[].price, at most ${PATH_LENGTH} characters`,
    );
  }
  if (action === 'LINK_MASK_ACTION_UNSPECIFIED') {
    throw invalid(`${field}.action`, `${field}.action is missing; it is to drop or to hash`);
  }
  if (types.some((type) => type === '' || type.length > LIMITS.eventTypeLength)) {
    throw invalid(
      `${field}.types`,
      `${field}.types has a name that is empty or over ${LIMITS.eventTypeLength} characters`,
    );
  }
  return { property, action: action === 'LINK_MASK_ACTION_DROP' ? 'drop' : 'hash', types };
}

function definitionMessage(definition: LinkDefinition): DefinitionMessage {
  const { source, filters, start, partitionBy, generations, mask, hopLimit } = definition;
  const { hosts, store, namespace, sequence } = source;
  const elsewhere = { connection: `annals://${hosts.join(',')}/${store}?namespace=${namespace}`, sequence };
  return {
    source: hosts.length === 0 ? { store, namespace, sequence } : elsewhere,
    filters: filters.map(({ types, eventSourceIds, tags }) => ({ types, eventSourceIds, tags })),
    start: { number: start },
    partitionKey: partitionKeyMessage(partitionBy),
    generations: [...generations],
    mask: mask.map(({ property, action, types }) => ({
      property,
      types: [...types],
      action: action === 'drop' ? 'LINK_MASK_ACTION_DROP' : 'LINK_MASK_ACTION_HASH',
    })),
    hopLimit,
  };
}

const STATES = {
  running: 'LINK_STATE_RUNNING',
  paused: 'LINK_STATE_PAUSED',
  connecting: 'LINK_STATE_CONNECTING',
  'source-away': 'LINK_STATE_SOURCE_AWAY',
  'target-refuses': 'LINK_STATE_TARGET_REFUSES',
  faulted: 'LINK_STATE_FAULTED',
} as const;

export function linkMessage({ record, heldPartitions, heldEvents, owner }: LinkView): Link {
  const { definition, counters, sourceTail, position } = record;
  const lagEvents = sourceTail === undefined ? 0 : Math.max(0, sourceTail + 1 - position);
  return {
    id: record.id,
    definition: definitionMessage(definition),
    state: STATES[record.paused ? 'paused' : record.state],
    position,
    ...(sourceTail === undefined ? {} : { sourceTail }),
    lagEvents,
    ...(lagEvents === 0 ? {} : { lag: durationOf(Math.max(0, Date.now() - record.levelAt.getTime())) }),
    rate: record.rate,
    relayed: counters.relayed,
    duplicates: counters.duplicates,
    skipped: counters.skipped,
    heldPartitions,
    heldEvents,
    lastError: record.lastError,
    ownerAddress: owner,
    created: durationOf(record.created.getTime()),
  };
}

export const heldMessage = ({ lastAttempt, since, violations, ...hold }: HoldRecord): HeldPartition => ({
  ...hold,
  violations: violations.map(violationMessage),
  since: durationOf(since.getTime()),
  lastAttempt: durationOf(lastAttempt.getTime()),
});

export const redrivenMessage = ({ held, ...redriven }: Redriven): RedrivenPartition => ({
  ...redriven,
  held: held === undefined ? null : heldMessage(held),
});

const OUTCOMES = {
  'in-inbox': 'PROOF_OUTCOME_IN_INBOX',
  filtered: 'PROOF_OUTCOME_FILTERED',
  held: 'PROOF_OUTCOME_HELD',
  skipped: 'PROOF_OUTCOME_SKIPPED',
  pending: 'PROOF_OUTCOME_PENDING',
  missing: 'PROOF_OUTCOME_MISSING',
  conflicting: 'PROOF_OUTCOME_CONFLICTING',
} as const;

export function proofMessage(message: ProofMessage): ProveResponse {
  if (message.kind === 'progress') return { progress: { lookedAt: message.lookedAt, total: message.total } };
  if (message.kind === 'ranges') {
    const ranges = message.ranges.map(({ outcome, inboxFrom, ...range }) => ({
      ...range,
      outcome: OUTCOMES[outcome],
      ...(inboxFrom === undefined ? {} : { inboxFrom }),
    }));
    return { ranges: { ranges } };
  }
  const { from, to, counts, outOfOrder, proven } = message.result;
  const { 'in-inbox': inInbox, ...others } = counts;
  return { proof: { from, ...(to === undefined ? {} : { to }), inInbox, ...others, outOfOrder, proven } };
}
