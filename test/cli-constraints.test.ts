/** `annals constraints`, against a real server: into force, refused with the events that break it, out of force. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Annals } from '../src/client';
import { annals, ndjson, startOnFolder, type CliServer, type Ran, type RunOptions } from './support/cli-run';
import { makeTempFolder, type TempFolder } from './support/temp-folder';

let folder: TempFolder;
let server: CliServer;
let client: Annals;
let stores = 0;
let store: string;
let env: Record<string, string>;

const run = (args: string[], options: RunOptions = {}): Promise<Ran> =>
  annals(['constraints', ...args], { env, ...options });

const NUMBERS = ['register', '--name', 'order-numbers', '--unique', 'order.placed:number'];

const order = (source: string, content: object, type = 'order.placed') => ({ type, eventSourceId: source, content });

beforeAll(async () => {
  folder = await makeTempFolder('cli-constraints');
  server = await startOnFolder(join(folder.path, 'data'));
});

beforeEach(async () => {
  store = `cli-constraints-${++stores}`;
  const url = `annals://${server.address}/${store}`;
  env = { ANNALS_URL: url };
  client = connect(url);
  await client.stores.ensure(store, { namespaces: ['acme'] });
});

afterEach(async () => {
  await client.close();
});

afterAll(async () => {
  server?.process.signal('SIGTERM');
  await server?.process.done;
  await folder?.remove();
});

it('puts a constraint into force in every namespace, and says what it means; the same again changes nothing', async () => {
  const options = ['--scope', 'property:shop', '--ignore-case', '--released-by', 'order.gone'];
  const ran = await run([...NUMBERS, ...options]);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(
    /^order-numbers is in force: number of order\.placed is unique within shop, without regard to case, until order\.gone \((acme|default) from \d+, (acme|default) from \d+\)\.\n$/,
  );
  expect((await run([...NUMBERS, ...options])).stdout).toContain('is in force, as it was:');
  const json = ndjson((await run([...NUMBERS, ...options, '--json'])).stdout).at(-1);
  expect(json).toMatchObject({
    name: 'order-numbers',
    sequence: 'event-log',
    uniqueValue: { scope: { property: 'shop' }, ignoreCase: true, releasedBy: ['order.gone'], holder: 'event' },
    namespaces: [{ state: 'in-force' }, { state: 'in-force' }],
  });
  await client.eventLog.append(order('a', { number: 'N-1', shop: 'x' }));
  const listed = await run(['list']);
  expect(listed.stdout).toMatch(/^CONSTRAINT +SEQUENCE +NAMESPACE +STATE +CLAIMS +RULE\n/);
  expect(listed.stdout).toMatch(/ default +in force from \d+ +1\b/);
});

it('tells an append that breaks it which event holds the value', async () => {
  await run(NUMBERS);
  await client.eventLog.append(order('a', { number: 17 }));
  const event = JSON.stringify(order('b', { number: 17 }));
  const refused = await annals(['append', '-'], { env, stdin: event });
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('order-numbers');
  const facts = await annals(['append', '-', '--json'], { env, stdin: event });
  expect(JSON.parse(facts.stderr)).toMatchObject({
    error: {
      code: 'CONSTRAINT_VIOLATION',
      violations: [{ metadata: { constraint: 'order-numbers', property: 'number', value: '17' } }],
      exitCode: 3,
    },
  });
});

it('names the events that break it where it does not hold, and is not in force then', async () => {
  await client.eventLog.append([order('a', { number: 1 }), order('b', { number: 2 }), order('c', { number: 1 })]);
  const refused = await run(NUMBERS);
  expect(refused.code).toBe(3);
  expect(refused.stdout).toBe('');
  expect(refused.stderr).toContain('annals: what is recorded breaks the constraint order-numbers');
  expect(refused.stderr).toMatch(/numbers 0, 2 of event-log in default/);
  expect(refused.stderr).toContain('→ ');
  const { error } = JSON.parse((await run([...NUMBERS, '--json'])).stderr) as { error: Record<string, unknown> };
  expect(error).toMatchObject({ code: 'CONSTRAINT_REFUSED', findings: [{ sequenceNumbers: [0, 2] }], exitCode: 3 });
  expect((await run(['list'])).stdout).toMatch(/ default +refused: what is recorded breaks it/);
  const jobs = ndjson((await annals(['jobs', '--json'], { env })).stdout);
  const failed = jobs.find(({ state, namespace }) => state === 'failed' && namespace === 'default');
  const shown = await annals(['jobs', 'show', String(failed?.['id'])], { env });
  expect(shown.stdout).toMatch(/✗ .*\(numbers 0, 2 of event-log in default\)/);
  const watched = await annals(['jobs', 'watch', String(failed?.['id'])], { env });
  expect(watched).toMatchObject({ code: 1, stdout: expect.stringContaining('failed') });
});

it('takes definitions from a file, also those that `list --json` wrote', async () => {
  const file = join(folder.path, `${store}.json`);
  await writeFile(
    file,
    JSON.stringify([
      { name: 'numbers', uniqueValue: { types: [{ type: 'order.placed', properties: ['shop', 'number'] }] } },
      { name: 'one-opening', uniqueEventType: { type: 'opened', releasedBy: ['closed'] } },
    ]),
  );
  const ran = await run(['register', file]);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout.split('\n')).toEqual([
    expect.stringContaining('numbers is in force: shop + number of order.placed is unique ('),
    expect.stringContaining('one-opening is in force: a source has one opened at most, until closed ('),
    '',
  ]);
  const again = await run(['register', '-'], { stdin: (await run(['list', '--json'])).stdout });
  expect(again.stdout.match(/as it was/g)).toHaveLength(2);
  await writeFile(file, JSON.stringify({ name: 'a', unique: 'order.placed:number' }));
  expect(await run(['register', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no member "unique"'),
  });
});

it('begins without waiting when told so', async () => {
  const ran = await run([...NUMBERS, '--no-wait']);
  expect(ran.code).toBe(0);
  const [, job = ''] = /annals jobs watch (\S+)/.exec(ran.stdout) ?? [];
  expect((await annals(['jobs', 'watch', job], { env })).code).toBe(0);
});

it('takes one out of force', async () => {
  await run(NUMBERS);
  expect((await run(['remove', 'order-numbers'])).stdout).toContain('is out of force');
  expect((await run(['remove', 'order-numbers'])).code).toBe(4);
  expect((await run([])).stderr).toContain('There is none yet');
});

it('says what is wrong with the command line, and has help with examples', async () => {
  expect((await run(['register'])).code).toBe(2);
  expect((await run(['register', '--unique', 'order.placed:number'])).stderr).toContain('--name');
  expect((await run([...NUMBERS, '--scope', 'shop'])).code).toBe(2);
  expect((await run([...NUMBERS, 'file.json'])).code).toBe(2);
  const wrong = await run(['register', '--name', 'UPPER', '--unique', 'order.placed:number']);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('constraint.name') });
  for (const verb of ['register', 'list', 'remove']) {
    expect((await run([verb, '--help'])).stdout).toContain('Examples:\n  annals constraints');
  }
});
