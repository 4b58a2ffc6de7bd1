/** What people and programs ask of ordered sequences: to begin, to be told, to act, and that neither a restart nor a rebuild changes what is so. */
import { BSON, MongoClient } from 'mongodb';
import type { GetStatisticsResponse__Output } from '../src/contract/generated/annals/v1/GetStatisticsResponse';
import type { DefineResponse__Output } from '../src/contract/generated/annals/v1/DefineResponse';
import type { OrderedSequencesCreateResponse__Output } from '../src/contract/generated/annals/v1/OrderedSequencesCreateResponse';
import type { OrderedSequencesListResponse__Output } from '../src/contract/generated/annals/v1/OrderedSequencesListResponse';
import type { OrderedSequencesWatchResponse__Output } from '../src/contract/generated/annals/v1/OrderedSequencesWatchResponse';
import type { PreviewTemplateResponse__Output } from '../src/contract/generated/annals/v1/PreviewTemplateResponse';
import type { RebuildResponse__Output } from '../src/contract/generated/annals/v1/RebuildResponse';
import { connect } from '../src/client';
import { LIMITS } from '../src/kernel/limits';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { shown, startProcessor } from './support/ordered-sequence-calls';
import { document, fresh, steps, Suite } from './support/ordered-sequence-suite';
import { event, json, refusal } from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let mongo: MongoClient;
let served: ServedHere;
let suite: Suite;

beforeAll(async () => {
  database = await startReplicaSet();
  mongo = await MongoClient.connect(database.url);
  served = await serve(database.url);
  suite = new Suite(served.client);
});
afterAll(async () => {
  await served.stop();
  await mongo.close();
  await database.stop();
});

const person = { who: 'eva', why: 'it was agreed on the phone' };

/** A sequence whose step has failed for good and waits for a person. */
async function waiting(count = 1): Promise<string> {
  const id = fresh('seq');
  const type = fresh('Type');
  const processor = await startProcessor(served.client, [type]);
  await suite.appendAll(id, count, type);
  await suite.calls.create(document(id, steps(id, count)));
  await awaitFact('it is handed', () => processor.tasks.length === 1);
  processor.failed(0, { code: 'closed', message: 'books are closed', permanent: true });
  await suite.waitsForPerson(id);
  processor.close();
  return id;
}

