/** Observers' messages, translated: definitions, addresses, states. */
import type { Observer } from '../contract/generated/annals/v1/Observer';
import type {
  ObserverDefinition as DefinitionMessage,
  ObserverDefinition__Output,
} from '../contract/generated/annals/v1/ObserverDefinition';
import type { ObserverRef__Output } from '../contract/generated/annals/v1/ObserverRef';
import type { ObserverStart__Output } from '../contract/generated/annals/v1/ObserverStart';
import type { ObserverState } from '../contract/generated/annals/v1/ObserverState';
import type { FailedPartition } from '../contract/generated/annals/v1/FailedPartition';
import type { PartitionKey, PartitionKey__Output } from '../contract/generated/annals/v1/PartitionKey';
import { ContentType } from '../contract/messages';
import { durationOf, msOf } from '../contract/seconds-and-nanos';
import { AnnalsError } from '../kernel/annals-error';
import { checkName, DEFAULT_NAMESPACE, DEFAULT_SEQUENCE, DEFAULT_STORE } from '../kernel/names';
import type { ObserverAddress } from '../observation/directory';
import type { ObserverView, Start } from '../observation/observation';
import type { FailureRecord, ObserverDefinition, PartitionBy } from '../storage/observers';
import { contentTypeOf, filtersOf, generationsOf, numberOf } from './requests';

/** Ids are part of a lease's name and of lines that people type. */
const OBSERVER_ID = /^[A-Za-z0-9._:/-]{1,100}$/;

const MS_PER_SECOND = 1_000;

export function observerAddressOf(ref: ObserverRef__Output | null): ObserverAddress {
  const observer = ref?.observer ?? '';
  if (!OBSERVER_ID.test(observer)) {
    throw new AnnalsError(
      'INVALID_FIELD',
      `observer is ${JSON.stringify(observer.slice(0, 120))}; an id is 1 to 100 of letters, digits and .-_:/`,
      { field: 'observer', metadata: { limit: '100', actual: String(observer.length) } },
    );
  }
  return { store: ref?.store || DEFAULT_STORE, namespace: ref?.namespace || DEFAULT_NAMESPACE, observer };
}

/** Characters of a property's path: deep enough for any content that a person partitions by. */
const PROPERTY_LENGTH = 200;

export function partitionByOf(key: PartitionKey__Output | null | undefined): PartitionBy {
  if (key?.wholeSequence === true) return { kind: 'whole' };
  if (key?.property === undefined) return { kind: 'source' };
  const { property } = key;
  if (property.length > PROPERTY_LENGTH || property.split('.').includes('')) {
    throw new AnnalsError(
      'INVALID_FIELD',
      `definition.partition_key.property is ${JSON.stringify(property.slice(0, PROPERTY_LENGTH))}; it is names with a dot between them, at most ${PROPERTY_LENGTH} characters`,
      {
        field: 'definition.partition_key.property',
        metadata: { limit: String(PROPERTY_LENGTH), actual: String(property.length) },
      },
    );
  }
  return { kind: 'property', path: property };
}

export function definitionOf(message: ObserverDefinition__Output | null): ObserverDefinition {
  return {
    sequence: checkName(message?.sequence || DEFAULT_SEQUENCE, 'definition.sequence'),
    filters: filtersOf(message?.filters ?? []),
    partitionBy: partitionByOf(message?.partitionKey),
    content: contentTypeOf(message?.contentType ?? 'CONTENT_TYPE_JSON') === ContentType.BSON ? 'bson' : 'json',
    generations: generationsOf(message?.generations ?? []),
    allGenerations: message?.allGenerations ?? false,
  };
}

export function startOf(start: ObserverStart__Output | null | undefined): Start {
  if (start?.now === true) return { kind: 'now' };
  if (start?.time) return { kind: 'time', time: msOf(start.time) };
  return { kind: 'number', number: numberOf(start?.number, 'definition.start.number') ?? 0 };
}

export function partitionKeyMessage(by: PartitionBy): PartitionKey {
  if (by.kind === 'property') return { property: by.path };
  return by.kind === 'whole' ? { wholeSequence: true } : {};
}

function definitionMessage(definition: ObserverDefinition): DefinitionMessage {
  const { sequence, filters, partitionBy, content, generations, allGenerations } = definition;
  return {
    sequence,
    filters: filters.map(({ correlationId, ...lists }) =>
      correlationId === undefined ? lists : { ...lists, correlationId },
    ),
    partitionKey: partitionKeyMessage(partitionBy),
    contentType: content === 'bson' ? 'CONTENT_TYPE_BSON' : 'CONTENT_TYPE_JSON',
    generations: [...generations],
    allGenerations,
  };
}

function stateOf({ record, connected }: ObserverView): ObserverState {
  if (record.quarantined) return 'OBSERVER_STATE_QUARANTINED';
  if (record.paused) return 'OBSERVER_STATE_PAUSED';
  if (!connected) return 'OBSERVER_STATE_DISCONNECTED';
  return record.replay === undefined ? 'OBSERVER_STATE_ACTIVE' : 'OBSERVER_STATE_REPLAYING';
}

export function observerMessage(view: ObserverView): Observer {
  const { record, tail, failedPartitions, clients, owner } = view;
  const { replay, rate } = record;
  return {
    id: record.id,
    definition: definitionMessage(record.definition),
    state: stateOf(view),
    position: record.position,
    ...(tail === undefined ? {} : { tail }),
    ...(view.lag === undefined ? {} : { lag: durationOf(view.lag) }),
    rate,
    failedPartitions,
    clients: clients.map(({ id, name, inFlight }) => ({ clientId: id, name, inFlight })),
    ownerAddress: owner,
    ...(replay === undefined
      ? {}
      : {
          replay: {
            from: replay.from,
            to: replay.to,
            ...(replay.partition === undefined ? {} : { partition: replay.partition }),
            done: replay.done,
            total: replay.total,
            ...(rate > 0
              ? { timeLeft: durationOf(Math.floor((Math.max(0, replay.total - replay.done) / rate) * MS_PER_SECOND)) }
              : {}),
          },
        }),
  };
}

const timestampOf = (date: Date) => durationOf(date.getTime());

export const failedPartitionMessage = (failure: FailureRecord): FailedPartition => ({
  partition: failure.partition,
  heldFrom: failure.heldFrom,
  quarantined: failure.nextRetry === undefined,
  attemptCount: failure.attemptCount,
  attempts: failure.attempts.map(({ at, number, message, stack }) => ({
    at: timestampOf(at),
    sequenceNumber: number,
    message,
    stack,
  })),
  ...(failure.nextRetry === undefined ? {} : { nextRetry: timestampOf(failure.nextRetry) }),
});
