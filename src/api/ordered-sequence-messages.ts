/** Ordered sequences on the wire. */
import type { NamespaceRef__Output } from '../contract/generated/annals/v1/NamespaceRef';
import type { AuditEntry } from '../contract/generated/annals/v1/AuditEntry';
import type { GetStatisticsResponse } from '../contract/generated/annals/v1/GetStatisticsResponse';
import type { OrderedSequence } from '../contract/generated/annals/v1/OrderedSequence';
import type { OrderedSequenceCompensation } from '../contract/generated/annals/v1/OrderedSequenceCompensation';
import type { OrderedSequenceFilter__Output } from '../contract/generated/annals/v1/OrderedSequenceFilter';
import type { OrderedSequencePhase } from '../contract/generated/annals/v1/OrderedSequencePhase';
import type { OrderedSequenceStep } from '../contract/generated/annals/v1/OrderedSequenceStep';
import type { RenderedTemplate } from '../contract/generated/annals/v1/RenderedTemplate';
import type { ResolveAction__Output } from '../contract/generated/annals/v1/ResolveAction';
import { durationOf } from '../contract/seconds-and-nanos';
import { atMost } from '../sequences/field-checks';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import { documentJson } from '../../observers/ordered-sequences/document-json';
import type {
  AuditedEntry,
  FoundSequence,
  NamespaceAddress,
  Previewed,
  SequenceFilter,
} from '../../observers/ordered-sequences/ordered-sequences';
import { parseJson } from '../../observers/ordered-sequences/parse-json';
import { SEQUENCE_STATUSES, SOURCE_TYPES, type Action, type Json } from '../contract/sequence-document';
import type { AppendedCompensation, Phase, SequenceState } from '../../observers/ordered-sequences/sequence-state';
import type { SequenceStatistics } from '../../observers/ordered-sequences/statistics';

const PHASE = {
  running: 'ORDERED_SEQUENCE_PHASE_RUNNING',
  'rolling-back': 'ORDERED_SEQUENCE_PHASE_ROLLING_BACK',
  'needs-person': 'ORDERED_SEQUENCE_PHASE_NEEDS_PERSON',
  settled: 'ORDERED_SEQUENCE_PHASE_SETTLED',
} as const satisfies Record<Phase, OrderedSequencePhase>;

const ACTION: Readonly<Partial<Record<ResolveAction__Output, Action>>> = {
  RESOLVE_ACTION_RETRY: 'retry',
  RESOLVE_ACTION_SKIP: 'skip',
  RESOLVE_ACTION_COMPLETE: 'complete',
  RESOLVE_ACTION_FAIL: 'fail',
  RESOLVE_ACTION_COMPENSATE: 'compensate',
  RESOLVE_ACTION_CANCEL: 'cancel',
  RESOLVE_ACTION_PAUSE: 'pause',
  RESOLVE_ACTION_RESUME: 'resume',
};

export const namespaceOf = (ref: NamespaceRef__Output | null): NamespaceAddress => ({
  store: ref?.store || DEFAULT_STORE,
  namespace: ref?.namespace || DEFAULT_NAMESPACE,
});

/** @throws AnnalsError INVALID_FIELD */
export function actionOf(action: ResolveAction__Output): Action {
  const known = ACTION[action];
  if (known !== undefined) return known;
  throw new AnnalsError('INVALID_FIELD', 'action is none that there is', { field: 'action' });
}

/** @throws AnnalsError INVALID_FIELD */
export function filterOf(filter: OrderedSequenceFilter__Output | null): SequenceFilter {
  if (filter === null) return {};
  const known = (values: readonly string[], value: string, field: string): void => {
    if (value === '' || values.includes(value)) return;
    throw new AnnalsError('INVALID_FIELD', `${field} is ${JSON.stringify(value)}; it is one of ${values.join(', ')}`, {
      field,
    });
  };
  filter.statuses.forEach((status, i) => {
    known(SEQUENCE_STATUSES, status, `filter.statuses[${i}]`);
  });
  known(SOURCE_TYPES, filter.sourceType, 'filter.source_type');
  // No row has longer ones, and the database would not take them.
  atMost(filter.correlationId, 'filter.correlation_id', LIMITS.metadataIdLength);
  atMost(filter.causationId, 'filter.causation_id', LIMITS.metadataIdLength);
  atMost(filter.sourceId, 'filter.source_id', LIMITS.sequenceNameLength);
  atMost(filter.name, 'filter.name', LIMITS.sequenceNameLength);
  atMost(filter.version, 'filter.version', LIMITS.sequenceVersionLength);
  atMost(filter.eventId, 'filter.event_id', LIMITS.eventIdLength);
  for (const [tag, value] of Object.entries(filter.tags)) atMost(`${tag}${value}`, 'filter.tags', 2 * LIMITS.tagLength);
  const tags = Object.keys(filter.tags).length;
  if (tags > LIMITS.sequenceTags) throw overLimit('filter.tags', LIMITS.sequenceTags, tags, 'tags');
  return { ...filter, statuses: [...new Set(filter.statuses)] };
}