describe('to begin', () => {
  it('the same document again is the same sequence, other content is refused, a dry run records nothing', async () => {
    const id = fresh('seq');
    const first = document(id, steps(id, 2));
    const dry = await suite.calls.call<OrderedSequencesCreateResponse__Output>('Create', {
      document: json(first),
      dryRun: true,
    });
    expect(shown(dry.sequence).document).toMatchObject({ sequenceId: id, status: 'created' });
    expect(await refusal(suite.calls.get(id))).toMatchObject({ code: 'UNKNOWN_ORDERED_SEQUENCE' });
    expect((await suite.calls.create(first)).created).toBe(true);
    const again = await Promise.all([suite.calls.create(first), suite.calls.create(first)]);
    expect(again.map(({ created }) => created)).toEqual([false, false]);
    expect(await refusal(suite.calls.create({ ...first, name: 'other' }))).toMatchObject({
      code: 'ORDERED_SEQUENCE_EXISTS',
    });
    expect(await suite.calls.audit(id)).toHaveLength(1);
  });

  it('a document that is none is refused with its place', async () => {
    const id = fresh('seq');
    const wrong = suite.calls.create(document(id, [{ eventId: 'a', order: 0 }]));
    expect(await refusal(wrong)).toMatchObject({ code: 'INVALID_DOCUMENT', field: 'document.events[0].order' });
  });

  it('an event begins an instance of a definition, and those that follow find it', async () => {
    const name = fresh('order');
    const [begins, pays] = [fresh('Ordered'), fresh('Paid')];
    const definition = json({
      name,
      version: '1.0.0',
      ties: { by: 'property', property: 'order.id' },
      starts: { event_type: begins },
      steps: [
        { event_type: begins, order: 1 },
        { event_type: pays, order: 2 },
      ],
      source: { type: 'integration', id: 'shop', name: 'Shop' },
    });
    const define = async () => suite.calls.call<DefineResponse__Output>('Define', { definition });
    expect(await define()).toMatchObject({ created: true });
    expect(await define()).toMatchObject({ created: false });
    await suite.append(fresh('e'), begins, 'x', { order: { id: 41 } });
    await suite.append(fresh('e'), pays, 'x', { order: { id: 40 } });
    const id = `${name}/41`;
    await awaitFact('it has begun', async () => (await refusalOr(suite.calls.get(id))) !== undefined);
    expect(
      (await suite.until(id, 'has its first', (one) => one.document.events[0]?.status === 'processed')).document,
    ).toMatchObject({ name, status: 'in_progress', events: [{}, { status: 'pending' }] });
    await suite.append(fresh('e'), pays, 'x', { order: { id: 41 } });
    await suite.completed(id);
  });

  it('an event whose tie fills it whole begins nothing, is told, and holds up no other', async () => {
    const name = fresh('poisoned');
    const begins = fresh('Poison');
    const ties = { by: 'property', property: 'id' };
    const defined = [
      { event_type: begins, order: 1 },
      { event_type: fresh('Never'), order: 2 },
    ];
    const definition = json({ name, version: '1.0.0', ties, starts: { event_type: begins }, steps: defined });
    await suite.calls.call<DefineResponse__Output>('Define', { definition });
    const poison = fresh('e');
    // As large as content may be: with a word more it is too large for an entry of the log.
    await suite.append(poison, begins, 'x', { id: 'x'.repeat(LIMITS.contentBytes - 20) });
    const refused = async () =>
      mongo
        .db('annals+default+default')
        .collection('sequence+ordered-sequences')
        .findOne({ type: 'StartRefused', causationId: poison });
    // What comes after it is on a page of its own, which is not looked at before this one is done.
    await awaitFact('it is told', async () => (await refused()) !== null);
    await suite.append(fresh('e'), begins, 'x', { id: 'fine' });
    await awaitFact('the next has begun', async () => (await refusalOr(suite.calls.get(`${name}/fine`))) !== undefined);
  });

  it('a chain of sequences that cause each other ends at a limit, and says so', async () => {
    const ids = Array.from({ length: 18 }, () => fresh('chain'));
    let causationId = '';
    const outcomes: string[] = [];
    for (const id of ids) {
      const metadata = { ...document(id, []).metadata, causationId };
      const made = await suite.calls.create(document(id, steps(id, 1), {}, { metadata })).then(
        () => 'created',
        async (error: unknown) => (await refusal(Promise.reject(error as Error))).code,
      );
      outcomes.push(made ?? '');
      causationId = `${id}-1`;
    }
    expect(outcomes).toEqual([...Array<string>(17).fill('created'), 'SEQUENCE_CIRCLE']);
  });
});

