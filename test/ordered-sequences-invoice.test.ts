/**
 * The three example documents of the invoice sequence, run on the log with accounting that fails for good: each strategy
 * does what it says, and what went in as JSON comes out in the same form.
 */
import { MongoClient } from 'mongodb';
import { connect, PermanentFailure, type Annals, type OrderedSequenceInfo, type ResolveAction } from '../src/client';
import { serve, type ServedHere } from './support/in-process-server';
import { invoiceIds, invoiceSequence } from './support/invoice-sequence';
import {
  appendInvoice,
  Books,
  CANCELLED,
  CLOSED,
  entryId,
  invoiceHandlers,
  invoiceId,
  phase,
  REVERSED,
} from './support/invoice-work';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { sequenceEvidence, sequenceObjections } from './support/sequence-checker';
import { STRATEGIES, type Strategy } from '../src/contract/sequence-document';

const NUMBERS: Readonly<Record<Strategy, string>> = { compensating_events: '123', retry: '124', manual: '125' };
/** What accounting says, by sequence; closed for good unless it says otherwise. */
const accounting = new Map<string, () => unknown>();
const books = new Books();

let database: ReplicaSet;
let served: ServedHere;
let annals: Annals;

const created = {} as Record<Strategy, OrderedSequenceInfo>;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
  annals = connect(`annals://${served.server.address}/default`);
  await annals.orderedSequences.process(
    invoiceHandlers(async (work) => {
      books.write(work);
      if (work.order !== 2) return { done: work.order };
      const answer = accounting.get(work.sequenceId);
      if (answer === undefined) throw new PermanentFailure(CLOSED);
      return Promise.resolve(answer());
    }),
    { name: 'services' },
  ).registered;
  // The retries of the example take seven seconds: the others run beside it.
  accounting.set(invoiceIds(NUMBERS.retry).sequenceId, busy);
  for (const strategy of STRATEGIES) {
    created[strategy] = (await annals.orderedSequences.create(invoiceSequence(strategy, NUMBERS[strategy]))).sequence;
    await appendInvoice(annals, NUMBERS[strategy]);
  }
});
afterAll(async () => {
  await annals.close();
  await served.stop();
  await database.stop();
});

function busy(): never {
  throw Object.assign(new Error('the ledger is busy'), { code: 'BUSY' });
}

const said = async (sequenceId: string): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of annals.orderedSequences.audit(sequenceId)) types.push(type);
  return types;
};

async function compensatingEvents(number: string) {
  const found = [];
  for await (const event of annals.eventLog.read({
    types: [CANCELLED, REVERSED],
    eventSourceIds: [invoiceId(number)],
  })) {
    found.push(event);
  }
  return found;
}

describe.each(STRATEGIES)('the document with the strategy %s', (strategy) => {
  it('comes out as it went in', () => {
    const given: unknown = JSON.parse(invoiceSequence(strategy, NUMBERS[strategy]));
    expect(created[strategy].document).toEqual(given);
    expect(JSON.stringify(created[strategy].document)).toBe(JSON.stringify(given));
  });

  it('again is the same sequence, and with other content none', async () => {
    const text = invoiceSequence(strategy, NUMBERS[strategy]);
    const again = await annals.orderedSequences.create(text);
    expect(again.created).toBe(false);
    const other = text.replace('Makes an invoice', 'Makes an offer');
    await expect(annals.orderedSequences.create(other)).rejects.toMatchObject({ code: 'ORDERED_SEQUENCE_EXISTS' });
  });
});

describe('compensating_events', () => {
  const number = NUMBERS.compensating_events;
  const ids = invoiceIds(number);

  it('appends what undoes the invoice, once, rendered from the events and the failure', async () => {
    const sequence = await phase(annals, ids.sequenceId);
    expect(sequence).toMatchObject({ outcome: 'rolled_back', document: { status: 'failed', completed_at: null } });
    const reason = `Sequence failure: ${CLOSED}`;
    const shared = { eventSourceId: invoiceId(number), correlationId: ids.correlationId, causationId: ids.booked };
    const events = await compensatingEvents(number);
    expect(events).toMatchObject([
      // No entry says what it compensates, so both are appended, in listed order: accounting failed, and its event is there.
      { ...shared, type: CANCELLED, content: { invoice_id: invoiceId(number), reason } },
      { ...shared, type: REVERSED, content: { entry_id: entryId(number), reason } },
    ]);
    expect(events.map(({ causedBy }) => causedBy)).toEqual(['annals', 'annals']);
    expect(sequence.compensations.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      events.map(({ sequenceNumber }) => sequenceNumber),
    );
  });

  it('has tried nothing behind the failure, and says so step by step', async () => {
    const { document, steps } = await annals.orderedSequences.get(ids.sequenceId);
    expect(document.events.map(({ status }) => status)).toEqual(['processed', 'failed', 'pending']);
    expect(document.events[0]?.processingTimestamp).toMatch(/Z$/);
    expect(steps[1]).toMatchObject({ attempts: 1, error: { message: expect.stringContaining(CLOSED) } });
    expect(books.of(ids.sequenceId)).toEqual([ids.created, ids.booked]);
  });

  it('leaves a log that tells all of it', async () => {
    expect((await said(ids.sequenceId)).filter((type) => type !== 'StepArrived')).toEqual([
      'SequenceCreated',
      'StepStarted',
      'StepProcessed',
      'StepStarted',
      'StepFailed',
      'SequenceFailed',
      'RollbackRendered',
      'CompensationAppended',
      'CompensationAppended',
      'RollbackCompleted',
    ]);
  });
});

