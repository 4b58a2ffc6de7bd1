/** The package: what a program that uses Annals imports. */

export { AnnalsError } from '../kernel/annals-error';
export type { ErrorCode } from '../kernel/error-registry';
export { LIMITS } from '../kernel/limits';
export type { Violation } from '../contract/messages';
export {
  Annals,
  connect,
  type Diagnosis,
  type Finding,
  type SequenceInfo,
  type ServerInfo,
  type StoreInfo,
} from './annals';
export type { ContentFormat } from './content-format';
export { AppendRefusedError } from './errors';
export type { Filter, Selection } from './filter';
export type { Expectation, NewEvent } from './new-event';
export { DeliveryContext } from './observe/delivery-context';
export { PermanentFailure } from './observe/failure';
export type {
  AnyEventOf,
  AnyTypes,
  EventHandler,
  EventOf,
  HandlersByType,
  ObservationState,
  ObserveOptions,
} from './observe/handlers';
export { Observation, type StopOptions } from './observe/observation';
export type { ObserveRxOptions } from './observe/observe-rx';
export type {
  FailedAttempt,
  FailedPartition,
  ObserverClientInfo,
  ObserverDefinitionInfo,
  ObserverInfo,
  ObserverState,
  ReplayProgress,
} from './observe/observer-info';
export { Observers, type ReplayOptions, type ReplayPlan, type Waited } from './observe/observers';
export type { Registered } from './observe/registration';
export { ReadResult, type ReadOptions } from './read';
export { RecordedEvent, type Origin, type UnknownContent } from './recorded-event';
export type { RebuildProgress } from './reduce/build';
export type { ModelCollection, ModelDatabase } from './reduce/database';
export type { ReducersByType } from './reduce/fold';
export type { ReduceOptions } from './reduce/options';
export type { RebuildOptions, RebuildResult } from './reduce/rebuild';
export { Reduction } from './reduce/reduction';
export { EventSequence, type AppendOptions, type AppendResult, type EventKey } from './sequence';
export type { ConnectOptions } from './session';
export { Subscription, type SubscribeOptions, type SubscriptionState } from './subscription';
export type { CallOptions } from './unary';