describe('a person', () => {
  it('is told beforehand what an act does, goes past a failed step, and is audited', async () => {
    const id = await waiting(2);
    const act = { sequenceId: id, action: 'RESOLVE_ACTION_SKIP' } as const;
    const before = await suite.calls.audit(id);
    const dry = await suite.calls.resolve({ ...act, dryRun: true });
    expect(dry.consequences.length).toBeGreaterThan(0);
    expect(await suite.calls.audit(id)).toEqual(before);
    const processor = await startProcessor(served.client, [
      (await suite.calls.get(id)).sequence.steps[0]?.eventType ?? '',
    ]);
    const done = await suite.calls.resolve({ ...act, ...person });
    expect(done.consequences).toEqual(dry.consequences);
    await awaitFact('the next step is handed', () => processor.tasks.length === 1);
    processor.processed(0);
    await suite.completed(id);
    expect((await suite.calls.audit(id)).find(({ who }) => who !== '')).toMatchObject({ ...person });
    processor.close();
  });

  it('names herself and says why; what makes no progress is refused', async () => {
    const id = await waiting();
    const nobody = suite.calls.resolve({ sequenceId: id, action: 'RESOLVE_ACTION_RETRY' });
    expect(await refusal(nobody)).toMatchObject({ code: 'INVALID_FIELD', field: 'who' });
    const resume = suite.calls.resolve({ sequenceId: id, action: 'RESOLVE_ACTION_RESUME', ...person });
    expect(await refusal(resume)).toMatchObject({ code: 'CANNOT_RESOLVE' });
    const cancelled = await suite.calls.resolve({ sequenceId: id, action: 'RESOLVE_ACTION_CANCEL', ...person });
    expect(cancelled.sequence).toMatchObject({ outcome: 'cancelled' });
    const again = suite.calls.resolve({ sequenceId: id, action: 'RESOLVE_ACTION_RETRY', ...person });
    expect(await refusal(again)).toMatchObject({ code: 'CANNOT_RESOLVE' });
  });

  it('has a step tried again, and a paused sequence starts nothing until it is resumed', async () => {
    const id = await waiting(2);
    const act = async (action: 'PAUSE' | 'RETRY' | 'RESUME') =>
      suite.calls.resolve({ sequenceId: id, action: `RESOLVE_ACTION_${action}`, ...person });
    await act('PAUSE');
    await act('RETRY');
    const { sequence } = await suite.calls.get(id);
    expect(sequence).toMatchObject({ paused: true, phase: 'ORDERED_SEQUENCE_PHASE_RUNNING' });
    const processor = await startProcessor(served.client, [sequence.steps[0]?.eventType ?? '']);
    expect(processor.tasks).toEqual([]);
    await act('RESUME');
    await awaitFact('it is handed', () => processor.tasks.length === 1);
    processor.processed(0);
    await awaitFact('so is the next', () => processor.tasks.length === 2);
    processor.processed(1);
    await suite.completed(id);
    processor.close();
  });

  it('sees what templates would become', async () => {
    const id = fresh('seq');
    await suite.append(`${id}-1`, 'Plain', id, { amount: 12 });
    await suite.calls.create(document(id, steps(id, 2)));
    await suite.until(id, 'has its first', (one) => one.document.events[0]?.status === 'processed');
    const { rendered } = await suite.calls.call<PreviewTemplateResponse__Output>('PreviewTemplate', {
      sequenceId: id,
      template: json({
        amount: '${events[0].payload.amount}',
        why: '${error.message}',
        gone: '${events[1].payload.x}',
      }),
      error: json({ code: 'test', message: 'as a test' }),
    });
    expect(rendered).toMatchObject([{ emitted: false, faults: [expect.stringContaining('events[1]') as string] }]);
  });
});

