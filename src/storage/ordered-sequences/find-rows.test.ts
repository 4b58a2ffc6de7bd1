/** Thousands of sequences, most of them archived over a year: each kind of question is answered from all, by its index. */
import { MongoClient, type Db, type Document } from 'mongodb';
import { rowsOf } from '../../../observers/ordered-sequences/rows';
import { event, iso, stateOfOne, step } from '../../../observers/ordered-sequences/sequence-state.testing';
import type { SequenceState } from '../../../observers/ordered-sequences/sequence-state';
import { startReplicaSet, type ReplicaSet } from '../../../test/support/replica-set';
import { ACTIVE, archivePlace, archivePlaces, ensureCollections, ensurePlace, type Place } from './collections';
import { compensationsOf, findByEvents, stepsOf } from './find-by-event';
import { activeRows, findRow, listRows, pageOf, pipelineEverywhere } from './find-rows';
import { sequencesCausedBy, sequencesOfCorrelation, sequencesOfEvents } from './in-traces';
import { matching, type RowFilter } from './row-filter';
import type { SequenceRow } from './row-types';

const MONTHS = Array.from({ length: 12 }, (_, i) => `2026-${String(i + 1).padStart(2, '0')}`);
const PER_MONTH = 250;
const FAILED_PER_MONTH = PER_MONTH / 5;
const ACTIVE_ONES = 2_000;

let database: ReplicaSet;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  db = client.db('found');
  await ensureCollections(db);
  const archives = MONTHS.map(async (month, nth) => {
    const states = Array.from({ length: PER_MONTH }, (_, i) => {
      const state = one(`${month}/${i}`, nth * PER_MONTH + i, i % 5 === 0 ? 'failed' : 'completed');
      return { ...state, handling: { ...state.handling, phase: 'settled' as const } };
    });
    await ensurePlace(db, archivePlace(month));
    await put(archivePlace(month), states);
  });
  await Promise.all(archives);
  await put(
    ACTIVE,
    Array.from({ length: ACTIVE_ONES }, (_, i) => one(`active/${i}`, 100_000 + i, 'in_progress')),
  );
  await put(ACTIVE, [special]);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const one = (id: string, number: number, status: 'failed' | 'completed' | 'in_progress') =>
  stateOfOne(id, number, {
    status,
    name: `kind-${number % 7}`,
    metadata: {
      correlationId: `operation-${number % 1000}`,
      causationId: `cause-${id}`,
      source: { type: 'task', id: 't', name: '' },
      tags: { region: number % 2 === 0 ? 'eu' : 'us', 'a.b$': id },
    },
  });

const special = stateOfOne(
  'special',
  200_000,
  {
    status: 'failed',
    events: [event('special-event', { status: 'processed' })],
    metadata: { ...one('s', 0, 'failed').document.metadata, causationId: 'special-cause' },
  },
  {
    phase: 'needs-person',
    steps: [step()],
    rollback: {
      compensations: [
        {
          entry: 0,
          eventType: 't',
          eventId: 'special/rollback/0',
          eventSourceId: 's',
          sequence: 'event-log',
          content: {},
          correlationId: '',
          causationId: '',
          sequenceNumber: null,
        },
      ],
      left: [],
      stopped: { entry: 0, faults: ['no such property'] },
    },
  },
);

async function put({ sequences, events }: Place, states: readonly SequenceState[]) {
  const rows = states.map(rowsOf);
  await db.collection<SequenceRow>(sequences).insertMany(rows.map(({ sequence }) => sequence));
  await db.collection<{ _id: string }>(events).insertMany(rows.flatMap((row) => row.events));
}

const ids = async (filter: RowFilter, limit = 1000) =>
  (await listRows(db, filter, { before: undefined, limit, bytes: Infinity })).rows.map(({ row }) => row.sequence_id);

