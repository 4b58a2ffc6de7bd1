/**
 * A state as rows, and back. Pure, and always the same bytes for the same state, whether its entries were folded as they
 * were recorded or read from the log again. Times are dates in a row.
 */
import { calculateObjectSize } from 'bson';
import { Long } from 'mongodb';
import type { SequenceEventRow, SequenceRow, StoredHandling } from '../../src/storage/ordered-sequences/row-types';
import { fromStored, toStored } from '../../src/storage/ordered-sequences/stored-keys';
import { STORED } from './projection-tuning';
import type { SequenceDocument } from '../../src/contract/sequence-document';
import type { AppendedCompensation, Handling, Rollback, SequenceState, StepHandling } from './sequence-state';

export interface Rows {
  readonly sequence: SequenceRow;
  readonly events: SequenceEventRow[];
}

export const rowsOf = (state: SequenceState): Rows => ({
  sequence: sequenceRow(state),
  events: state.document.events.map((_, place) => eventRow(state, place)),
});

/** @param place of the step */
export function eventRow({ document, handling }: SequenceState, place: number): SequenceEventRow {
  const event = document.events[place];
  const step = handling.steps[place];
  if (event === undefined || step === undefined) throw new Error(`${document.sequenceId} has no step ${place}`);
  return {
    _id: `${document.sequenceId}/${place}`,
    sequence_id: document.sequenceId,
    event_id: event.eventId,
    order: event.order,
    required: event.required,
    status: event.status,
    processing_timestamp: date(event.processingTimestamp),
    created_at: date(document.created_at),
    updated_at: new Date(step.updated),
  };
}

export function sequenceRow(state: SequenceState): SequenceRow {
  const row = wholeRow(state);
  if (!mayBeLarge(state.handling) || calculateObjectSize(row) <= STORED.rowBytes) return row;
  const small = wholeRow({ ...state, handling: withoutTexts(state.handling) });
  return { ...small, handling: { ...small.handling, left_out: true } };
}

/** A document is small; beside it only a rollback, failures' messages and many outputs may be large. Most rows have few of them and are not measured. */
const mayBeLarge = ({ rollback, steps }: Handling): boolean =>
  rollback !== null ||
  steps.some(({ failures }) => failures.length > 0) ||
  steps.filter(({ output }) => output !== null).length > STORED.fewOutputs;

function wholeRow({ document, handling }: SequenceState): SequenceRow {
  const { event_sequence, continue_past_failure } = document;
  return {
    _id: Long.fromNumber(handling.created),
    sequence_id: document.sequenceId,
    name: document.name,
    description: document.description,
    version: document.version,
    status: document.status,
    events: document.events.map(({ eventId, order, required, status, processingTimestamp, processing, matches }) => ({
      eventId,
      order,
      required,
      status,
      processingTimestamp: date(processingTimestamp),
      ...(processing === undefined ? {} : { processing }),
      ...(matches === undefined ? {} : { matches }),
    })),
    metadata: stored(document.metadata),
    created_at: date(document.created_at),
    updated_at: date(document.updated_at),
    completed_at: date(document.completed_at),
    rollback_strategy: stored(document.rollback_strategy),
    ...(event_sequence === undefined ? {} : { event_sequence }),
    ...(continue_past_failure === undefined ? {} : { continue_past_failure }),
    handling: storedHandling(handling),
  };
}

/** The document alone, which every row has whole. */
export function documentOf(row: SequenceRow): SequenceDocument {
  const { _id: _, sequence_id: sequenceId, handling: __, ...rest } = row;
  const document = {
    sequenceId,
    ...rest,
    events: row.events.map((event) => ({ ...event, processingTimestamp: text(event.processingTimestamp) })),
    metadata: given(row.metadata),
    created_at: text(row.created_at),
    updated_at: text(row.updated_at),
    completed_at: text(row.completed_at),
    rollback_strategy: given(row.rollback_strategy),
  };
  // A row is made by `sequenceRow` alone, of a document.
  return document as unknown as SequenceDocument;
}