describe('to be told', () => {
  it('a list has what was created, resolved and completed a moment ago, by every filter, page by page', async () => {
    const name = fresh('listed');
    const tags = { tenant: fresh('t') };
    const ids = [fresh('seq'), fresh('seq'), fresh('seq')];
    const source = { type: 'workflow', id: fresh('w'), name: 'W' };
    for (const id of ids) {
      const metadata = { ...document(id, []).metadata, tags, source, causationId: 'cause' };
      await suite.calls.create(document(id, steps(id, 1), {}, { name, metadata }));
    }
    const [first = '', second = '', third = ''] = ids;
    const list = async (filter: object, page: object = {}) =>
      suite.calls.call<OrderedSequencesListResponse__Output>('List', { filter, ...page });
    const found = async (filter: object) =>
      (await list(filter)).sequences.map((one) => shown(one).document.sequenceId).sort();
    for (const filter of [{ name }, { tags }, { sourceId: source.id }]) {
      expect(await found({ ...filter, archived: true })).toEqual([...ids].sort());
    }
    expect(await found({ correlationId: second })).toEqual([second]);
    expect(await found({ eventId: `${third}-1` })).toEqual([third]);
    const cancel = { sequenceId: first, action: 'RESOLVE_ACTION_CANCEL', ...person } as const;
    await suite.calls.resolve(cancel);
    expect(await found({ name, statuses: ['failed'], archived: true })).toEqual([first]);
    const page = await list({ name, archived: true }, { pageSize: 2 });
    const rest = await list({ name, archived: true }, { pageSize: 2, pageToken: page.nextPageToken });
    expect([page.sequences.length, rest.sequences.length, rest.nextPageToken]).toEqual([2, 1, '']);
    const wrong = list({ statuses: ['done'] });
    expect(await refusal(wrong)).toMatchObject({ code: 'INVALID_FIELD', field: 'filter.statuses[0]' });
  });

  it('who watches is told what is there, and then every change', async () => {
    const name = fresh('watched');
    const [there, later] = [fresh('seq'), fresh('seq')];
    await suite.calls.create(document(there, steps(there, 1), {}, { name }));
    const stream = served.client.openStream<OrderedSequencesWatchResponse__Output>(
      'Watch',
      { filter: { name } },
      {},
      'OrderedSequences',
    );
    const told: string[] = [];
    stream.on('data', ({ sequences, caughtUp }: OrderedSequencesWatchResponse__Output) => {
      for (const one of sequences) told.push(`${shown(one).document.sequenceId} ${shown(one).document.status}`);
      if (caughtUp) told.push('caught up');
    });
    stream.on('error', () => undefined);
    await awaitFact('it has caught up', () => told.includes('caught up'));
    expect(told).toEqual([`${there} created`, 'caught up']);
    await suite.calls.create(document(later, steps(later, 1), {}, { name }));
    await awaitFact('it is told of the new one', () => told.includes(`${later} created`));
    await suite.append(`${later}-1`, 'Plain', later);
    await awaitFact('it is told of its end', () => told.includes(`${later} completed`));
    stream.cancel();
  });

  it('an auditor reads all that was decided, tried, answered and done, in words', async () => {
    const id = await waiting();
    const entries = await suite.calls.audit(id);
    expect(entries.map(({ type }) => type)).toEqual([
      'SequenceCreated',
      'StepArrived',
      'StepStarted',
      'StepFailed',
      'SequenceFailed',
    ]);
    expect(entries.every(({ text }) => text.endsWith('.'))).toBe(true);
    expect(JSON.parse(entries[3]?.facts.toString() ?? '')).toMatchObject({ code: 'closed', permanent: true });
    expect(entries.map(({ logNumber }) => logNumber)).toEqual(
      entries.map(({ logNumber }) => logNumber).sort((a, b) => a - b),
    );
  });

  it('a namespace without any is asked without anything being made for it', async () => {
    const store = fresh('s')
      .replaceAll(/[^a-z0-9]/g, '')
      .slice(0, 20);
    await served.client.ensure({ store, namespaces: ['default'] });
    const namespace = { store, namespace: 'default' };
    const listed = await suite.calls.call<OrderedSequencesListResponse__Output>('List', { namespace });
    expect(listed.sequences).toEqual([]);
    const collections = await mongo.db(`annals+${store}+default`).listCollections().toArray();
    expect(collections.filter(({ name }) => name.startsWith('event_sequence'))).toEqual([]);
  });
});

/** Every row of the projections, as bytes, wherever it is archived. */
async function rows(): Promise<Map<string, string>> {
  const db = mongo.db('annals+default+default');
  const found = new Map<string, string>();
  for (const { name } of await db.listCollections().toArray()) {
    if (!name.startsWith('event_sequence')) continue;
    for await (const row of db.collection(name).find({}, { raw: true })) {
      // With `raw` a document is its bytes.
      const bytes = row as unknown as Buffer;
      const { _id: id } = BSON.deserialize(bytes) as { _id: unknown };
      const kind = name.replace(/_\d{4}_\d{2}$/, '');
      found.set(`${kind} ${JSON.stringify(id)}`, bytes.toString('hex'));
    }
  }
  return found;
}