/** One JSON value that templates may use. @throws AnnalsError INVALID_FIELD, INVALID_CONTENT, INVALID_UTF8 */
export function outputOf(bytes: Buffer, field: string): Json {
  const { stepOutputBytes } = LIMITS;
  if (bytes.length > stepOutputBytes) throw overLimit(field, stepOutputBytes, bytes.length, 'bytes');
  return parseJson(bytes, field);
}

export function sequenceMessage({ state, archived }: FoundSequence): OrderedSequence {
  const { document, handling } = state;
  return {
    document: documentJson(document),
    phase: PHASE[handling.phase],
    paused: handling.paused,
    reason: handling.reason,
    steps: document.events.map((_, place) => stepMessage(state, place)),
    compensations: handling.rollback?.compensations?.map(compensationMessage) ?? [],
    outcome: handling.outcome ?? '',
    logNumber: handling.last,
    archived: archived ?? '',
  };
}

/** About: its document and its outputs. */
export const bytesOf = ({ document, steps }: ReturnType<typeof sequenceMessage>): number =>
  (steps ?? []).reduce((sum, { output }) => sum + (output?.length ?? 0), document?.length ?? 0);

function stepMessage({ document, handling }: SequenceState, place: number): OrderedSequenceStep {
  const event = document.events[place];
  const step = handling.steps[place];
  if (event === undefined || step === undefined) throw new RangeError(`there is no step ${place}`);
  return {
    eventId: event.eventId,
    order: event.order,
    status: event.status,
    doneWhen: step.doneWhen ?? '',
    attempts: step.attempts,
    started: timeOf(step.started),
    nextAttempt: timeOf(step.retryAt),
    errorCode: step.error?.code ?? '',
    errorMessage: step.error?.message ?? '',
    skipped: step.skipped,
    output: step.output === null ? Buffer.alloc(0) : json(step.output),
    eventType: step.arrived?.eventType ?? event.matches?.event_type ?? '',
    ...(step.arrived === null ? {} : { sequenceNumber: step.arrived.sequenceNumber }),
  };
}

const compensationMessage = (compensation: AppendedCompensation): OrderedSequenceCompensation => ({
  entry: compensation.entry,
  eventType: compensation.eventType,
  eventId: compensation.eventId,
  eventSourceId: compensation.eventSourceId,
  sequence: compensation.sequence,
  content: json(compensation.content),
  ...(compensation.sequenceNumber === null ? {} : { sequenceNumber: compensation.sequenceNumber }),
});

export const renderedMessage = ({ content, faults, ...rendered }: Previewed): RenderedTemplate => ({
  ...rendered,
  content: content === undefined ? Buffer.alloc(0) : json(content),
  faults: [...faults],
});

export const auditMessage = ({ number, recorded, facts, ...entry }: AuditedEntry): AuditEntry => ({
  ...entry,
  logNumber: number,
  recorded: durationOf(recorded),
  facts: json(facts),
});

export const statisticsMessage = ({ counts, durations, failures }: SequenceStatistics): GetStatisticsResponse => ({
  counts: [...counts],
  durations: durations.map(({ average, shortest, longest, ...duration }) => ({
    ...duration,
    average: durationOf(average),
    shortest: durationOf(shortest),
    longest: durationOf(longest),
  })),
  failures: [...failures],
});

export const json = (value: Json): Buffer => Buffer.from(JSON.stringify(value));

const timeOf = (ms: number | null) => (ms === null ? null : durationOf(ms));
