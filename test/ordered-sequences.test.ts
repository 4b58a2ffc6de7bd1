/** How the steps of an ordered sequence are worked: their order, who answers for them, what makes them done, and what becomes of a failure. */
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startProcessor, type RawProcessor } from './support/ordered-sequence-calls';
import { document, fresh, steps, Suite } from './support/ordered-sequence-suite';
import { failedAt, RawObserver } from './support/raw-observer';
import { json, refusal } from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let served: ServedHere;
let suite: Suite;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
  suite = new Suite(served.client);
});
afterAll(async () => {
  await served.stop();
  await database.stop();
});

const has = async (processor: RawProcessor, tasks: number): Promise<void> =>
  awaitFact(`the processor has ${tasks} tasks`, () => processor.tasks.length === tasks);

/** A sequence of so many steps in order, whose events are there, and a processor that has the first one. */
async function processed(count: number, rollback: object = {}, options: object = {}) {
  const id = fresh('seq');
  const type = fresh('Type');
  const processor = await startProcessor(served.client, [type], options);
  await suite.appendAll(id, count, type);
  await suite.calls.create(document(id, steps(id, count), rollback));
  await has(processor, 1);
  return { id, type, processor };
}

describe('what makes a step done', () => {
  it('its event alone, where no processor for its type has ever been there', async () => {
    const id = fresh('seq');
    await suite.append(`${id}-1`, 'Plain', id);
    expect((await suite.calls.create(document(id, steps(id, 2)))).created).toBe(true);
    await suite.until(id, 'is in progress', ({ document: { status } }) => status === 'in_progress');
    await suite.append(`${id}-2`, 'Plain', id);
    const { sequence, document: done } = await suite.completed(id);
    expect(sequence).toMatchObject({ phase: 'ORDERED_SEQUENCE_PHASE_SETTLED', outcome: 'completed' });
    expect(sequence.steps.map(({ doneWhen }) => doneWhen)).toEqual(['appended', 'appended']);
    expect(done.events.map(({ status }) => status)).toEqual(['processed', 'processed']);
  });

  it('a processor’s answer, one order after the other, with the same key for the same step', async () => {
    const { id, processor } = await processed(2);
    processor.processed(0, { entry: 7 });
    await has(processor, 2);
    processor.processed(1);
    const { sequence } = await suite.completed(id);
    expect(processor.tasks).toMatchObject([
      { idempotencyKey: `${id}/0`, order: 1, attempt: 1, redelivery: false, event: { eventId: `${id}-1` } },
      { idempotencyKey: `${id}/1`, order: 2, attempt: 1, redelivery: false, event: { eventId: `${id}-2` } },
    ]);
    expect(JSON.parse(processor.tasks[0]?.event?.content.toString() ?? '')).toEqual({ n: 1 });
    expect(sequence.steps[0]?.output.toString()).toBe('{"entry":7}');
    processor.close();
  });

  it('its observer, once it has handled the event, and no other', async () => {
    const id = fresh('seq');
    const observer = fresh('observer');
    const type = fresh('Observed');
    await suite.append(`${id}-1`, type, id);
    await suite.calls.create(document(id, steps(id, 1, { processing: { done_when: 'observed', observer } })));
    await suite.until(id, 'waits', ({ sequence }) => sequence.steps[0]?.doneWhen === 'observed');
    const client = new RawObserver(served.client.address, {
      observer: { observer },
      definition: { sequence: 'event-log', filters: [{ types: [type] }] },
    });
    const { sequence } = await suite.completed(id);
    expect(sequence.steps).toMatchObject([{ doneWhen: 'observed', status: 'processed' }]);
    client.cancel();
  });

  it('an event that follows it in the same operation; one before it does not count', async () => {
    const id = fresh('seq');
    const follower = fresh('Paid');
    await suite.append(`${id}-before`, follower, id);
    await suite.append(`${id}-1`, 'Ordered', id);
    await suite.calls.create(
      document(id, steps(id, 1, { processing: { done_when: 'followed', followed_by: follower } })),
    );
    await suite.until(id, 'waits', ({ sequence }) => sequence.steps[0]?.doneWhen === 'followed');
    await suite.append(fresh('elsewhere'), follower, 'another operation');
    await suite.append(`${id}-after`, follower, id);
    await suite.completed(id);
    const done = (await suite.calls.audit(id)).find(({ type }) => type === 'StepProcessed');
    expect(done?.text).toContain(`${id}-after`);
  });
});