it('rows that are dropped and made anew from the log are the same, byte for byte', async () => {
  await waiting(2);
  await suite.calls.call<GetStatisticsResponse__Output>('GetStatistics', {});
  const before = await rows();
  expect(before.size).toBeGreaterThan(10);
  const told = await suite.calls.stream<RebuildResponse__Output>('Rebuild', {});
  expect(told.at(-1)).toMatchObject({ finished: true, done: told.at(-1)?.of });
  expect(await rows()).toEqual(before);
});

it('a sequence goes on where it stood after a restart, and what was appended meanwhile is found', async () => {
  const id = fresh('seq');
  const type = fresh('Type');
  const first = await startProcessor(served.client, [type]);
  await suite.appendAll(id, 1, type);
  await suite.calls.create(document(id, steps(id, 2)));
  await awaitFact('it is handed', () => first.tasks.length === 1);
  const before = await suite.calls.get(id);
  await served.stop();
  const between = await serve(database.url);
  const events = [event({ eventId: `${id}-2`, type, correlationId: id, eventSourceId: id, content: json({}) })];
  await between.client.appended({ sequence: {}, events });
  await between.stop();
  served = await serve(database.url);
  suite = new Suite(served.client);
  expect((await suite.calls.get(id)).document.events[0]).toEqual(before.document.events[0]);
  const processor = await startProcessor(served.client, [type]);
  await awaitFact('it is handed again', () => processor.tasks.length === 1);
  expect(processor.tasks[0]).toMatchObject({ attempt: 1, redelivery: true, idempotencyKey: `${id}/0` });
  processor.processed(0);
  await awaitFact('the next step is handed', () => processor.tasks.length === 2);
  processor.processed(1);
  await suite.completed(id);
  processor.close();
});

it('a watch, an audit and a rebuild find the owner through any server, and the watch goes on with the next one', async () => {
  const id = fresh('seq');
  await suite.calls.create(document(id, steps(id, 1)));
  const other = await serve(database.url);
  const annals = connect(`annals://${other.client.address}/default`);
  const { orderedSequences } = annals;
  const statuses: string[] = [];
  const watched = (async () => {
    for await (const [one] of orderedSequences.watch({ sequenceId: id })) {
      if (one !== undefined) statuses.push(one.document.status);
      if (one?.phase === 'settled') return;
    }
  })();
  await awaitFact('it is told', () => statuses.length > 0);
  const types: string[] = [];
  for await (const { type } of orderedSequences.audit(id)) types.push(type);
  expect(types).toEqual(['SequenceCreated']);
  let finished = false;
  for await (const progress of orderedSequences.rebuild()) ({ finished } = progress);
  expect(finished).toBe(true);
  await served.stop();
  served = other;
  suite = new Suite(served.client);
  await suite.append(`${id}-1`, 'Plain', id);
  await watched;
  expect(statuses.at(-1)).toBe('completed');
  await annals.close();
});

it('another server names the owner, and goes on when it has stopped', async () => {
  const id = fresh('seq');
  await suite.calls.create(document(id, steps(id, 1)));
  const other = await serve(database.url);
  const elsewhere = { code: 'OWNED_ELSEWHERE', metadata: { owner: served.client.address } };
  expect(await refusal(new Suite(other.client).calls.get(id))).toMatchObject(elsewhere);
  expect(await refusal(startProcessor(other.client, ['Plain2']))).toMatchObject(elsewhere);
  await served.stop();
  served = other;
  suite = new Suite(served.client);
  await awaitFact('it is taken over', async () => (await refusalOr(suite.calls.get(id))) !== undefined);
  await suite.append(`${id}-1`, 'Plain', id);
  await suite.completed(id);
});

/** What a call answers; undefined when it is refused. */
const refusalOr = async <Answer>(call: Promise<Answer>): Promise<Answer | undefined> => call.catch(() => undefined);
