import type { MethodDefinition } from '@grpc/grpc-js';
import { decodeGetEventResponse, decodeReadResponse, decodeSubscribeResponse } from '../contract/event-codec';
import type { CancelReplayRequest } from '../contract/generated/annals/v1/CancelReplayRequest';
import type { CancelReplayResponse__Output } from '../contract/generated/annals/v1/CancelReplayResponse';
import type { GetEventRequest } from '../contract/generated/annals/v1/GetEventRequest';
import type { GetTailRequest } from '../contract/generated/annals/v1/GetTailRequest';
import type { GetTailResponse__Output } from '../contract/generated/annals/v1/GetTailResponse';
import type { ListFailedPartitionsRequest } from '../contract/generated/annals/v1/ListFailedPartitionsRequest';
import type { ListFailedPartitionsResponse__Output } from '../contract/generated/annals/v1/ListFailedPartitionsResponse';
import type { ListSequencesRequest } from '../contract/generated/annals/v1/ListSequencesRequest';
import type { ListSequencesResponse__Output } from '../contract/generated/annals/v1/ListSequencesResponse';
import type { ObserversGetRequest } from '../contract/generated/annals/v1/ObserversGetRequest';
import type { ObserversGetResponse__Output } from '../contract/generated/annals/v1/ObserversGetResponse';
import type { ObserversListRequest } from '../contract/generated/annals/v1/ObserversListRequest';
import type { ObserversListResponse__Output } from '../contract/generated/annals/v1/ObserversListResponse';
import type { ObserversWatchRequest } from '../contract/generated/annals/v1/ObserversWatchRequest';
import type { ObserversWatchResponse__Output } from '../contract/generated/annals/v1/ObserversWatchResponse';
import type { PauseRequest } from '../contract/generated/annals/v1/PauseRequest';
import type { PauseResponse__Output } from '../contract/generated/annals/v1/PauseResponse';
import type { ReadRequest } from '../contract/generated/annals/v1/ReadRequest';
import type { ReplayRequest } from '../contract/generated/annals/v1/ReplayRequest';
import type { ReplayResponse__Output } from '../contract/generated/annals/v1/ReplayResponse';
import type { ResumeRequest } from '../contract/generated/annals/v1/ResumeRequest';
import type { ResumeResponse__Output } from '../contract/generated/annals/v1/ResumeResponse';
import type { RetryPartitionRequest } from '../contract/generated/annals/v1/RetryPartitionRequest';
import type { RetryPartitionResponse__Output } from '../contract/generated/annals/v1/RetryPartitionResponse';
import type { ServerDiagnoseRequest } from '../contract/generated/annals/v1/ServerDiagnoseRequest';
import type { ServerDiagnoseResponse__Output } from '../contract/generated/annals/v1/ServerDiagnoseResponse';
import type { ServerGetInfoRequest } from '../contract/generated/annals/v1/ServerGetInfoRequest';
import type { ServerGetInfoResponse__Output } from '../contract/generated/annals/v1/ServerGetInfoResponse';
import type { SkipEventRequest } from '../contract/generated/annals/v1/SkipEventRequest';
import type { SkipEventResponse__Output } from '../contract/generated/annals/v1/SkipEventResponse';
import type { StoresEnsureRequest } from '../contract/generated/annals/v1/StoresEnsureRequest';
import type { StoresEnsureResponse__Output } from '../contract/generated/annals/v1/StoresEnsureResponse';
import type { StoresListRequest } from '../contract/generated/annals/v1/StoresListRequest';
import type { StoresListResponse__Output } from '../contract/generated/annals/v1/StoresListResponse';
import type { SubscribeRequest } from '../contract/generated/annals/v1/SubscribeRequest';
import type { WaitForRequest } from '../contract/generated/annals/v1/WaitForRequest';
import type { WaitForResponse__Output } from '../contract/generated/annals/v1/WaitForResponse';
import type { EventBatch, WireEvent } from '../contract/messages';
import { serviceDefinition } from '../contract/services';

