/** `annals ordered`, each verb against a real server, as scripts and people use it. */
import { connect, type Annals } from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { annals, launch, ndjson, type Ran } from './support/cli-run';
import { awaitFact } from './support/await-fact';
import { invoiceIds, invoiceSequence } from './support/invoice-sequence';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let server: AnnalsProcess;
let client: Annals;
let env: Record<string, string>;

beforeAll(async () => {
  database = await startReplicaSet();
  server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
  env = { ANNALS_URL: `annals://${server.address}/default` };
  client = connect(env['ANNALS_URL'] ?? '');
});
afterAll(async () => {
  await client.close();
  await server.kill9();
  await database.stop();
});

const run = async (args: readonly string[], stdin = ''): Promise<Ran> => annals(['ordered', ...args], { env, stdin });

/** The events of an invoice are on the log; nobody works them, so that they are done by being there. */
const append = async (number: string): Promise<void> => {
  const { created, booked, noticed, correlationId } = invoiceIds(number);
  await client.eventLog.append(
    [created, booked, noticed].map((eventId) => ({
      type: `Invoice.${eventId.split('_')[2] ?? ''}`,
      eventId,
      eventSourceId: `invoice-${number}`,
      correlationId,
      content: { invoice_id: `invoice-${number}`, entry_id: `entry-${number}` },
    })),
  );
};

it('a sequence is checked, begun, watched to its end, shown, listed and audited; its document comes out as it went in', async () => {
  const document = invoiceSequence('manual', 'cli1');
  const { sequenceId, correlationId } = invoiceIds('cli1');
  const dry = await run(['create', '-', '--dry-run'], document);
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('would be begun') });
  expect(await run(['show', sequenceId])).toMatchObject({ code: 4 });
  const watching = launch(['ordered', 'watch', sequenceId, '--until-settled', '--json'], { env });
  const begun = await run(['create', '-'], document);
  expect(begun).toMatchObject({ code: 0, stdout: expect.stringContaining(`${sequenceId} is begun`) });
  expect((await run(['create', '-'], document)).stdout).toContain('was there already');
  const shown = await run(['show', sequenceId, '--document']);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    ...(JSON.parse(document) as object),
    updated_at: expect.any(String),
  });
  expect((await run([])).stdout).toMatch(new RegExp(`${sequenceId} +Invoice creation +1.0.0 +created +running +0/3`));
  await append('cli1');
  expect((await watching.done).code).toBe(0);
  expect(ndjson(watching.stdout()).at(-1)).toMatchObject({ outcome: 'completed', phase: 'settled' });
  const listed = await run(['list', '--archived', '--correlation', correlationId, '--tag', 'priority=high', '--json']);
  expect(ndjson(listed.stdout)).toMatchObject([{ document: { sequenceId, status: 'completed' } }]);
  const audit = await run(['audit', sequenceId]);
  expect(audit.stdout.split('\n').map((line) => line.split(/ +/)[1])).toEqual(
    expect.arrayContaining(['SequenceCreated', 'StepArrived', 'StepProcessed', 'SequenceCompleted']),
  );
  const statistics = await run(['statistics', 'Invoice creation', '--json']);
  expect(JSON.parse(statistics.stdout)).toMatchObject({
    counts: expect.arrayContaining([{ name: 'Invoice creation', version: '1.0.0', status: 'completed', count: 1 }]),
  });
});

it('a person previews a rollback, is told what an act does, and does it', async () => {
  const { sequenceId, created, booked } = invoiceIds('cli2');
  expect((await run(['create', '-'], invoiceSequence('compensating_events', 'cli2'))).code).toBe(0);
  await client.eventLog.append({
    type: 'Invoice.created',
    eventId: created,
    eventSourceId: 'invoice-2',
    content: { invoice_id: 'invoice-2' },
  });
  await awaitFact('the first step is processed', async () => {
    const { steps } = await client.orderedSequences.get(sequenceId);
    return steps[0]?.status === 'processed';
  });
  const preview = await run(['preview', sequenceId, '--error', 'the ledger is closed', '--json']);
  // The second template asks for an event that has not come.
  expect(preview).toMatchObject({ code: 1, stderr: '' });
  expect(ndjson(preview.stdout)).toMatchObject([
    { emitted: true, content: { reason: 'Sequence failure: the ledger is closed' } },
    { content: null, faults: [expect.stringContaining('events[1].payload.entry_id')] },
  ]);
  expect(await run(['resolve', sequenceId, 'resume', '--dry-run'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not paused'),
  });
  expect(await run(['resolve', sequenceId, 'fail', '--event', booked])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--why'),
  });
  const dry = await run(['resolve', sequenceId, 'cancel', '--dry-run']);
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was done') });
  const done = await run(['resolve', sequenceId, 'cancel', '--who', 'ada', '--why', 'withdrawn', '--json']);
  expect(ndjson(done.stdout)[0]).toMatchObject({ dryRun: false, outcome: 'cancelled' });
  expect((await run(['audit', sequenceId])).stdout).toContain('(ada: withdrawn)');
});

it('a definition makes instances; what is wrong with a document is said with its place', async () => {
  const definition = {
    name: 'order',
    version: '1.0.0',
    ties: { by: 'correlation_id' },
    steps: [{ event_type: 'order.placed', order: 1 }],
  };
  expect((await run(['define', '-'], JSON.stringify(definition))).stdout).toContain('order 1.0.0 is defined');
  expect((await run(['define', '-'], JSON.stringify(definition))).stdout).toContain('was defined already');
  expect((await run(['definitions'])).stdout).toMatch(/order +1.0.0/);
  const made = await run(['create', '--definition', 'order@1.0.0', '--key', 'o-1', '--json']);
  expect(ndjson(made.stdout)[0]).toMatchObject({ created: true, document: { name: 'order', version: '1.0.0' } });
  const wrong = await run(
    ['create', '-'],
    JSON.stringify({ sequenceId: 'x', name: 'x', events: [{ eventId: 'a', order: 0 }] }),
  );
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('document.events[0].order') });
  expect((await run(['rebuild'])).stdout).toContain('Made anew');
});
