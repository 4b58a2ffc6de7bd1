/**
 * The ordered sequence that is worked: three steps one after the other, with a rollback that none of them needs. And what
 * the log says of one from its beginning to its end, as the documents that Annals would store, for the raw driver.
 */
import { Long, type Document } from 'mongodb';
import { createdEventId } from '../observers/ordered-sequences/derived-ids';
import type { SequenceEntry } from '../observers/ordered-sequences/log-entry';
import type { NewEvent, SequenceDocument } from '../src/client';
import { newId } from '../src/kernel/ids';
import { MIN_DATE_MS } from '../src/kernel/limits';
import { newEvent } from './documents';

export const STEPS = 3;

/** The types of its events: one for each step, for processors to take. */
export const STEP_TYPES = ['invoice.created', 'invoice.booked', 'invoice.noticed'] as const;

/** Ordered sequences that belong to one business operation, where several do. */
export const OF_ONE_OPERATION = 10;

export const stepEventId = (id: string, step: number): string => `${id}/${STEP_TYPES[step] ?? ''}`;

/** The event of a step, as a program appends it. */
export const stepEvent = (id: string, step: number): NewEvent => ({
  ...newEvent(step),
  type: STEP_TYPES[step] ?? '',
  eventId: stepEventId(id, step),
  eventSourceId: id,
  correlationId: id,
});

export const stepEvents = (id: string): NewEvent[] => STEP_TYPES.map((_, step) => stepEvent(id, step));

/** One that has just begun; written out, with nothing left to defaults, so that the log has it in the same form. */
export const sagaOf = (id: string): SequenceDocument => ({
  sequenceId: id,
  name: 'invoice creation',
  description: 'Creates an invoice, books it, and tells the customer',
  version: '1.0.0',
  status: 'created',
  events: STEP_TYPES.map((_, step) => ({
    eventId: stepEventId(id, step),
    order: step + 1,
    required: true,
    status: 'pending',
    processingTimestamp: null,
  })),
  metadata: {
    correlationId: id,
    causationId: '',
    source: { type: 'workflow', id: 'billing', name: 'the benchmark' },
    tags: { region: 'north' },
  },
  created_at: null,
  updated_at: null,
  completed_at: null,
  rollback_strategy: {
    type: 'compensating_events',
    max_retries: 3,
    compensating_events: [
      {
        eventId: 'invoice.cancelled',
        payload_template: {
          customer: '${events[0].payload.customer}',
          reason: 'Sequence failure: ${error.message}',
        },
      },
      { eventId: 'invoice.entry_reversed', payload_template: { n: '${events[1].output.n}' }, compensates: 2 },
    ],
  },
});

/** How many months back the oldest of those that are over goes. */
export const MONTHS = 12;

/** One of many that are over, as it is taken over from elsewhere: by its number it has a month and an operation. */
export function completedSaga(n: number): SequenceDocument {
  const at = monthsAgo(n % MONTHS);
  const saga = sagaOf(`done-${n}`);
  return {
    ...saga,
    status: 'completed',
    events: saga.events.map((event) => ({ ...event, status: 'processed', processingTimestamp: at })),
    metadata: {
      ...saga.metadata,
      correlationId: `operation-${Math.floor(n / OF_ONE_OPERATION)}`,
      causationId: `cause-${n}`,
    },
    created_at: at,
    updated_at: at,
    completed_at: at,
  };
}

function monthsAgo(months: number): string {
  const now = new Date();
  // A day that every month has.
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 15)).toISOString();
}

const SAID_BY = 'processor (0198c7f5-8a44-7d2c-b3a1-6f0d5c1e2a90)';

/** One that was begun like this, in the words of its log; the times are those of the documents below. */
const begun = (document: SequenceDocument): SequenceEntry => ({ type: 'SequenceCreated', document, depth: 0 });

const arrived = (id: string, step: number): SequenceEntry => ({
  type: 'StepArrived',
  step,
  eventId: stepEventId(id, step),
  sequenceNumber: step,
  eventType: STEP_TYPES[step] ?? '',
  eventSourceId: id,
  correlationId: id,
});

const started = (step: number): SequenceEntry => ({
  type: 'StepStarted',
  step,
  attempt: 1,
  doneWhen: 'processed',
  processor: SAID_BY,
  deadline: Date.now(),
});

const processed = (step: number): SequenceEntry => ({
  type: 'StepProcessed',
  step,
  attempt: 1,
  doneWhen: 'processed',
  by: SAID_BY,
  output: { n: step },
});

/**
 * The commits that a sequence needs once the events of its steps are there: a step is recorded before it is handed over,
 * and its answer together with the next step's beginning.
 */
export const workCommits = (id: string): Document[][] =>
  [
    [started(0)],
    [processed(0), started(1)],
    [processed(1), started(2)],
    [processed(2), { type: 'SequenceCompleted' } as const],
  ].map((entries) => entries.map((entry) => entryDocument(id, entry)));

/** All that the log says of one that was worked, in order. */
export const wholeLife = (id: string): Document[] =>
  [
    begun(sagaOf(id)),
    ...[0, 1, 2].flatMap((step) => [arrived(id, step), started(step), processed(step)]),
    { type: 'SequenceCompleted' } as const,
  ].map((entry) => entryDocument(id, entry));

/** The one entry of a document that is taken over. */
export const takenOver = (document: SequenceDocument): Document => entryDocument(document.sequenceId, begun(document));

/** An entry as the document that Annals makes of it; its number comes with its place. */
function entryDocument(id: string, { type, ...content }: SequenceEntry): Document {
  const now = new Date();
  return {
    _id: Long.ZERO,
    recorded: now,
    eventId: type === 'SequenceCreated' ? createdEventId(id) : newId(),
    correlationId: id,
    causationId: stepEventId(id, 0),
    causedBy: 'annals',
    type,
    generation: 1,
    occurred: now,
    validFrom: new Date(MIN_DATE_MS),
    eventSourceId: id,
    tags: [],
    content: { '1': content },
    compensations: [],
  };
}

export const numbered = (documents: readonly Document[], from: number): Document[] =>
  documents.map((document, i) => ({ ...document, _id: Long.fromNumber(from + i) }));
