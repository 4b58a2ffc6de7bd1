/** `annals links`, each verb against a real server, as scripts and people use it. */
import type { Annals } from '../src/client';
import { awaitFact } from './support/await-fact';
import { annals, launch, ndjson, type Ran } from './support/cli-run';
import { level, startServices, until, type Services } from './support/services';

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => services.stop());

interface Ends {
  readonly source: Annals;
  readonly target: Annals;
  readonly run: (...args: string[]) => Promise<Ran>;
  readonly env: Record<string, string>;
}

/** A source with three events, of which the target refuses the second. */
async function ends(): Promise<Ends> {
  const [source, target] = [await services.service('shop'), await services.service('mail')];
  const generations = [{ generation: 1, schema: { properties: { i: { type: 'number' } } } }];
  await target.eventTypes.register({ type: 'told', generations, migrations: [] });
  await source.outbox.append([1, 'x', 3].map((i) => ({ type: 'told', eventSourceId: String(i), content: { i } })));
  const env = { ANNALS_URL: services.connection(target, 0) };
  return { source, target, env, run: async (...args) => annals(['links', ...args], { env }) };
}

it('are added with what does not fit said before, listed, and removed', async () => {
  const { source, target, run } = await ends();
  expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^LINK +STATE/) });
  const dry = await run('add', 'shop', '--from', source.store, '--type', 'told', '--hash', 'i', '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('would be made') });
  expect(await target.links.list()).toEqual([]);
  const made = await run('add', 'shop', '--from', `${source.store}/default`, '--start', '1', '--json');
  expect(made.code).toBe(0);
  expect(ndjson(made.stdout)[0]).toMatchObject({
    created: true,
    dryRun: false,
    link: { id: 'shop', definition: { start: 1 } },
  });
  await level(target, source, 'shop');
  expect((await run('list')).stdout).toMatch(new RegExp(`shop +running +${source.store}/default/outbox +3`));
  expect(ndjson((await run('list', '--json')).stdout)[0]).toMatchObject({ id: 'shop', position: 3, heldPartitions: 1 });
  expect(await run('add', 'shop', '--from', source.store, '--start', 'soon')).toMatchObject({ code: 2 });
  expect(await run('add', 'self', '--from', target.store)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a link onto itself'),
  });
  expect(await run('remove', 'shop')).toMatchObject({ code: 0 });
  expect(await run('remove', 'shop')).toMatchObject({ code: 4, stderr: expect.stringContaining('no link shop') });
});

it('pause, resume, and are watched', async () => {
  const { source, target, run, env } = await ends();
  await run('add', 'shop', '--from', services.connection(source, 0), '--paused');
  const watching = launch(['links', 'watch', 'shop', '--json'], { env });
  await awaitFact('it is told', () => watching.stdout().includes('"paused"'));
  expect(await run('resume', 'shop')).toMatchObject({ code: 0 });
  await level(target, source, 'shop');
  await awaitFact('it is told again', () => watching.stdout().includes('"running"'));
  watching.signal('SIGINT');
  expect((await watching.done).code).toBe(0);
  expect(await run('pause', 'shop')).toMatchObject({ code: 0, stdout: expect.stringContaining('links resume shop') });
  await until(target, 'it is paused', ({ state }) => state === 'paused', 'shop');
});

it('list what is held, redrive it, and prove what came', async () => {
  const { source, target, run } = await ends();
  await run('add', 'shop', '--from', source.store);
  await level(target, source, 'shop');
  const held = await run('held', 'shop');
  expect(held.stdout).toMatch(/x {2}stands at 1, 1 event waiting, 1 attempt\n {2}SCHEMA_VIOLATION/);
  const again = await run('redrive', 'shop');
  expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('then refused again') });
  const proof = await run('prove', 'shop');
  expect(proof).toMatchObject({ code: 0, stdout: expect.stringMatching(/^1 {2}held {2}x\n[^]*Proven/) });
  expect(await run('redrive', 'shop', '--skip')).toMatchObject({ code: 2 });
  const skipped = await run('redrive', 'shop', '--number', '1', '--skip', '--reason', 'a test', '--who', 'ann');
  expect(skipped).toMatchObject({ code: 0, stdout: expect.stringContaining('1 event left out') });
  const ranges = ndjson((await run('prove', 'shop', '--ranges', '--json')).stdout);
  expect(ranges).toMatchObject([
    { from: 0, outcome: 'in-inbox' },
    { from: 1, outcome: 'skipped', detail: 'BY_HAND: a test (ann)' },
    { from: 2, outcome: 'in-inbox' },
    { link: 'shop', inInbox: 2, skipped: 1, missing: 0, proven: true },
  ]);
});

it('exit with 1 when something is missing', async () => {
  const { source, target, run } = await ends();
  await run('add', 'shop', '--from', source.store);
  await level(target, source, 'shop');
  // A person with a shell took an event out of the inbox.
  const { MongoClient } = await import('mongodb');
  const client = await MongoClient.connect(services.databases[0]?.url ?? '');
  await client.db(`annals+${target.store}+default`).collection('inbox').deleteOne({ 'origin.sequenceNumber': 2 });
  await client.close();
  expect(await run('prove', 'shop')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/2 {2}missing[^]*Not proven/),
  });
});