describe('manual', () => {
  let serial = 200;
  /** A sequence that waits for a person. */
  async function waiting(): Promise<{ number: string; ids: ReturnType<typeof invoiceIds> }> {
    const number = String(serial++);
    await annals.orderedSequences.create(invoiceSequence('manual', number));
    await appendInvoice(annals, number);
    await phase(annals, invoiceIds(number).sequenceId, ['needs-person']);
    return { number, ids: invoiceIds(number) };
  }
  const who = { who: 'ada', why: 'looked at it' };
  const statuses = ({ document }: OrderedSequenceInfo) => document.events.map(({ status }) => status);

  it('is flagged and listed, and waits', async () => {
    const { sequenceId } = invoiceIds(NUMBERS.manual);
    const sequence = await phase(annals, sequenceId, ['needs-person']);
    expect(sequence).toMatchObject({
      outcome: undefined,
      document: { status: 'failed' },
      reason: expect.stringContaining(CLOSED),
    });
    const listed = [];
    for await (const { document } of annals.orderedSequences.list({ needsPerson: true }))
      listed.push(document.sequenceId);
    expect(listed).toContain(sequenceId);
    expect(await compensatingEvents(NUMBERS.manual)).toEqual([]);
  });

  it('says beforehand what an act would do, and does nothing', async () => {
    const { sequenceId } = invoiceIds(NUMBERS.manual);
    const before = await annals.orderedSequences.get(sequenceId);
    for (const action of ['retry', 'skip', 'complete', 'fail', 'compensate', 'cancel'] as const) {
      const { consequences } = await annals.orderedSequences.resolve(sequenceId, action, { dryRun: true });
      expect(consequences.length).toBeGreaterThan(0);
    }
    expect(await annals.orderedSequences.get(sequenceId)).toEqual(before);
  });

  it.each<[ResolveAction, string, string[], number]>([
    ['skip', 'completed', ['processed', 'failed', 'processed'], 0],
    ['complete', 'completed', ['processed', 'processed', 'processed'], 0],
    ['fail', 'failed', ['processed', 'failed', 'pending'], 0],
    ['cancel', 'cancelled', ['processed', 'failed', 'pending'], 0],
    ['compensate', 'rolled_back', ['processed', 'failed', 'pending'], 2],
  ])('a person’s %s ends it as %s', async (action, outcome, steps, compensations) => {
    const { number, ids } = await waiting();
    await annals.orderedSequences.resolve(ids.sequenceId, action, who);
    const sequence = await phase(annals, ids.sequenceId);
    expect(sequence.outcome).toBe(outcome);
    expect(statuses(sequence)).toEqual(steps);
    expect(await compensatingEvents(number)).toHaveLength(compensations);
    const acts = [];
    for await (const entry of annals.orderedSequences.audit(ids.sequenceId)) if (entry.who !== '') acts.push(entry);
    expect(acts).toMatchObject([{ type: 'SequenceResolved', ...who, facts: { action } }]);
  });

  it('a retry asks again under the same key, and goes on', async () => {
    const { ids } = await waiting();
    accounting.set(ids.sequenceId, () => ({ booked: true }));
    await annals.orderedSequences.resolve(ids.sequenceId, 'retry', who);
    const sequence = await phase(annals, ids.sequenceId);
    expect(sequence.outcome).toBe('completed');
    expect(sequence.document.completed_at).toMatch(/Z$/);
    const keys = books.asked.filter(({ eventId }) => eventId === ids.booked).map(({ key }) => key);
    expect(keys).toEqual([`${ids.sequenceId}/1`, `${ids.sequenceId}/1`]);
  });

  it('paused, it takes no step until it is resumed', async () => {
    const { ids } = await waiting();
    accounting.set(ids.sequenceId, () => undefined);
    await annals.orderedSequences.resolve(ids.sequenceId, 'pause', who);
    await annals.orderedSequences.resolve(ids.sequenceId, 'retry', who);
    expect(await annals.orderedSequences.get(ids.sequenceId)).toMatchObject({ paused: true, phase: 'running' });
    expect(books.of(ids.sequenceId)).toEqual([ids.created, ids.booked]);
    await annals.orderedSequences.resolve(ids.sequenceId, 'resume', who);
    expect((await phase(annals, ids.sequenceId)).outcome).toBe('completed');
  });

  it('refuses what can make no progress, and who is nobody', async () => {
    const { sequenceId } = invoiceIds(NUMBERS.compensating_events);
    const refused = { code: 'CANNOT_RESOLVE' };
    await expect(annals.orderedSequences.resolve(sequenceId, 'retry', who)).rejects.toMatchObject(refused);
    const waits = invoiceIds(NUMBERS.manual).sequenceId;
    await expect(annals.orderedSequences.resolve(waits, 'resume', who)).rejects.toMatchObject(refused);
    await expect(annals.orderedSequences.resolve(waits, 'skip', { why: 'nobody' })).rejects.toMatchObject({
      name: 'AnnalsError',
    });
  });
});

