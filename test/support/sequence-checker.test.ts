/** The judge of ordered sequences finds each fault that there can be, and none where there is none. */
import type { Document } from 'mongodb';
import { sequenceObjections, type SequenceEvidence } from './sequence-checker';

const at = (n: number): Date => new Date(1_000 * n);
const ID = 'seq';
const METADATA = { correlationId: 'corr', causationId: 'cause', source: { type: 'task', id: 't', name: '' }, tags: {} };
const STRATEGY = { type: 'compensating_events', max_retries: 1, compensating_events: [] };
const BEGUN = { name: 'n', description: '', version: '1.0.0', metadata: METADATA };
const PENDING = { required: true, status: 'pending', processingTimestamp: null };

const DOCUMENT = {
  sequenceId: ID,
  ...BEGUN,
  status: 'created',
  events: ['a', 'b', 'c'].map((eventId, i) => ({ eventId, order: i + 1, ...PENDING })),
  created_at: at(0).toISOString(),
  updated_at: at(0).toISOString(),
  completed_at: null,
  rollback_strategy: STRATEGY,
};

const COMPENSATION = { correlationId: 'corr', causationId: 'b', sequence: 'event-log' };
const RENDERED = [0, 1].map((entry) => ({
  entry,
  eventType: `undone-${entry}`,
  eventId: `${ID}/rollback/${entry}`,
  eventSourceId: 'source',
  content: { entry },
  ...COMPENSATION,
}));

const event = (_id: number, eventId: string, fields: Document): Document => ({
  _id,
  eventId,
  correlationId: 'corr',
  causedBy: 'annals',
  eventSourceId: ID,
  occurred: at(_id),
  ...fields,
});

const arrived = (step: number, eventId: string) => ({ type: 'StepArrived', step, eventId, eventType: `t-${eventId}` });
const answered = { doneWhen: 'processed', by: 'p', output: null };
const failed = { type: 'StepFailed', step: 1, code: 'closed', message: 'closed', by: 'p' };

/** The first step is processed, the second fails at its second attempt, and two events undo it. */
const ENTRIES = (): (Document & { type: string })[] => [
  { type: 'SequenceCreated', document: DOCUMENT, depth: 0 },
  arrived(0, 'a'),
  { type: 'StepStarted', step: 0, attempt: 1 },
  { type: 'StepProcessed', step: 0, attempt: 1, ...answered },
  arrived(1, 'b'),
  { type: 'StepStarted', step: 1, attempt: 1 },
  { ...failed, attempt: 1, permanent: false, retryAt: 7 },
  { type: 'StepStarted', step: 1, attempt: 2 },
  { type: 'StepStarted', step: 1, attempt: 2 }, // another processor
  { ...failed, attempt: 2, permanent: true, retryAt: null },
  { type: 'SequenceFailed', step: 1, code: 'closed', message: 'closed', then: 'rollback' },
  { type: 'RollbackRendered', compensations: RENDERED, left: [] },
  { type: 'CompensationAppended', entry: 0, sequenceNumber: 2 },
  { type: 'CompensationAppended', entry: 1, sequenceNumber: 3 },
  { type: 'RollbackCompleted' },
];

const CAUSES = ['cause', 'a', 'a', 'a', ...Array.from({ length: 11 }, () => 'b')];

const logOf = (entries: readonly (Document & { type: string })[]): Document[] =>
  entries.map(({ type, ...says }, i) =>
    event(i, i === 0 ? `created/${ID}` : `entry-${i}`, { type, causationId: CAUSES[i], content: { '1': says } }),
  );

const step = (i: number, status: string, processed: Date | null, updated: Date) => ({
  document: { eventId: 'abc'[i], order: i + 1, required: true, status, processingTimestamp: processed },
  row: {
    _id: `${ID}/${i}`,
    sequence_id: ID,
    event_id: 'abc'[i],
    order: i + 1,
    required: true,
    status,
    processing_timestamp: processed,
    created_at: at(0),
    updated_at: updated,
  },
});

