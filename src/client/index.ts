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
export {
  currentContext,
  withCause,
  withContext,
  type CausingEvent,
  type EventContext,
} from './causation/event-context';
export { handling, handlingTogether, type HandledEvent, type HandlingDetails } from './causation/handling';
export type { CompensateResult, NewCompensation, RedactOptions, RedactResult, RedactSelection } from './compensation';
export {
  constraint,
  UniqueEventTypeConstraint,
  UniqueValueConstraint,
  type TypeOrName,
} from './constraints/constraint';
export {
  ConstraintRefusedError,
  Constraints,
  type ConstraintInfo,
  type ConstraintRegisterOptions,
  type ConstraintState,
  type NamespaceConstraint,
  type RegisteredConstraint,
  type RegistrableConstraint,
} from './constraints/constraints';
export type {
  ClaimingType,
  ConstraintDefinition,
  ConstraintNames,
  UniqueEventType,
  UniqueValue,
} from './constraints/definition';
export type { ContentFormat } from './content-format';
export {
  Correlation,
  type CausesOptions,
  type EffectsOptions,
  type ReachOptions,
  type SequenceProgress,
  type TraceAbout,
  type TraceOptions,
} from './correlation/correlation';
export { Trace } from './correlation/trace';
export type {
  ObserverFailure,
  SequencePart,
  Sighting,
  TraceGap,
  TraceNode,
  TraceNodeKind,
} from './correlation/trace-node';
export { traceTree, type TraceBranch } from './correlation/trace-tree';
export type { GenerationOptions, View, ViewOptions } from './content-wanted';
export { AppendRefusedError } from './errors';
export type {
  ConversionTarget,
  EventTypeDefinition,
  GenerationDefinition,
  Migration,
  MigrationStep,
} from './event-types/definition';
export {
  EventType,
  eventType,
  generationsOf,
  TypeInGeneration,
  type AnyEventType,
  type ContentsOf,
  type EventDetails,
  type EventTypeStart,
  type Migrations,
  type TypedNewEvent,
} from './event-types/event-type';
export {
  EventTypes,
  type EventTypeInfo,
  type RegisteredType,
  type RegisterOptions,
  type Registrable,
} from './event-types/event-types';
export { schema, type ContentOfSchema, type JsonSchema, type TypedSchema } from './event-types/json-schema';
export type { MigrationPreview, PreviewOptions } from './event-types/preview';
export { step } from './event-types/steps';
export { EventCompensation } from './event-compensation';
export { ContentInGeneration } from './event-content';
export type { Filter, Selection } from './filter';
export {
  Identities,
  type DescribedIdentity,
  type ListIdentitiesOptions,
  type NewIdentity,
} from './identities/identities';
export type { FormerIdentity, IdentityDescription, IdentityInfo, IdentityKind } from './identities/identity-info';
export { JobFailedError, type JobFinding, type JobInfo, type JobState } from './jobs/job-info';
export { Jobs, RunningJob, type JobWaitOptions } from './jobs/jobs';
export type { EventFacts, Expectation, NewContent, NewEvent } from './new-event';
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
export { forward } from './links/forward';
export type {
  HeldPartition,
  LinkDefinitionInfo,
  LinkInfo,
  LinkMask,
  LinkState,
  RedrivenPartition,
} from './links/link-info';
export { Links, type AddedLink, type AddLinkOptions, type LinkSource, type RedriveOptions } from './links/links';
export type { Proof, ProofOutcome, ProofRange, ProveOptions } from './links/prove';
export { Observers, type ReplayOptions, type ReplayPlan, type Waited } from './observe/observers';
export type { Registered } from './observe/registration';
export { ReadResult, type ReadOptions } from './read';
export { RecordedEvent, type Announcement, type Origin, type Redaction, type UnknownContent } from './recorded-event';
export type { RebuildProgress } from './reduce/build';
export type { ModelCollection, ModelDatabase } from './reduce/database';
export type { ReducersByType } from './reduce/fold';
export type { ReduceOptions } from './reduce/options';
export type { RebuildOptions, RebuildResult } from './reduce/rebuild';
export { Reduction } from './reduce/reduction';
export { EventSequence, type AppendOptions, type AppendResult, type EventKey, type GetOptions } from './sequence';
export type { ConnectOptions } from './session';
export { Subscription, type SubscribeOptions, type SubscriptionState } from './subscription';
export type { OutboxCollection, OutboxDatabase, OutboxSession } from './transactional-outbox/database';
export {
  transactionalOutbox,
  TransactionalOutbox,
  type TransactionalOutboxOptions,
} from './transactional-outbox/outbox';
export { OutboxPump, type PumpOptions, type PumpState } from './transactional-outbox/pump';
export type { HeldOutboxEvent } from './transactional-outbox/row';
export type { CallOptions } from './unary';
export { OrderedSequences, type Resolved, type ResolveOptions } from './ordered-sequences/ordered-sequences';
export {
  Processing,
  type ProcessingState,
  type ProcessOptions,
  type StepHandler,
  type StepHandlers,
} from './ordered-sequences/processing';
export type {
  AuditEntry,
  CompensationInfo,
  OrderedSequenceInfo,
  RenderedTemplate,
  SequencePhase,
  SequenceStatistics,
  StepInfo,
} from './ordered-sequences/sequence-info';
export { Step } from './ordered-sequences/step';
export type { InstanceOf, ResolveAction, SequenceSelection } from './ordered-sequences/wire-selection';
export type {
  GivenDefinition,
  GivenDocument,
  Json,
  SequenceDefinition,
  SequenceDocument,
} from '../contract/sequence-document';