/** Undefined: the row had no room for all of the state. The log has it. */
export const stateOf = (row: SequenceRow): SequenceState | undefined =>
  row.handling.left_out === true ? undefined : shortStateOf(row);

/** The state for people: in one that was too large for a row, outputs and some messages are missing. */
export const shortStateOf = (row: SequenceRow): SequenceState => ({
  document: documentOf(row),
  handling: handlingOf(row.handling),
});

const storedHandling = ({ last, created, steps, rollback, ...rest }: Handling): StoredHandling => ({
  last: Long.fromNumber(last),
  created: Long.fromNumber(created),
  depth: rest.depth,
  phase: rest.phase,
  paused: rest.paused,
  outcome: rest.outcome,
  reason: rest.reason,
  steps: steps.map(storedStep),
  failure: rest.failure,
  rollback: rollback === null ? null : storedRollback(rollback),
});

function handlingOf({ left_out: _, ...handling }: StoredHandling): Handling {
  const whole = {
    ...handling,
    steps: handling.steps.map(stepOf),
    rollback: handling.rollback === null ? null : rollbackOf(handling.rollback),
  };
  // As above: it was a handling when it was stored, and numbers come back as numbers.
  return whole as unknown as Handling;
}

const storedStep = (step: StepHandling) => ({
  arrived:
    step.arrived === null ? null : { ...step.arrived, sequenceNumber: Long.fromNumber(step.arrived.sequenceNumber) },
  doneWhen: step.doneWhen,
  attempts: step.attempts,
  processor: step.processor,
  started: moment(step.started),
  deadline: moment(step.deadline),
  retryAt: moment(step.retryAt),
  error: step.error,
  skipped: step.skipped,
  output: toStored(step.output),
  failures: step.failures.map((tally) => ({ ...tally, last: Long.fromNumber(tally.last) })),
  updated: new Date(step.updated),
});

const stepOf = (step: StoredHandling['steps'][number]) => ({
  ...step,
  started: ms(step['started'] as Date | null),
  deadline: ms(step['deadline'] as Date | null),
  retryAt: ms(step['retryAt'] as Date | null),
  output: given(step['output']),
  updated: (step['updated'] as Date).getTime(),
});

const storedRollback = ({ compensations, left, stopped }: Rollback) => ({
  compensations: compensations?.map(storedCompensation) ?? null,
  left,
  stopped,
});

const storedCompensation = (compensation: AppendedCompensation) => ({
  entry: compensation.entry,
  eventType: compensation.eventType,
  eventId: compensation.eventId,
  eventSourceId: compensation.eventSourceId,
  sequence: compensation.sequence,
  content: toStored(compensation.content),
  correlationId: compensation.correlationId,
  causationId: compensation.causationId,
  sequenceNumber: compensation.sequenceNumber === null ? null : Long.fromNumber(compensation.sequenceNumber),
});

const rollbackOf = (rollback: NonNullable<StoredHandling['rollback']>) => ({
  ...rollback,
  compensations: rollback.compensations?.map((one) => ({ ...one, content: given(one['content']) })) ?? null,
});

/** What may be large and is for people, or is on the log for who needs it. */
const withoutTexts = (handling: Handling): Handling => ({
  ...handling,
  steps: handling.steps.map((step) => ({
    ...step,
    output: null,
    failures: step.failures.map((tally) => ({ ...tally, message: '' })),
  })),
});

type Stored = Parameters<typeof toStored>[0];

/** JSON that its author may have given any keys. Its type says so; and what it is, it is once it is stored, too. */
const stored = <T extends object>(value: T): T => toStored(value as Stored) as T;

const given = (value: unknown): Stored => fromStored(value as Stored);

const date = (time: string | null): Date | null => (time === null ? null : new Date(time));

const text = (time: Date | null): string | null => (time === null ? null : time.toISOString());

const moment = (time: number | null): Date | null => (time === null ? null : new Date(time));

const ms = (time: Date | null): number | null => (time === null ? null : time.getTime());
