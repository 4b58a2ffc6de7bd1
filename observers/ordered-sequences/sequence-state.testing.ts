/** States for suites: one as small as can be, and any that the types allow. */
import fc from 'fast-check';
import {
  DONE_WHEN,
  ON_EXHAUSTED,
  SEQUENCE_STATUSES,
  SOURCE_TYPES,
  STEP_STATUSES,
  STRATEGIES,
  type Json,
  type SequenceDocument,
  type SequenceEvent,
} from '../../src/contract/sequence-document';
import type { Handling, SequenceState, StepHandling } from './sequence-state';

export const AT = Date.parse('2026-03-01T12:00:00.000Z');

export const iso = (ms: number): string => new Date(ms).toISOString();

export const event = (eventId: string, over: Partial<SequenceEvent> = {}): SequenceEvent => ({
  eventId,
  order: 1,
  required: true,
  status: 'pending',
  processingTimestamp: null,
  ...over,
});

export const step = (over: Partial<StepHandling> = {}): StepHandling => ({
  arrived: null,
  doneWhen: null,
  attempts: 0,
  processor: '',
  started: null,
  deadline: null,
  retryAt: null,
  error: null,
  skipped: false,
  output: null,
  failures: [],
  updated: AT,
  ...over,
});

/** @param number of its first entry, and of its last unless `handling` says otherwise */
export function stateOfOne(
  sequenceId: string,
  number: number,
  document: Partial<SequenceDocument> = {},
  handling: Partial<Handling> = {},
): SequenceState {
  const events = document.events ?? [event(`${sequenceId}-a`), event(`${sequenceId}-b`, { order: 2 })];
  return {
    document: {
      sequenceId,
      name: 'invoice',
      description: '',
      version: '1.0.0',
      status: 'in_progress',
      events,
      metadata: {
        correlationId: `c-${sequenceId}`,
        causationId: '',
        source: { type: 'workflow', id: 'w', name: 'W' },
        tags: {},
      },
      created_at: iso(AT),
      updated_at: iso(AT),
      completed_at: null,
      rollback_strategy: { type: 'manual', max_retries: 0, compensating_events: [] },
      ...document,
    },
    handling: {
      last: number,
      created: number,
      depth: 0,
      phase: 'running',
      paused: false,
      outcome: null,
      reason: '',
      steps: events.map(() => step()),
      failure: null,
      rollback: null,
      ...handling,
    },
  };
}

/** The same after it was completed. */
export const completed = (state: SequenceState, last: number, at: number): SequenceState => ({
  document: { ...state.document, status: 'completed', updated_at: iso(at), completed_at: iso(at) },
  handling: { ...state.handling, last, phase: 'settled', outcome: 'completed' },
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const moment = fc.integer({ min: 0, max: 253_402_300_799_999 });
const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const key = fc.oneof(
  text,
  fc.constantFrom('$inc', '$ref', '$id', '_bsontype', '__proto__', 'a.b', '％2E', '％', '', '0', '\0'),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), number, fc.constant(-0)),
    text,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const arrived = fc.record({
  eventId: text,
  sequenceNumber: number,
  eventType: text,
  eventSourceId: text,
  correlationId: text,
});

const anyStep: fc.Arbitrary<StepHandling> = fc.record({
  arrived: maybe(arrived),
  doneWhen: maybe(fc.constantFrom(...DONE_WHEN)),
  attempts: fc.nat(),
  processor: text,
  started: maybe(moment),
  deadline: maybe(moment),
  retryAt: maybe(moment),
  error: maybe(fc.record({ code: text, message: text, permanent: fc.boolean() })),
  skipped: fc.boolean(),
  output: json,
  failures: fc.array(fc.record({ code: text, failures: fc.nat(), retries: fc.nat(), message: text, last: number }), {
    maxLength: 2,
  }),
  updated: moment,
});

const anyEvent: fc.Arbitrary<SequenceEvent> = fc.record(
  {
    eventId: text,
    order: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    required: fc.boolean(),
    status: fc.constantFrom(...STEP_STATUSES),
    processingTimestamp: maybe(moment.map(iso)),
    processing: fc.record({
      done_when: fc.constantFrom(...DONE_WHEN),
      timeout: fc.double({ min: 0.1, max: 1e6, noNaN: true }),
    }),
    matches: fc.record({ event_type: text, by: fc.constant('property' as const), property: text, value: text }),
  },
  { requiredKeys: ['eventId', 'order', 'required', 'status', 'processingTimestamp'] },
);

const compensation = fc.record({
  entry: fc.nat(99),
  eventType: text,
  eventId: text,
  eventSourceId: text,
  sequence: text,
  content: json,
  correlationId: text,
  causationId: text,
  sequenceNumber: maybe(number),
});

const steps = fc.array(fc.tuple(anyEvent, anyStep), { minLength: 1, maxLength: 3 });

const anyDocument = fc.record(
  {
    sequenceId: text,
    name: text,
    description: text,
    version: text,
    status: fc.constantFrom(...SEQUENCE_STATUSES),
    metadata: fc.record({
      correlationId: text,
      causationId: text,
      source: fc.record({ type: fc.constantFrom(...SOURCE_TYPES), id: text, name: text }),
      tags: fc.array(fc.tuple(key, text), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
    }),
    created_at: maybe(moment.map(iso)),
    updated_at: maybe(moment.map(iso)),
    completed_at: maybe(moment.map(iso)),
    rollback_strategy: fc.record(
      {
        type: fc.constantFrom(...STRATEGIES),
        max_retries: fc.nat(1000),
        compensating_events: fc.array(fc.record({ eventId: text, payload_template: json }), { maxLength: 2 }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        on_exhausted: fc.constantFrom(...ON_EXHAUSTED),
      },
      { requiredKeys: ['type', 'max_retries', 'compensating_events'] },
    ),
    event_sequence: text,
    continue_past_failure: fc.boolean(),
  },
  {
    requiredKeys: [
      'sequenceId',
      'name',
      'description',
      'version',
      'status',
      'metadata',
      'created_at',
      'updated_at',
      'completed_at',
      'rollback_strategy',
    ],
  },
);

const anyHandling = fc.record({
  last: number,
  created: number,
  depth: fc.nat(16),
  phase: fc.constantFrom('running' as const, 'rolling-back' as const, 'needs-person' as const, 'settled' as const),
  paused: fc.boolean(),
  outcome: maybe(
    fc.constantFrom('completed' as const, 'failed' as const, 'rolled_back' as const, 'cancelled' as const),
  ),
  reason: text,
  failure: maybe(fc.record({ step: fc.nat(2), code: text, message: text })),
  rollback: maybe(
    fc.record({
      compensations: maybe(fc.array(compensation, { maxLength: 2 })),
      left: fc.array(fc.record({ entry: fc.nat(99), why: text }), { maxLength: 2 }),
      stopped: maybe(fc.record({ entry: fc.nat(99), faults: fc.array(text, { maxLength: 2 }) })),
    }),
  ),
});

export const anyState: fc.Arbitrary<SequenceState> = fc
  .tuple(anyDocument, steps, anyHandling)
  .map(([document, both, handling]) => ({
    document: { ...document, events: both.map(([one]) => one) },
    handling: { ...handling, steps: both.map(([, one]) => one) },
  }));