describe('order', () => {
  it('equal orders go in parallel, the next one waits for all of them', async () => {
    const id = fresh('seq');
    const type = fresh('Type');
    const processor = await startProcessor(served.client, [type]);
    await suite.appendAll(id, 3, type);
    const [one, two, three] = steps(id, 3);
    await suite.calls.create(document(id, [one ?? {}, { ...two, order: 1 }, three ?? {}]));
    await has(processor, 2);
    processor.processed(1);
    await suite.until(
      id,
      'has one',
      ({ document: { events } }) => events[1]?.status === 'processed' || events[0]?.status === 'processed',
    );
    expect(processor.tasks).toHaveLength(2);
    processor.processed(0);
    await has(processor, 3);
    expect(processor.tasks[2]?.order).toBe(3);
    processor.close();
  });

  it('an optional step that fails is noted and passed', async () => {
    const id = fresh('seq');
    const type = fresh('Type');
    const processor = await startProcessor(served.client, [type]);
    await suite.appendAll(id, 2, type);
    const [one, two] = steps(id, 2);
    await suite.calls.create(document(id, [{ ...one, required: false }, two ?? {}]));
    await has(processor, 1);
    processor.failed(0, { code: 'no.mail', message: 'mailbox is full', permanent: true });
    await has(processor, 2);
    processor.processed(1);
    const { sequence, document: done } = await suite.completed(id);
    expect(done.events[0]?.status).toBe('failed');
    expect(sequence.steps[0]).toMatchObject({ errorCode: 'no.mail', errorMessage: 'mailbox is full', skipped: true });
    processor.close();
  });

  it('a sequence whose events are worked by a processor of few credits hands out no more than that', async () => {
    const type = fresh('Type');
    const ids = [fresh('seq'), fresh('seq'), fresh('seq')];
    const processor = await startProcessor(served.client, [type], { credits: 2 });
    for (const id of ids) {
      await suite.appendAll(id, 1, type);
      await suite.calls.create(document(id, steps(id, 1)));
    }
    await has(processor, 2);
    processor.processed(0);
    await has(processor, 3);
    expect(processor.tasks.map(({ sequenceId }) => sequenceId)).toEqual(ids);
    processor.processed(1);
    processor.processed(2);
    await Promise.all(ids.map(async (id) => suite.completed(id)));
    processor.close();
  });
});

