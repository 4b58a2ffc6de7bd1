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
export { ReadResult, type ReadOptions } from './read';
export { RecordedEvent, type Origin, type UnknownContent } from './recorded-event';
export { EventSequence, type AppendOptions, type AppendResult, type EventKey } from './sequence';
export type { ConnectOptions } from './session';
export { Subscription, type SubscribeOptions, type SubscriptionState } from './subscription';
export type { CallOptions } from './unary';