const STEPS = () => [
  step(0, 'processed', at(3), at(3)),
  step(1, 'failed', at(9), at(9)),
  step(2, 'pending', null, at(0)),
];

interface Mutable {
  entries: (Document & { type: string })[];
  log: Document[];
  events: Document[];
  rows: Document[];
  stepRows: Document[];
  asked: { sequenceId: string; eventId: string; key: string }[];
}

const evidence = (): Mutable => ({
  entries: ENTRIES(),
  log: [],
  events: [
    ...['a', 'b'].map((id, i) => event(i, id, { type: `t-${id}`, causationId: '', content: { '1': {} } })),
    ...RENDERED.map(({ eventId, eventType, eventSourceId, content }, i) =>
      event(i + 2, eventId, { type: eventType, eventSourceId, causationId: 'b', content: { '1': content } }),
    ),
  ],
  rows: [
    {
      _id: 0,
      sequence_id: ID,
      ...BEGUN,
      status: 'failed',
      events: STEPS().map((one) => one.document),
      created_at: at(0),
      updated_at: at(14),
      completed_at: null,
      rollback_strategy: STRATEGY,
      handling: { last: 14, phase: 'settled', outcome: 'rolled_back' },
    },
  ],
  stepRows: STEPS().map((one) => one.row),
  asked: ['a', 'b', 'b', 'b'].map((eventId) => ({ sequenceId: ID, eventId, key: `${ID}/${'ab'.indexOf(eventId)}` })),
});

/** What the checker says when this was done to evidence that is as it should be. */
function saidOf(plant: (found: Mutable) => unknown): string {
  const found = evidence();
  plant(found);
  const log = found.log.length > 0 ? found.log : logOf(found.entries);
  return sequenceObjections({ ...found, log } satisfies SequenceEvidence).join('\n');
}

const inLog = (change: (log: Document[]) => unknown) => (found: Mutable) => {
  found.log = logOf(found.entries);
  change(found.log);
};

it('where all agrees there is no objection', () => {
  expect(saidOf(() => undefined)).toBe('');
});

