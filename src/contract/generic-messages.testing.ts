import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { contract, serviceDefinition } from './services';
import type {
  AnnouncementKind,
  AppendRequest,
  AppendResponse,
  AppendStreamResult,
  Compensation,
  ContentType,
  EventFilter,
  WireEvent,
} from './messages';

/**
 * The structures of the hot path as the general serializer of the same protos takes and gives them,
 * so that tests can hold the hand-written codecs against it.
 */

export const timestamp = (ms: number) => {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
};

const optional = <K extends string, V>(key: K, value: V | undefined) => (value === undefined ? {} : { [key]: value });

export const enumName = (type: ContentType): string =>
  ['CONTENT_TYPE_UNSPECIFIED', 'CONTENT_TYPE_JSON', 'CONTENT_TYPE_BSON'][type] ?? '';

const genericFilter = ({ correlationId, announcements = false, ...lists }: EventFilter) => ({
  ...lists,
  announcements,
  ...optional('correlationId', correlationId),
  ...(correlationId === undefined ? {} : { _correlationId: 'correlationId' }),
});

export const genericAppendRequest = (request: AppendRequest): object => ({
  sequence: request.sequence,
  events: request.events.map(({ eventId, occurred, validFrom, contentType, ...rest }) => ({
    ...rest,
    ...(eventId === undefined ? {} : { eventId, _eventId: 'eventId' }),
    occurred: occurred === undefined ? null : timestamp(occurred),
    validFrom: validFrom === undefined ? null : timestamp(validFrom),
    contentType: enumName(contentType),
  })),
  expectations: request.expectations.map(({ filter, lastSeen }) => ({
    filter: genericFilter(filter),
    ...(lastSeen === undefined ? {} : { lastSeen, _lastSeen: 'lastSeen' }),
  })),
});

export const genericAppendResponse = (response: AppendResponse): object =>
  'appended' in response
    ? { outcome: 'appended', appended: { ...response.appended, recorded: timestamp(response.appended.recorded) } }
    : {
        outcome: 'refused',
        refused: {
          violations: response.refused.violations.map(({ sequenceNumber, metadata = {}, ...rest }) => ({
            ...rest,
            metadata,
            ...(sequenceNumber === undefined ? {} : { sequenceNumber, _sequenceNumber: 'sequenceNumber' }),
          })),
        },
      };

export const genericAppendStreamResult = (result: AppendStreamResult): object =>
  'response' in result
    ? { requestId: result.requestId, result: 'response', response: genericAppendResponse(result.response) }
    : { requestId: result.requestId, result: 'failure', failure: result.failure };

const orNull = <T, R>(value: T | undefined, of: (value: T) => R): R | null => (value === undefined ? null : of(value));

const kindName = (kind: AnnouncementKind): string =>
  ['ANNOUNCEMENT_KIND_UNSPECIFIED', 'ANNOUNCEMENT_KIND_COMPENSATION', 'ANNOUNCEMENT_KIND_REDACTION'][kind] ?? '';

const genericCompensation = ({ occurred, recorded, validFrom, contentType, ...rest }: Compensation) => ({
  ...rest,
  occurred: timestamp(occurred),
  recorded: timestamp(recorded),
  validFrom: orNull(validFrom, timestamp),
  contentType: enumName(contentType),
});

export function genericEvent(event: WireEvent): object {
  const { occurred, recorded, validFrom, contentType, origin, announcement, redaction, ...rest } = event;
  const { effectiveCompensationId, compensations, ...same } = rest;
  return {
    ...same,
    ...optional('effectiveCompensationId', effectiveCompensationId),
    ...(effectiveCompensationId === undefined ? {} : { _effectiveCompensationId: 'effectiveCompensationId' }),
    occurred: timestamp(occurred),
    recorded: timestamp(recorded),
    validFrom: orNull(validFrom, timestamp),
    contentType: enumName(contentType),
    origin: orNull(origin, (of) => ({ ...of, recorded: timestamp(of.recorded) })),
    announcement: orNull(announcement, (of) => ({ ...of, kind: kindName(of.kind) })),
    redaction: orNull(redaction, (of) => ({ ...of, recorded: timestamp(of.recorded) })),
    compensations: compensations.map(genericCompensation),
  };
}

/** The general serializer and deserializer of one call. */
export function genericCodec(method: 'Append' | 'AppendStream' | 'Read' | 'Subscribe' | 'GetEvent') {
  const definition = serviceDefinition('EventSequences')[method];
  if (definition === undefined) throw new Error(`the contract has no ${method}`);
  return definition;
}

/** The general codec of one message by itself. */
export function genericMessage(name: 'Event' | 'AppendRequest'): MessageTypeDefinition<object, object> {
  // The loader types every entry as the union of services, messages and enums; the name says which it is.
  return contract()[`annals.v1.${name}`] as MessageTypeDefinition<object, object>;
}