describe('retry', () => {
  it('tries again as often as it says, under the same key, and then fails', async () => {
    const { sequenceId, created: first, booked } = invoiceIds(NUMBERS.retry);
    const sequence = await phase(annals, sequenceId);
    expect(sequence).toMatchObject({ outcome: 'failed', document: { status: 'failed' } });
    expect(sequence.steps[1]).toMatchObject({
      attempts: 4,
      error: { code: 'BUSY', message: expect.stringContaining('busy') },
    });
    expect(books.of(sequenceId)).toEqual([first, booked, booked, booked, booked]);
    expect(await compensatingEvents(NUMBERS.retry)).toEqual([]);
  });

  it.each([
    ['compensating_events', 'settled', 'rolled_back', 2],
    ['manual', 'needs-person', undefined, 0],
  ] as const)('with on_exhausted %s, it is %s then', async (onExhausted, wanted, outcome, compensations) => {
    const number = onExhausted === 'manual' ? '300' : '301';
    const document = JSON.parse(invoiceSequence('retry', number)) as { rollback_strategy: object };
    Object.assign(document.rollback_strategy, { on_exhausted: onExhausted, initial_interval: 0.01, max_retries: 1 });
    accounting.set(invoiceIds(number).sequenceId, busy);
    await annals.orderedSequences.create(JSON.stringify(document));
    await appendInvoice(annals, number);
    const sequence = await phase(annals, invoiceIds(number).sequenceId, [wanted]);
    expect(sequence.outcome).toBe(outcome);
    expect(sequence.steps[1]?.attempts).toBe(2);
    expect(await compensatingEvents(number)).toHaveLength(compensations);
  });
});

it('an optional step that fails is noted and passed', async () => {
  const number = '400';
  const document = JSON.parse(invoiceSequence('compensating_events', number)) as { events: { required: boolean }[] };
  Object.assign(document.events[1] ?? {}, { required: false });
  await annals.orderedSequences.create(JSON.stringify(document));
  await appendInvoice(annals, number);
  const sequence = await phase(annals, invoiceIds(number).sequenceId);
  expect(sequence.outcome).toBe('completed');
  expect(sequence.document.events.map(({ status }) => status)).toEqual(['processed', 'failed', 'processed']);
});

it('log, rows, compensating events and what was asked for agree in the end, and again when the rows are made anew', async () => {
  const client = await MongoClient.connect(database.url);
  try {
    const db = client.db('annals+default+default');
    // A look at any of them waits for the rows.
    await annals.orderedSequences.get(invoiceIds('400').sequenceId);
    const evidence = await sequenceEvidence(db, books.asked);
    expect(evidence.log.filter(({ type }) => type === 'SequenceCreated').length).toBeGreaterThan(10);
    expect(sequenceObjections(evidence)).toEqual([]);
    const { sequenceId } = invoiceIds(NUMBERS.compensating_events);
    const raw = evidence.log.filter(({ eventSourceId }) => eventSourceId === sequenceId);
    const told = [];
    for await (const { logNumber, type } of annals.orderedSequences.audit(sequenceId)) told.push({ logNumber, type });
    expect(told).toEqual(raw.map(({ _id, type }) => ({ logNumber: Number(_id), type: type as unknown })));
    const progress = [];
    for await (const one of annals.orderedSequences.rebuild()) progress.push(one);
    expect(progress.at(-1)?.finished).toBe(true);
    expect(sequenceObjections(await sequenceEvidence(db, books.asked))).toEqual([]);
  } finally {
    await client.close();
  }
});
