import type { MethodDefinition } from '@grpc/grpc-js';
import { decodeGetEventResponse, decodeReadResponse, decodeSubscribeResponse } from '../contract/event-codec';
import type { CancelReplayRequest } from '../contract/generated/annals/v1/CancelReplayRequest';
import type { CancelReplayResponse__Output } from '../contract/generated/annals/v1/CancelReplayResponse';
import type { CompensateRequest } from '../contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse__Output } from '../contract/generated/annals/v1/CompensateResponse';
import type { ConstraintsListRequest } from '../contract/generated/annals/v1/ConstraintsListRequest';
import type { ConstraintsListResponse__Output } from '../contract/generated/annals/v1/ConstraintsListResponse';
import type { ConstraintsRegisterRequest } from '../contract/generated/annals/v1/ConstraintsRegisterRequest';
import type { ConstraintsRegisterResponse__Output } from '../contract/generated/annals/v1/ConstraintsRegisterResponse';
import type { ConstraintsRemoveRequest } from '../contract/generated/annals/v1/ConstraintsRemoveRequest';
import type { ConstraintsRemoveResponse__Output } from '../contract/generated/annals/v1/ConstraintsRemoveResponse';
import type { EventTypesGetRequest } from '../contract/generated/annals/v1/EventTypesGetRequest';
import type { EventTypesGetResponse__Output } from '../contract/generated/annals/v1/EventTypesGetResponse';
import type { EventTypesListRequest } from '../contract/generated/annals/v1/EventTypesListRequest';
import type { EventTypesListResponse__Output } from '../contract/generated/annals/v1/EventTypesListResponse';
import type { EventTypesRegisterRequest } from '../contract/generated/annals/v1/EventTypesRegisterRequest';
import type { EventTypesRegisterResponse__Output } from '../contract/generated/annals/v1/EventTypesRegisterResponse';
import type { EventTypesWatchRequest } from '../contract/generated/annals/v1/EventTypesWatchRequest';
import type { EventTypesWatchResponse__Output } from '../contract/generated/annals/v1/EventTypesWatchResponse';
import type { GetEventRequest } from '../contract/generated/annals/v1/GetEventRequest';
import type { GetTailRequest } from '../contract/generated/annals/v1/GetTailRequest';
import type { GetTailResponse__Output } from '../contract/generated/annals/v1/GetTailResponse';
import type { JobsCancelRequest } from '../contract/generated/annals/v1/JobsCancelRequest';
import type { JobsCancelResponse__Output } from '../contract/generated/annals/v1/JobsCancelResponse';
import type { JobsGetRequest } from '../contract/generated/annals/v1/JobsGetRequest';
import type { JobsGetResponse__Output } from '../contract/generated/annals/v1/JobsGetResponse';
import type { JobsListRequest } from '../contract/generated/annals/v1/JobsListRequest';
import type { JobsListResponse__Output } from '../contract/generated/annals/v1/JobsListResponse';
import type { JobsWatchRequest } from '../contract/generated/annals/v1/JobsWatchRequest';
import type { JobsWatchResponse__Output } from '../contract/generated/annals/v1/JobsWatchResponse';
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
import type { PreviewMigrationRequest } from '../contract/generated/annals/v1/PreviewMigrationRequest';
import type { PreviewMigrationResponse__Output } from '../contract/generated/annals/v1/PreviewMigrationResponse';
import type { ReadRequest } from '../contract/generated/annals/v1/ReadRequest';
import type { RedactRequest } from '../contract/generated/annals/v1/RedactRequest';
import type { RedactResponse__Output } from '../contract/generated/annals/v1/RedactResponse';
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
import type { StoresConfigureRequest } from '../contract/generated/annals/v1/StoresConfigureRequest';
import type { StoresConfigureResponse__Output } from '../contract/generated/annals/v1/StoresConfigureResponse';
import type { StoresEnsureRequest } from '../contract/generated/annals/v1/StoresEnsureRequest';
import type { StoresEnsureResponse__Output } from '../contract/generated/annals/v1/StoresEnsureResponse';
import type { StoresListRequest } from '../contract/generated/annals/v1/StoresListRequest';
import type { StoresListResponse__Output } from '../contract/generated/annals/v1/StoresListResponse';
import type { SubscribeRequest } from '../contract/generated/annals/v1/SubscribeRequest';
import type { WaitForRequest } from '../contract/generated/annals/v1/WaitForRequest';
import type { WaitForResponse__Output } from '../contract/generated/annals/v1/WaitForResponse';
import type { WriteGenerationsRequest } from '../contract/generated/annals/v1/WriteGenerationsRequest';
import type { WriteGenerationsResponse__Output } from '../contract/generated/annals/v1/WriteGenerationsResponse';
import type { EventBatch, WireEvent } from '../contract/messages';
import { serviceDefinition, type ServiceName } from '../contract/services';

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

function definition(service: ServiceName, name: string): MethodDefinition<unknown, unknown> {
  const found = serviceDefinition(service)[name];
  if (found === undefined) throw new Error(`the contract has no ${service}.${name}`);
  return found;
}

/** A call, read by the general deserializer unless it has a codec of its own. */
export function call<Request, Response>(
  service: ServiceName,
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

export const COMPENSATE = call<CompensateRequest, CompensateResponse__Output>('EventSequences', 'Compensate');
export const REDACT = call<RedactRequest, RedactResponse__Output>('EventSequences', 'Redact');
export const CONFIGURE_STORE = call<StoresConfigureRequest, StoresConfigureResponse__Output>('Stores', 'Configure');

export const REGISTER_EVENT_TYPES = call<EventTypesRegisterRequest, EventTypesRegisterResponse__Output>(
  'EventTypes',
  'Register',
);
export const LIST_EVENT_TYPES = call<EventTypesListRequest, EventTypesListResponse__Output>('EventTypes', 'List');
export const GET_EVENT_TYPE = call<EventTypesGetRequest, EventTypesGetResponse__Output>('EventTypes', 'Get');
export const WATCH_EVENT_TYPES = call<EventTypesWatchRequest, EventTypesWatchResponse__Output>('EventTypes', 'Watch');
export const PREVIEW_MIGRATION = call<PreviewMigrationRequest, PreviewMigrationResponse__Output>(
  'EventTypes',
  'PreviewMigration',
);
export const WRITE_GENERATIONS = call<WriteGenerationsRequest, WriteGenerationsResponse__Output>(
  'EventTypes',
  'WriteGenerations',
);

export const REGISTER_CONSTRAINT = call<ConstraintsRegisterRequest, ConstraintsRegisterResponse__Output>(
  'Constraints',
  'Register',
);
export const LIST_CONSTRAINTS = call<ConstraintsListRequest, ConstraintsListResponse__Output>('Constraints', 'List');
export const REMOVE_CONSTRAINT = call<ConstraintsRemoveRequest, ConstraintsRemoveResponse__Output>(
  'Constraints',
  'Remove',
);

export const LIST_JOBS = call<JobsListRequest, JobsListResponse__Output>('Jobs', 'List');
export const GET_JOB = call<JobsGetRequest, JobsGetResponse__Output>('Jobs', 'Get');
export const WATCH_JOB = call<JobsWatchRequest, JobsWatchResponse__Output>('Jobs', 'Watch');
export const CANCEL_JOB = call<JobsCancelRequest, JobsCancelResponse__Output>('Jobs', 'Cancel');