describe('by its index, in active ones and in each month', () => {
  /** The indexes that a plan uses, and whether it reads any collection from end to end. */
  const planOf = (plan: unknown): { readonly indexes: string[]; readonly scans: number } => {
    const found = { indexes: [] as string[], scans: 0 };
    JSON.stringify(plan, (key, value: unknown) => {
      if (key === 'rejectedPlans') return undefined;
      if (key === 'indexName') found.indexes.push(String(value));
      if (key === 'stage' && value === 'COLLSCAN') found.scans++;
      return value;
    });
    return found;
  };

  it.each<[string, 'sequences' | 'events', () => Document[]]>([
    ['event_sequences_sequence_id_idx', 'sequences', () => [{ $match: { sequence_id: '2026-05/7' } }]],
    ['event_sequences_status_idx', 'sequences', () => pageOf(matching({ statuses: ['failed'] }, 5_000), 101)],
    [
      'event_sequences_metadata_correlation_idx',
      'sequences',
      () => pageOf(matching({ correlationId: 'operation-4' }, undefined), 101),
    ],
    [
      'event_sequences_metadata_causation_idx',
      'sequences',
      () => pageOf(matching({ causationId: 'cause-2026-05/7' }, undefined), 101),
    ],
    [
      'event_sequence_events_sequence_id_order_idx',
      'events',
      () => [{ $match: { sequence_id: { $in: ['2026-05/7'] } } }, { $sort: { order: 1 } }],
    ],
    ['event_sequence_events_event_id_idx', 'events', () => stepsOf(['2026-05/7-a', 'special-event'])],
    [
      'event_sequences_name_idx',
      'sequences',
      () => pageOf(matching({ name: 'kind-3', version: '2.0.0' }, undefined), 101),
    ],
    ['event_sequences_phase_idx', 'sequences', () => pageOf(matching({ needsPerson: true }, undefined), 101)],
    ['event_sequences_compensation_event_id_idx', 'sequences', () => compensationsOf(['special/rollback/0'])],
  ])('%s', async (index, which, pipeline) => {
    const archives = await archivePlaces(db);
    const all = pipelineEverywhere(ACTIVE, archives, which, pipeline);
    const plan = planOf(await db.collection(ACTIVE[which]).aggregate(all).explain('queryPlanner'));
    expect(plan.scans).toBe(0);
    expect(new Set(plan.indexes)).toEqual(new Set([index]));
    expect(plan.indexes.length).toBeGreaterThanOrEqual(1 + MONTHS.length);
  });
});

it('one is found by its id wherever it is, and one that is not there is not', async () => {
  expect(await findRow(db, 'active/7')).toMatchObject({ row: { sequence_id: 'active/7' }, month: undefined });
  expect(await findRow(db, '2026-05/7')).toMatchObject({ row: { sequence_id: '2026-05/7' }, month: '2026-05' });
  expect(await findRow(db, 'nobody')).toBeUndefined();
});

it('a list has all that match each field, active ones alone unless archived ones are asked for', async () => {
  expect(await ids({ statuses: ['failed'] })).toEqual(['special']);
  expect(await ids({ statuses: ['failed'], archived: true })).toHaveLength(1 + MONTHS.length * FAILED_PER_MONTH);
  expect(await ids({ statuses: ['failed', 'completed'], causationId: 'cause-2026-05/7', archived: true })).toEqual([
    '2026-05/7',
  ]);
  // Numbers go round once in a thousand.
  const correlated = await ids({ correlationId: 'operation-4', archived: true });
  expect(correlated).toHaveLength(ACTIVE_ONES / 1000 + (MONTHS.length * PER_MONTH) / 1000);
});

it('pages go through all once, newest first, whatever their size', async () => {
  const seen: number[] = [];
  let before: number | undefined;
  do {
    const page = await listRows(
      db,
      { archived: true, tags: { region: 'eu' } },
      { before, limit: 777, bytes: Infinity },
    );
    seen.push(...page.rows.map(({ row }) => Number(row._id)));
    before = page.next;
  } while (before !== undefined);
  const all = (MONTHS.length * PER_MONTH + ACTIVE_ONES) / 2 + 1;
  expect(seen).toHaveLength(all);
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a));
});

