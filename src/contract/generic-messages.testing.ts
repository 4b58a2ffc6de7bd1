import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { contract, serviceDefinition } from './services';
import type {
  AppendRequest,
  AppendResponse,
  AppendStreamResult,
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

const genericFilter = ({ correlationId, ...lists }: EventFilter) => ({
  ...lists,
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
          violations: response.refused.violations.map(({ sequenceNumber, ...rest }) => ({
            ...rest,
            ...(sequenceNumber === undefined ? {} : { sequenceNumber, _sequenceNumber: 'sequenceNumber' }),
          })),
        },
      };

export const genericAppendStreamResult = (result: AppendStreamResult): object =>
  'response' in result
    ? { requestId: result.requestId, result: 'response', response: genericAppendResponse(result.response) }
    : { requestId: result.requestId, result: 'failure', failure: result.failure };

export const genericEvent = ({ occurred, recorded, validFrom, contentType, origin, ...rest }: WireEvent): object => ({
  ...rest,
  occurred: timestamp(occurred),
  recorded: timestamp(recorded),
  validFrom: validFrom === undefined ? null : timestamp(validFrom),
  contentType: enumName(contentType),
  origin: origin === undefined ? null : { ...origin, recorded: timestamp(origin.recorded) },
});

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