/**
 * Every call that the client makes: its path, how its request becomes bytes and its response is read.
 * Requests and rare responses go through the general serializer, which is loaded when the first of
 * them is made; events and appends have codecs of their own.
 */
export interface Call<Request, Response> {
  readonly path: string;
  encode(request: Request): Buffer;
  decode(bytes: Buffer): Response;
}

/** Needs no general serializer: a program that only appends never loads the protos. */
export const APPEND_STREAM_PATH = '/annals.v1.EventSequences/AppendStream';

export const OBSERVE_PATH = '/annals.v1.Observers/Observe';

type Service = 'EventSequences' | 'Observers' | 'Stores' | 'Server';

function definition(service: Service, name: string): MethodDefinition<unknown, unknown> {
  const found = serviceDefinition(service)[name];
  if (found === undefined) throw new Error(`the contract has no ${service}.${name}`);
  return found;
}

function call<Request, Response>(
  service: Service,
  name: string,
  decode?: (bytes: Buffer) => Response,
): Call<Request, Response> {
  return {
    path: `/annals.v1.${service}/${name}`,
    encode: (request) => definition(service, name).requestSerialize(request),
    // The generated type says what the general deserializer gives for this call.
    decode: decode ?? ((bytes) => definition(service, name).responseDeserialize(bytes) as Response),
  };
}

export const READ = call<ReadRequest, EventBatch>('EventSequences', 'Read', decodeReadResponse);
export const SUBSCRIBE = call<SubscribeRequest, EventBatch>('EventSequences', 'Subscribe', decodeSubscribeResponse);
export const GET_EVENT = call<GetEventRequest, WireEvent | undefined>(
  'EventSequences',
  'GetEvent',
  decodeGetEventResponse,
);
export const GET_TAIL = call<GetTailRequest, GetTailResponse__Output>('EventSequences', 'GetTail');
export const LIST_SEQUENCES = call<ListSequencesRequest, ListSequencesResponse__Output>(
  'EventSequences',
  'ListSequences',
);
export const ENSURE_STORE = call<StoresEnsureRequest, StoresEnsureResponse__Output>('Stores', 'Ensure');
export const LIST_STORES = call<StoresListRequest, StoresListResponse__Output>('Stores', 'List');
export const GET_INFO = call<ServerGetInfoRequest, ServerGetInfoResponse__Output>('Server', 'GetInfo');
export const DIAGNOSE = call<ServerDiagnoseRequest, ServerDiagnoseResponse__Output>('Server', 'Diagnose');

export const LIST_OBSERVERS = call<ObserversListRequest, ObserversListResponse__Output>('Observers', 'List');
export const GET_OBSERVER = call<ObserversGetRequest, ObserversGetResponse__Output>('Observers', 'Get');
export const WATCH_OBSERVERS = call<ObserversWatchRequest, ObserversWatchResponse__Output>('Observers', 'Watch');
export const REPLAY = call<ReplayRequest, ReplayResponse__Output>('Observers', 'Replay');
export const CANCEL_REPLAY = call<CancelReplayRequest, CancelReplayResponse__Output>('Observers', 'CancelReplay');
export const RETRY_PARTITION = call<RetryPartitionRequest, RetryPartitionResponse__Output>(
  'Observers',
  'RetryPartition',
);
export const SKIP_EVENT = call<SkipEventRequest, SkipEventResponse__Output>('Observers', 'SkipEvent');
export const PAUSE_OBSERVER = call<PauseRequest, PauseResponse__Output>('Observers', 'Pause');
export const RESUME_OBSERVER = call<ResumeRequest, ResumeResponse__Output>('Observers', 'Resume');
export const LIST_FAILED_PARTITIONS = call<ListFailedPartitionsRequest, ListFailedPartitionsResponse__Output>(
  'Observers',
  'ListFailedPartitions',
);
export const WAIT_FOR = call<WaitForRequest, WaitForResponse__Output>('Observers', 'WaitFor');