describe('failure', () => {
  it('a transient one is tried again by the strategy, then it counts for good', async () => {
    const retry = { type: 'retry', max_retries: 1, initial_interval: 0.02, jitter: 0 };
    const { id, processor } = await processed(1, retry);
    processor.failed(0, { code: 'busy', message: 'try later' });
    await has(processor, 2);
    expect(processor.tasks[1]).toMatchObject({ attempt: 2, redelivery: true, idempotencyKey: `${id}/0` });
    processor.failed(1, { code: 'busy', message: 'still' });
    const { sequence } = await suite.until(id, 'has failed', ({ document: { status } }) => status === 'failed');
    expect(sequence).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('still (busy)') as string });
    processor.close();
  });

  it('a step that takes longer than it may is tried again, and its late answer changes nothing', async () => {
    const id = fresh('seq');
    const type = fresh('Type');
    const processor = await startProcessor(served.client, [type]);
    await suite.appendAll(id, 1, type);
    const retry = { max_retries: 3, initial_interval: 0.01, jitter: 0 };
    await suite.calls.create(document(id, steps(id, 1, { processing: { timeout: 0.1 } }), retry));
    await has(processor, 2);
    expect(processor.revoked).toContain(processor.tasks[0]?.taskId);
    processor.failed(0, { code: 'late', message: 'too late', permanent: true });
    processor.processed(1);
    await suite.completed(id);
    const texts = (await suite.calls.audit(id)).map(({ type: entry }) => entry);
    expect(texts).toEqual([
      'SequenceCreated',
      'StepArrived',
      'StepStarted',
      'StepFailed',
      'StepStarted',
      'StepProcessed',
      'SequenceCompleted',
    ]);
    processor.close();
  });

  it('a processor that goes away loses its step to another one, with the same attempt and key', async () => {
    const { id, type, processor } = await processed(1);
    const other = await startProcessor(served.client, [type]);
    processor.close();
    await has(other, 1);
    expect(other.tasks[0]).toMatchObject({ attempt: 1, redelivery: true, idempotencyKey: `${id}/0` });
    other.processed(0);
    // Twice says no more than once.
    other.processed(0);
    await suite.completed(id);
    const entries = await suite.calls.audit(id);
    expect(entries.filter(({ type: entry }) => entry === 'StepProcessed')).toHaveLength(1);
    other.close();
  });

  it('one that leaves takes nothing new and still answers what it has', async () => {
    const { id, type, processor } = await processed(2);
    processor.write({ leave: {} });
    processor.processed(0);
    await suite.until(id, 'has its first step', ({ document: { events } }) => events[0]?.status === 'processed');
    expect(processor.tasks).toHaveLength(1);
    const other = await startProcessor(served.client, [type]);
    await has(other, 1);
    other.processed(0);
    await suite.completed(id);
    for (const one of [processor, other]) one.close();
  });

  it('an observer that gives the event up fails the step', async () => {
    const id = fresh('seq');
    const observer = fresh('observer');
    const type = fresh('Observed');
    const number = await suite.append(`${id}-1`, type, id);
    const client = new RawObserver(
      served.client.address,
      { observer: { observer }, definition: { sequence: 'event-log', filters: [{ types: [type] }] } },
      { handling: (delivery) => [failedAt(delivery, number, 'cannot be', true)] },
    );
    await suite.calls.create(document(id, steps(id, 1, { processing: { done_when: 'observed', observer } })));
    const { sequence } = await suite.waitsForPerson(id);
    expect(sequence.steps[0]).toMatchObject({ errorCode: 'observer_failed', errorMessage: 'cannot be' });
    client.cancel();
  });

  it('compensating events take back what was processed, latest first, once', async () => {
    const rollback = {
      type: 'compensating_events',
      compensating_events: [
        { eventId: 'Cancelled', payload_template: { n: '${events[0].payload.n}', why: 'failed: ${error.message}' } },
        { eventId: 'Reversed', payload_template: { entry: '${events[1].output.entry}' }, compensates: 2 },
        { eventId: 'Never', payload_template: {}, compensates: 3 },
      ],
    };
    const { id, processor } = await processed(3, rollback);
    processor.processed(0);
    await has(processor, 2);
    processor.processed(1, { entry: 'e-9' });
    await has(processor, 3);
    processor.failed(2, { code: 'closed', message: 'books are closed', permanent: true });
    const { sequence } = await suite.until(id, 'is settled', (shown) => shown.sequence.outcome !== '');
    expect(sequence.outcome).toBe('rolled_back');
    const events = await served.client.read({ filters: [{ correlationId: id }] });
    expect(events.slice(3)).toMatchObject([
      { type: 'Reversed', eventId: `${id}/rollback/1`, causationId: `${id}-3`, causedBy: 'annals', eventSourceId: id },
      { type: 'Cancelled', eventId: `${id}/rollback/0`, causationId: `${id}-3` },
    ]);
    expect(events.slice(3).map(({ content }) => JSON.parse(content.toString()) as unknown)).toEqual([
      { entry: 'e-9' },
      { n: 1, why: 'failed: books are closed' },
    ]);
    processor.close();
  });

  it('an expression that finds nothing stops for a person before anything is appended', async () => {
    const rollback = {
      type: 'compensating_events',
      compensating_events: [
        { eventId: 'Fine', payload_template: { n: 1 } },
        { eventId: 'Broken', payload_template: { n: '${events[0].payload.missing}' } },
      ],
    };
    const { id, processor } = await processed(1, rollback);
    processor.failed(0, { permanent: true });
    const { sequence } = await suite.waitsForPerson(id);
    expect(sequence.reason).toContain('missing');
    const skipped = await suite.calls.resolve({
      sequenceId: id,
      action: 'RESOLVE_ACTION_SKIP',
      who: 'eva',
      why: 'no such field',
    });
    expect(skipped.consequences).not.toEqual([]);
    await suite.until(id, 'is settled', (shown) => shown.sequence.outcome === 'rolled_back');
    const events = await served.client.read({ filters: [{ correlationId: id }] });
    expect(events.map(({ type }) => type).slice(1)).toEqual(['Fine']);
    processor.close();
  });
});

it('an output that cannot be kept fails its step for good, and the processor goes on', async () => {
  const { id, processor } = await processed(1);
  const taskId = processor.tasks[0]?.taskId ?? 0;
  processor.write({ answers: { answers: [{ taskId, processed: { output: Buffer.from('{"a":') } }] } });
  const { sequence } = await suite.waitsForPerson(id);
  expect(sequence.steps[0]).toMatchObject({ errorCode: 'invalid_output' });
  expect(processor.error()).toBeUndefined();
  processor.close();
});

it('nobody but the server writes to the log of ordered sequences', async () => {
  const sequence = { sequence: 'ordered-sequences' };
  const append = served.client.append({ sequence, events: [{ type: 'a', eventSourceId: 'a', content: json({}) }] });
  expect(await refusal(append)).toMatchObject({ code: 'RESERVED_SEQUENCE' });
});