it.each<[string, (found: Mutable) => unknown, RegExp]>([
  [
    'a compensating event is there twice',
    ({ events }) => events.push({ ...events[2], _id: 4 }),
    /is there 2 times|twice/,
  ],
  ['a compensating event is missing', ({ events }) => events.splice(3, 1), /undone-1\) is there 0 times/],
  [
    'it has another cause',
    ({ events }) => Object.assign(events[2] ?? {}, { causationId: 'a' }),
    /causationId is "a", not "b"/,
  ],
  [
    'it has another correlation',
    ({ events }) => Object.assign(events[3] ?? {}, { correlationId: 'x' }),
    /correlationId is "x"/,
  ],
  [
    'it is not as it was rendered',
    ({ events }) => Object.assign(events[2] ?? {}, { content: { '1': { entry: 7 } } }),
    /content is/,
  ],
  [
    'it has another number than the log says',
    ({ entries }) => Object.assign(entries[12] ?? {}, { sequenceNumber: 1 }),
    /number is/,
  ],
  [
    'they came in another order',
    ({ entries }) => {
      Object.assign(entries[12] ?? {}, { sequenceNumber: 3 });
      Object.assign(entries[13] ?? {}, { sequenceNumber: 2 });
    },
    /appended in another order/,
  ],
  [
    'one was never rendered',
    ({ events }) => events.push(event(4, `${ID}/rollback/9`, { type: 't', causationId: 'b', content: { '1': {} } })),
    /rollback\/9 is on the log and was never rendered/,
  ],
  ['it was rendered anew', ({ entries }) => entries.splice(12, 0, entries[11] ?? { type: '' }), /rendered 2 times/],
  ['its appending is told twice', ({ entries }) => entries.splice(14, 0, entries[13] ?? { type: '' }), /says 2 times/],
  ['a log has a hole', ({ events }) => Object.assign(events[3] ?? {}, { _id: 9 }), /business log has 9 at place 3/],
  [
    'an entry has another cause',
    inLog((log) => Object.assign(log[11] ?? {}, { causationId: 'a' })),
    /RollbackRendered\) has cause a/,
  ],
  [
    'an entry has another correlation',
    inLog((log) => Object.assign(log[5] ?? {}, { correlationId: '' })),
    /entry 5 .*correlation/,
  ],
  [
    'an entry was caused by somebody',
    inLog((log) => Object.assign(log[9] ?? {}, { causedBy: 'ada' })),
    /caused by ada/,
  ],
  ['it was created under another id', inLog((log) => Object.assign(log[0] ?? {}, { eventId: 'x' })), /created under x/],
  [
    'a step is processed past the failed one',
    ({ entries }) => entries.splice(10, 0, { type: 'StepProcessed', step: 2, attempt: 1, ...answered }),
    /step 2 comes before step 1 is done/,
  ],
  [
    'a step starts past the failed one',
    ({ entries }) => entries.splice(11, 0, { type: 'StepStarted', step: 2, attempt: 1 }),
    /step 2 goes past failed step 1/,
  ],
  [
    'a step starts out of its turn',
    ({ entries }) => entries.splice(1, 2, arrived(1, 'b'), { type: 'StepStarted', step: 1, attempt: 1 }),
    /comes before step 0 is done/,
  ],
  [
    'a step is answered twice',
    ({ entries }) => entries.splice(4, 0, entries[3] ?? { type: '' }),
    /step 0 comes after it has processed/,
  ],
  ['something follows its end', ({ entries }) => entries.push(arrived(2, 'c')), /comes after RollbackCompleted/],
  [
    'an attempt is left out',
    ({ entries }) => Object.assign(entries[7] ?? {}, { attempt: 3 }),
    /of attempt 3 of step 1, not of 2/,
  ],
  [
    'a step is asked for under another key',
    ({ asked }) => asked.push({ sequenceId: ID, eventId: 'b', key: 'other' }),
    /asked for under other/,
  ],
  [
    'a step is asked for that is none',
    ({ asked }) => asked.push({ sequenceId: ID, eventId: 'z', key: 'z' }),
    /which is no step/,
  ],
  [
    'a step is asked for before its time',
    ({ asked }) => asked.push({ sequenceId: ID, eventId: 'c', key: `${ID}/2` }),
    /before it was recorded/,
  ],
  ['there is no row', ({ rows }) => rows.pop(), /it has no row/],
  ['there are two rows', ({ rows }) => rows.push(rows[0] ?? {}), /it has 2 rows/],
  ['there is a row of nothing', ({ rows }) => rows.push({ ...rows[0], sequence_id: 'x' }), /x has a row and no log/],
  [
    'a row has another status',
    ({ rows }) => Object.assign(rows[0] ?? {}, { status: 'in_progress' }),
    /its row: status/,
  ],
  ['a row has another time', ({ rows }) => Object.assign(rows[0] ?? {}, { updated_at: at(13) }), /its row: updated_at/],
  [
    'a row has another step',
    ({ rows }) => Object.assign(rows[0]?.['events'][1], { status: 'pending' }),
    /its row: events/,
  ],
  ['a row is behind', ({ rows }) => Object.assign(rows[0]?.['handling'], { last: 13 }), /its handling: last/],
  ['a row of a step is missing', ({ stepRows }) => stepRows.pop(), /it has 2 rows of 3 steps/],
  [
    'a row of a step has another status',
    ({ stepRows }) => Object.assign(stepRows[0] ?? {}, { status: 'failed' }),
    /the row of step 0: status/,
  ],
])('it is told that %s', (_, plant, told) => {
  expect(saidOf(plant)).toMatch(told);
});
