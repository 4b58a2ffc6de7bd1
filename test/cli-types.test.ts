/** `annals types`, `annals jobs`, `annals stores configure` and reading by generation, as scripts and people use them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Annals } from '../src/client';
import { annalsCommand } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { annals, launch, ndjson, startOnFolder, type CliServer, type Ran, type RunOptions } from './support/cli-run';
import { makeTempFolder, type TempFolder } from './support/temp-folder';
import { hasTerminals, onTerminal } from './support/terminal';

let folder: TempFolder;
let server: CliServer;
let client: Annals;
let stores = 0;
let store: string;
let env: Record<string, string>;

const run = (args: string[], options: RunOptions = {}): Promise<Ran> => annals(args, { env, ...options });

const FIRST = {
  type: 'order.placed',
  description: 'A customer has ordered',
  generations: [
    {
      generation: 1,
      schema: {
        type: 'object',
        properties: { total: { type: 'number' }, name: { type: 'string' } },
        required: ['total', 'name'],
      },
    },
  ],
};

const SECOND = {
  ...FIRST,
  generations: [
    ...FIRST.generations,
    {
      generation: 2,
      schema: {
        type: 'object',
        properties: { amount: { type: 'number' }, currency: { enum: ['EUR', 'USD'] }, name: { type: 'string' } },
        required: ['amount', 'currency', 'name'],
      },
    },
  ],
  migrations: [
    {
      from: 1,
      to: 2,
      steps: [{ rename: { from: 'total', to: 'amount' } }, { default: { property: 'currency', value: 'EUR' } }],
    },
    { from: 2, to: 1, steps: [{ rename: { from: 'amount', to: 'total' } }, { remove: { property: 'currency' } }] },
  ],
};

const order = (n: number) => ({
  type: 'order.placed',
  eventSourceId: `order-${n}`,
  generation: 1,
  content: { total: n, name: 'Ada' },
});

/** A file with this as its JSON. */
async function fileOf(name: string, value: unknown): Promise<string> {
  const path = join(folder.path, `${store}-${name}`);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

beforeAll(async () => {
  folder = await makeTempFolder('cli-types');
  server = await startOnFolder(join(folder.path, 'data'));
});

beforeEach(async () => {
  store = `cli-types-${++stores}`;
  const url = `annals://${server.address}/${store}`;
  env = { ANNALS_URL: url };
  client = connect(url);
  await client.stores.ensure(store);
});

afterEach(async () => {
  await client.close();
});

afterAll(async () => {
  server?.process.signal('SIGTERM');
  await server?.process.done;
  await folder?.remove();
});

describe('annals types register', () => {
  it('registers a file, and says what is new; the same again changes nothing', async () => {
    const file = await fileOf('shop.json', SECOND);
    const ran = await run(['types', 'register', file]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^\+ order\.placed, 2 generations\n {4}.*generation 1 is new/);
    expect(ran.stdout).toContain('1 type registered.');
    expect(ran.stderr).toContain('annals types show order.placed');
    const again = await run(['types', 'register', file]);
    expect(again.stdout).toBe('= order.placed, as it was\nNothing new: 1 type is as before.\n');
    expect((await client.eventTypes.get('order.placed')).latestGeneration).toBe(2);
  });

  it('takes several files, arrays and stdin, and with --dry-run registers nothing', async () => {
    const files = [
      await fileOf('a.json', [FIRST, { type: 'a', generations: [{ generation: 1, schema: true }] }]),
      await fileOf('b.json', { type: 'b', generations: [{ generation: 1, schema: {} }] }),
    ];
    const dry = await run(['types', 'register', ...files, '--dry-run', '--json']);
    expect(ndjson(dry.stdout)).toMatchObject(
      ['order.placed', 'a', 'b'].map((type) => ({ type, unchanged: false, dryRun: true })),
    );
    expect(await client.eventTypes.list()).toEqual([]);
    expect((await run(['types', 'register', ...files])).code).toBe(0);
    const shown = await run(['types', 'show', 'order.placed', '--json']);
    expect((await run(['types', 'register', '-'], { stdin: shown.stdout })).stdout).toContain('Nothing new');
  });

  it('says which definition of which file is wrong, and registers none', async () => {
    const broken = { type: 'broken', generations: [{ generation: 1, schema: { type: 'objekt' } }] };
    const file = await fileOf('broken.json', [FIRST, broken]);
    const ran = await run(['types', 'register', file]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`${file}, type broken: `);
    expect(ran.stderr).toMatch(/\n {2}→ .*JSON Schema/);
    expect(await client.eventTypes.list()).toEqual([]);
    const misspelt = await run(['types', 'register', await fileOf('m.json', { ...FIRST, migration: [] })]);
    expect(misspelt).toMatchObject({ code: 1, stderr: expect.stringContaining('has no member "migration"') });
    const step = { ...SECOND, migrations: [{ from: 1, to: 2, steps: [{ move: {} }] }] };
    const unknown = await run(['types', 'register', await fileOf('s.json', step)]);
    expect(unknown.stderr).toContain('type order.placed: migrations[0].steps[0] has no step "move"');
    expect((await run(['types', 'register', await fileOf('n.json', 'no json')])).code).toBe(1);
    expect((await run(['types', 'register', 'no-such-file.json'])).stderr).toContain('there is no such file');
    expect((await run(['types', 'register'])).code).toBe(2);
  });

  it('refuses to make a generation narrower', async () => {
    await client.eventTypes.register(FIRST);
    const schema = { ...FIRST.generations[0]!.schema, required: ['total', 'name', 'shop'] };
    const file = await fileOf('narrow.json', { ...FIRST, generations: [{ generation: 1, schema }] });
    const ran = await run(['types', 'register', file]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('shop');
    expect(JSON.parse((await run(['types', 'register', file, '--json'])).stderr)).toMatchObject({
      error: { code: 'INCOMPATIBLE_SCHEMA', exitCode: 1 },
    });
  });
});

describe('annals types', () => {
  it('lists them, and says how to begin where there is none', async () => {
    const none = await run(['types']);
    expect(none).toMatchObject({ code: 0, stderr: expect.stringContaining('annals types register --help') });
    await client.eventTypes.register(SECOND);
    expect((await run(['types'])).stdout).toMatch(
      /^TYPE +GENERATIONS +CHANGED +DESCRIPTION\norder\.placed +2 +\d{4}-\d\d-\d\d \d\d:\d\d +A customer has ordered\n$/,
    );
    expect(ndjson((await run(['types', 'list', '--json'])).stdout)).toMatchObject([{ ...SECOND, latestGeneration: 2 }]);
  });

  it('shows one: its generations, and its migrations in words', async () => {
    await client.eventTypes.register(SECOND);
    const { stdout } = await run(['types', 'show', 'order.placed']);
    expect(stdout.split('\n').slice(1)).toEqual([
      '  A customer has ordered',
      '',
      'generation 1',
      '  total  number',
      '  name   string',
      '',
      'generation 2, the latest',
      '  amount    number',
      '  currency  "EUR" | "USD"',
      '  name      string',
      '',
      '1 → 2',
      '  total becomes amount',
      '  currency is "EUR" where it is absent',
      '',
      '2 → 1',
      '  amount becomes total',
      '  currency is left out',
      '',
    ]);
    expect((await run(['types', 'show', 'order.placed', '--schemas'])).stdout).toContain('      "total": {');
    const unknown = await run(['types', 'show', 'order.lost']);
    expect(unknown.code).toBe(4);
    expect(unknown.stderr).toContain('order.lost');
  });

  it('watches: all of them, then what changes, until Ctrl-C, which is no failure', async () => {
    await client.eventTypes.register(FIRST);
    const watching = launch(['types', 'watch', '--json'], { env });
    const generations = (): unknown[] => ndjson(watching.stdout()).map((type) => type['latestGeneration']);
    await awaitFact('what there is is told', () => generations().includes(1), { instead: watching.stderr });
    await client.eventTypes.register(SECOND);
    await awaitFact('the change is told', () => generations().includes(2), { instead: watching.stdout });
    watching.signal('SIGINT');
    expect(await watching.done).toMatchObject({ code: 0, stderr: '' });
  });

  it('every verb has help with examples and exit codes', async () => {
    const verbs = [
      ...['register', 'list', 'show', 'watch', 'preview', 'write-generations'].map((verb) => ['types', verb]),
      ...['list', 'show', 'watch', 'cancel'].map((verb) => ['jobs', verb]),
      ['stores', 'configure'],
      ['show'],
    ];
    for (const { code, stdout } of await Promise.all(verbs.map((verb) => run([...verb, '--help'])))) {
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:\n');
      expect(stdout).toContain('Exit codes:');
    }
  });
});

describe('annals types preview', () => {
  it('shows given content before and after, side by side', async () => {
    await client.eventTypes.register(SECOND);
    const ran = await run(['types', 'preview', 'order.placed', '--content', '-'], {
      stdin: '{"total":42,"name":"Ada"}',
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))).toEqual([
      'generation 1 | generation 2',
      'total | 42 | ·',
      'name | "Ada" | "Ada"',
      'amount | · | 42',
      'currency | · | "EUR"',
      '',
      '',
    ]);
    expect(ran.stderr).toContain('1 content cast, all fit.');
  });

  it('tries a definition that is not registered on the last events, and fails where something does not fit', async () => {
    await client.eventTypes.register(FIRST);
    await client.eventLog.append([order(1), order(200)]);
    const tight = JSON.parse(JSON.stringify(SECOND).replace('"amount":{', '"amount":{"maximum":100,')) as unknown;
    const file = await fileOf('tight.json', tight);
    const ran = await run(['types', 'preview', 'order.placed', '--definition', file, '--last', '5', '--json']);
    expect(ran.code).toBe(1);
    const bySequenceNumber = new Map(ndjson(ran.stdout).map((one) => [one['sequenceNumber'], one]));
    expect(bySequenceNumber.get(0)).toMatchObject({
      before: { total: 1, name: 'Ada' },
      after: { amount: 1, currency: 'EUR', name: 'Ada' },
      faults: [],
    });
    expect(bySequenceNumber.get(1)).toMatchObject({ faults: [expect.stringContaining('amount')] });
    const shown = await run(['types', 'preview', 'order.placed', '--definition', file, '--last', '5']);
    expect(shown.stdout).toContain('event 1\n');
    expect(shown.stderr).toContain('1 content of 2 with faults.');
    expect((await client.eventTypes.get('order.placed')).latestGeneration).toBe(1);
  });

  it('says what is wrong with the command line', async () => {
    await client.eventTypes.register(FIRST);
    expect((await run(['types', 'preview', 'order.placed', '--content', '-', '--last', '3'])).code).toBe(2);
    expect((await run(['types', 'preview', 'order.placed', '--from', '0'])).code).toBe(2);
    const file = await fileOf('other.json', { ...FIRST, type: 'other' });
    expect((await run(['types', 'preview', 'order.placed', '--definition', file])).code).toBe(2);
    const none = await run(['types', 'preview', 'order.placed', '--from', '1', '--to', '1']);
    expect(none).toMatchObject({ stdout: '', stderr: expect.stringContaining('There is no event of this type yet') });
  });
});

describe('generations of recorded events', () => {
  beforeEach(async () => {
    await client.eventTypes.register(FIRST);
    await client.eventLog.append([order(1), order(2)]);
    await client.eventTypes.register(SECOND);
  });

  const contents = (ran: Ran): unknown[] => ndjson(ran.stdout).map(({ content }) => content);

  it('are read as asked for', async () => {
    expect(contents(await run(['read', '--limit', '1', '--json']))).toEqual([
      { amount: 1, currency: 'EUR', name: 'Ada' },
    ]);
    const first = ['read', '--generation', 'order.placed=1', '--limit', '1', '--json'];
    expect(contents(await run(first))).toEqual([{ total: 1, name: 'Ada' }]);
    expect(contents(await run(['follow', '--generation', 'order.placed=1', '--limit', '2', '--json']))).toHaveLength(2);
    expect(contents(await run(['get', '1', '--generation', '1', '--json']))).toEqual([{ total: 2, name: 'Ada' }]);
    expect((await run(['get', '1'])).stdout).toContain('order.placed (generation 1, here in 2)');
    const payload = ['append', '-', '--type', 'order.placed', '--source', 'order-3', '--generation', '1'];
    expect((await run(payload, { stdin: '{"total":3,"name":"Ada"}' })).code).toBe(0);
    expect(contents(await run(['get', '2', '--json']))).toEqual([{ amount: 3, currency: 'EUR', name: 'Ada' }]);
    expect((await run(['read', '--generation', 'order.placed'])).code).toBe(2);
  });

  it('come back as they were from a backup, in the generation that they were read in', async () => {
    const backup = await run(['read', '--json']);
    const other = `${store}-other`.slice(-20);
    await client.stores.ensure(other);
    const elsewhere = { ANNALS_URL: `annals://${server.address}/${other}` };
    const file = await fileOf('second.json', SECOND);
    expect((await annals(['types', 'register', file], { env: elsewhere })).code).toBe(0);
    expect((await annals(['append', '-'], { env: elsewhere, stdin: backup.stdout })).code).toBe(0);
    expect(contents(await annals(['read', '--json'], { env: elsewhere }))).toEqual(contents(backup));
  });

  it('are written where they are missing by a job, which `jobs` shows', async () => {
    expect((await run(['show', '0'])).stdout).toContain('generation 2, as read');
    const ran = await run(['types', 'write-generations', 'order.placed']);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(/^write-generations of order\.placed succeeded: /);
    const shown = await run(['show', '0']);
    expect(shown.stdout).toMatch(/generation 1, as appended +generation 2\n/);
    expect(shown.stdout).toMatch(/^currency +· +"EUR"$/m);

    const [job] = ndjson((await run(['jobs', '--json'])).stdout);
    expect(job).toMatchObject({ kind: 'write-generations', subject: 'order.placed', state: 'succeeded' });
    const id = String(job?.['id']);
    expect((await run(['jobs'])).stdout).toMatch(
      new RegExp(`^${id} +write-generations +order\\.placed +all +succeeded`, 'm'),
    );
    expect((await run(['jobs', 'show', id])).stdout).toMatch(/state +succeeded/);
    expect(await run(['jobs', 'watch', id])).toMatchObject({ code: 0, stdout: expect.stringContaining('succeeded') });
    expect((await run(['jobs', 'show', 'nobody'])).code).toBe(4);
  });

  it('do not wait for the job when told so', async () => {
    const ran = await run(['types', 'write-generations', '--no-wait']);
    const [, id = ''] = /annals jobs watch (\S+)/.exec(ran.stdout) ?? [];
    expect(id).not.toBe('');
    const watched = await run(['jobs', 'watch', id, '--json']);
    expect(watched.code).toBe(0);
    expect(ndjson(watched.stdout).at(-1)).toMatchObject({ id, state: 'succeeded', ended: expect.any(String) });
  });

  (hasTerminals ? it : it.skip)('stand side by side on a terminal, and below each other on a narrow one', async () => {
    const shownOn = async (columns: number): Promise<string> => {
      const command = ['sh', '-c', `stty cols ${columns}; exec ${process.execPath} ${annalsCommand()} show 0`];
      const terminal = onTerminal(command, { ...env, NO_COLOR: '1' });
      expect(await terminal.done).toBe(0);
      return terminal.shown();
    };
    const wide = await shownOn(120);
    expect(wide).toMatch(/generation 1, as appended +generation 2, as read/);
    const narrow = await shownOn(44);
    expect(narrow).toMatch(/generation 1, as appended\r?\n +total {2}1/);
    expect(narrow).toMatch(/generation 2, as read\r?\n/);
  });
});

describe('annals stores configure', () => {
  it('makes a store strict, and lets go again', async () => {
    const event = JSON.stringify({ type: 'stranger', eventSourceId: 'a', content: {} });
    expect((await run(['stores', 'configure', store, '--strict'])).stdout).toBe(
      `${store} refuses events of types that are not registered.\n`,
    );
    const refused = await run(['append', '-'], { stdin: event });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('stdin, line 1: ');
    expect((await run(['stores'])).stdout).toMatch(new RegExp(`^${store} +yes +default$`, 'm'));
    expect(ndjson((await run(['stores', 'configure', store, '--no-strict', '--json'])).stdout)).toMatchObject([
      { name: store, strict: false },
    ]);
    expect((await run(['append', '-'], { stdin: event })).code).toBe(0);
    expect((await run(['stores', 'configure', store])).code).toBe(2);
  });

  it('what does not fit is told with the line that it stands on, all of it', async () => {
    await client.eventTypes.register(FIRST);
    const lines = [
      { type: 'order.placed', eventSourceId: 'a', content: { total: 1, name: 'Ada' } },
      { type: 'order.placed', eventSourceId: 'b', content: { total: 'x', name: 'Ada' } },
      { type: 'order.placed', eventSourceId: 'c', content: { total: 1 } },
    ];
    const refused = await run(['append', '-'], { stdin: lines.map((line) => JSON.stringify(line)).join('\n') });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('stdin, line 2: ');
    expect(refused.stderr).toContain('stdin, line 3: ');
    expect(refused.stderr).not.toContain('stdin, line 1: ');
    expect(await client.eventLog.tail()).toBeUndefined();
    const one = ['append', '-', '--batch', '1'];
    const partly = await run(one, { stdin: lines.map((line) => JSON.stringify(line)).join('\n') });
    expect(partly.stderr).toContain('Recorded so far: 1 event, number 0; go on with --skip 1.');
    expect(partly.stderr).toContain('stdin, line 2: ');
  });
});