it('a page ends early when its rows are large, and the next one goes on there', async () => {
  const bytes = 2_000;
  const first = await listRows(db, {}, { before: undefined, limit: 100, bytes });
  expect(first.rows.length).toBeLessThan(5);
  const second = await listRows(db, {}, { before: first.next, limit: 100, bytes });
  expect(Number(second.rows[0]?.row._id)).toBe(
    Number(first.rows.at(-1)?.row._id) - (first.rows.length === 1 ? 98_001 : 1),
  );
});

it('what a tag, a source, a name, an event or a person’s turn selects', async () => {
  expect(await ids({ tags: { 'a.b$': '2026-05/7' }, archived: true })).toEqual(['2026-05/7']);
  expect(await ids({ tags: { 'a.b$': '2026-05/7' } })).toEqual([]);
  expect(await ids({ eventId: '2026-05/7-b', archived: true })).toEqual(['2026-05/7']);
  expect(await ids({ eventId: 'special-event', sourceType: 'task', sourceId: 't' })).toEqual(['special']);
  expect(await ids({ needsPerson: true, archived: true })).toEqual(['special']);
  expect(await ids({ name: 'kind-3', version: '2.0.0', archived: true })).toEqual([]);
  expect((await ids({ name: 'kind-3', version: '1.0.0', archived: true })).length).toBeGreaterThan(PER_MONTH);
});

it('an event leads to what it is a step of, and to what appends it in a rollback', async () => {
  const found = await findByEvents(db, ['2026-05/7-b', 'special-event', 'special/rollback/0', 'unknown'], true);
  expect(found).toEqual([
    {
      eventId: 'special-event',
      sequenceId: 'special',
      as: 'step',
      step: 0,
      order: 1,
      status: 'processed',
      month: undefined,
    },
    {
      eventId: '2026-05/7-b',
      sequenceId: '2026-05/7',
      as: 'step',
      step: 1,
      order: 2,
      status: 'pending',
      month: '2026-05',
    },
    {
      eventId: 'special/rollback/0',
      sequenceId: 'special',
      as: 'compensation',
      step: undefined,
      order: undefined,
      status: undefined,
      month: undefined,
    },
  ]);
  expect(await findByEvents(db, ['2026-05/7-b'], false)).toEqual([]);
});

it('for a trace, plain facts: by correlation, by event, by cause', async () => {
  const [traced] = await sequencesOfEvents(db, ['special/rollback/0'], 10);
  expect(traced).toEqual({
    sequenceId: 'special',
    name: 'invoice',
    version: '1.0.0',
    status: 'failed',
    phase: 'needs-person',
    correlationId: 'operation-0',
    causationId: 'special-cause',
    createdAt: new Date(iso(Date.parse('2026-03-01T12:00:00.000Z'))),
    steps: [{ eventId: 'special-event', order: 1, status: 'processed' }],
    compensatingEventIds: ['special/rollback/0'],
  });
  expect(await sequencesOfEvents(db, ['special-event'], 10)).toEqual([traced]);
  expect(await sequencesCausedBy(db, ['special-cause', 'x'], 10)).toEqual([traced]);
  expect(await sequencesOfEvents(db, ['unknown'], 10)).toEqual([]);
  const correlated = await sequencesOfCorrelation(db, 'operation-4', 5);
  expect(correlated).toHaveLength(5);
  expect(new Set(correlated.map(({ correlationId }) => correlationId))).toEqual(new Set(['operation-4']));
});

it('active ones are loaded oldest first, without those that are settled', async () => {
  const loaded: string[] = [];
  for await (const rows of activeRows(db)) loaded.push(...rows.map(({ sequence_id }) => sequence_id));
  expect(loaded).toEqual([...Array.from({ length: ACTIVE_ONES }, (_, i) => `active/${i}`), 'special']);
});
