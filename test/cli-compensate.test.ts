/** `annals compensate`, `redact` and `show`, and reading what they left, against a real server. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Annals } from '../src/client';
import { annalsCommand } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { annals, ndjson, startOnFolder, type CliServer, type Ran, type RunOptions } from './support/cli-run';
import { makeTempFolder, type TempFolder } from './support/temp-folder';
import { CTRL_C, hasTerminals, onTerminal } from './support/terminal';

let folder: TempFolder;
let server: CliServer;
let client: Annals;
let stores = 0;
let env: Record<string, string>;

const run = (args: string[], options: RunOptions = {}): Promise<Ran> => annals(args, { env, ...options });
const json = async (args: string[]): Promise<Record<string, unknown>[]> =>
  ndjson((await run([...args, '--json'])).stdout);

const placed = (source: string, total: number) => ({
  type: 'order.placed',
  eventSourceId: source,
  eventId: `placed-${source}`,
  content: { total, customer: { name: 'Ada' } },
});

beforeAll(async () => {
  folder = await makeTempFolder('cli-compensate');
  server = await startOnFolder(join(folder.path, 'data'));
});

beforeEach(async () => {
  const store = `compensate-${++stores}`;
  const url = `annals://${server.address}/${store}`;
  env = { ANNALS_URL: url };
  client = connect(url);
  await client.stores.ensure(store);
  await client.eventLog.append([placed('order-1', 42), placed('order-2', 7)]);
});

afterEach(async () => {
  await client.close();
});

afterAll(async () => {
  server?.process.signal('SIGTERM');
  await server?.process.done;
  await folder?.remove();
});

const RIGHT = '{"total":41,"customer":{"name":"Ada"}}';
const compensate = (args: string[], stdin = RIGHT): Promise<Ran> =>
  run(['compensate', ...args, '--reason', 'a typing error'], { stdin });

describe('annals compensate', () => {
  it('replaces content from stdin, and says where it is announced and what to type next', async () => {
    const ran = await compensate(['0', '--compensation-id', 'ticket-77']);
    expect(ran).toMatchObject({
      code: 0,
      stdout: 'Compensated 0; announced at 2.\nNext: annals show 0\n',
      stderr: '',
    });
    expect((await compensate(['0', '--compensation-id', 'ticket-77'])).stdout).toContain(
      'Nothing new: 0 had been compensated by ticket-77, announced at 2.',
    );
    expect(await client.eventLog.tail()).toBe(2);
  });

  it('takes the event by its id, content from a file, and says its facts to programs', async () => {
    const file = join(folder.path, 'right.json');
    await writeFile(file, RIGHT);
    const ran = await compensate(['placed-order-2', file, '--type', 'order.placed', '--caused-by', 'ada', '--json']);
    expect(ndjson(ran.stdout)).toEqual([
      { sequenceNumber: 2, compensationId: expect.any(String), duplicate: false, recorded: expect.any(String) },
    ]);
    const { compensations } = await client.eventLog.get({ sequenceNumber: 1 }, { view: 'all' });
    expect(compensations).toMatchObject([{ reason: 'a typing error', causedBy: 'ada', content: { total: 41 } }]);
  });

  it('is refused where it is wrong, with an exit code that says how', async () => {
    expect((await compensate(['7'])).code).toBe(4);
    expect(await compensate(['0', '--type', 'order.paid'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('order.placed'),
    });
    expect((await compensate(['0'], '')).stderr).toContain('stdin is empty');
    expect((await compensate(['0'], 'no json')).code).toBe(1);
    expect((await run(['compensate', '0'], { stdin: RIGHT })).stderr).toContain('--reason');
    await client.eventTypes.register({
      type: 'order.placed',
      generations: [{ generation: 1, schema: { type: 'object', properties: { total: { type: 'number' } } } }],
    });
    const refused = await compensate(['0'], '{"total":"x"}');
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('total') });
    expect(await client.eventLog.tail()).toBe(1);
  });
});

describe('what was compensated', () => {
  beforeEach(async () => {
    await compensate(['0', '--compensation-id', 'ticket-77']);
  });

  const totals = (events: Record<string, unknown>[]): unknown[] =>
    events.map(({ content }) => (content as { total?: unknown }).total);

  it('is read as it was, or as it is, or with everything', async () => {
    expect(totals(await json(['read']))).toEqual([42, 7]);
    expect(totals(await json(['read', '--view', 'effective']))).toEqual([41, 7]);
    const [all] = await json(['read', '--view', 'all']);
    expect(all).toMatchObject({ content: { total: 42 }, compensations: [{ content: { total: 41 } }] });
    expect(await json(['get', '0', '--view', 'effective'])).toMatchObject([
      { content: { total: 41 }, effectiveCompensationId: 'ticket-77' },
    ]);
    expect((await run(['get', '0', '--view', 'effective'])).stdout).toMatch(/^compensated +by ticket-77$/m);
    expect((await run(['read', '--view', 'newest'])).code).toBe(2);
  });

  it('is announced to who asks, in a timeline too', async () => {
    expect(await json(['read', '--announcements'])).toMatchObject([
      { sequenceNumber: 0 },
      { sequenceNumber: 1 },
      { sequenceNumber: 2, announcement: { kind: 'compensation', sequenceNumber: 0, reason: 'a typing error' } },
    ]);
    const timeline = await run(['follow', '--announcements', '--limit', '3']);
    expect(timeline.stdout).toContain('↺ the compensation of 0: a typing error total=41');
    const announced = await run(['append', '-'], { stdin: (await run(['read', '--announcements', '--json'])).stdout });
    expect(announced.stderr).toContain('line 3: this announces a compensation or redaction and cannot be appended');
  });

  it('is shown side by side, with the reason', async () => {
    const { code, stdout } = await run(['show', '0']);
    expect(code).toBe(0);
    const rows = stdout.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
    expect(rows).toContain('original, generation 1 | compensation 1, at 2');
    expect(rows).toContain('a typing error (ticket-77)');
    expect(rows).toContain('total | 42 | 41');
    expect(rows).toContain('customer.name | "Ada" | "Ada"');
    expect(await json(['show', 'placed-order-1'])).toMatchObject([
      { compensations: [{ compensationId: 'ticket-77' }] },
    ]);
  });
});

describe('annals redact', () => {
  const REASON = ['--reason', 'erasure request 12'];

  it('says with --dry-run what it would do, and does nothing', async () => {
    expect(await run(['redact', '0', ...REASON, '--dry-run'])).toMatchObject({
      code: 0,
      stdout: '1 event (number 0, order.placed about order-1) would be redacted for good.\n',
    });
    expect(await json(['redact', '0', ...REASON, '--dry-run'])).toEqual([
      { redacted: 1, alreadyRedacted: 0, lastSequenceNumber: null, dryRun: true },
    ]);
    expect((await client.eventLog.get({ sequenceNumber: 0 })).redaction).toBeUndefined();
  });

  it('does nothing without a terminal, unless --yes says so', async () => {
    const refused = await run(['redact', '0', ...REASON]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect((await client.eventLog.get({ sequenceNumber: 0 })).content).toMatchObject({ total: 42 });
    const ran = await run(['redact', '0', ...REASON, '--yes']);
    expect(ran).toMatchObject({
      code: 0,
      stdout: '1 event (number 0, order.placed about order-1) is redacted for good.\nAnnounced; next: annals get 2\n',
    });
    expect((await run(['redact', '0', ...REASON, '--yes'])).stdout).toBe(
      'Nothing to redact (number 0, order.placed about order-1). 1 event had been redacted before.\n',
    );
    expect((await run(['show', '0'])).stdout).toMatch(/^redacted +\S+: erasure request 12$/m);
    expect((await run(['read'])).stdout).toContain('✗ redacted: erasure request 12');
    expect((await run(['get', '2'])).stdout).toMatch(/^announces +the redaction of 0: erasure request 12$/m);
  });

  it('takes all of a type about a source, those and no others', async () => {
    const ran = await json(['redact', '--type', 'order.placed', '--source', 'order-2', ...REASON, '--yes']);
    expect(ran).toEqual([{ redacted: 1, alreadyRedacted: 0, lastSequenceNumber: 2, dryRun: false }]);
    expect((await client.eventLog.get({ sequenceNumber: 0 })).content).toMatchObject({ total: 42 });
    expect((await client.eventLog.get({ sequenceNumber: 1 })).content).toEqual({});
  });

  it('refuses half a selection, none, and one without a reason', async () => {
    const wrong = [
      ['redact', ...REASON, '--yes'],
      ['redact', '--type', 'order.placed', ...REASON, '--yes'],
      ['redact', '0', '--type', 'order.placed', '--source', 'order-1', ...REASON, '--yes'],
      ['redact', '0', '--yes'],
    ];
    for (const args of wrong) expect((await run(args)).code).toBe(2);
    expect((await run(['redact', '9', ...REASON, '--yes'])).code).toBe(4);
    expect(await client.eventLog.tail()).toBe(1);
  });

  (hasTerminals ? it : it.skip)('asks on a terminal, and takes anything but yes for no', async () => {
    const command = [process.execPath, annalsCommand(), 'redact', '0', ...REASON];
    const asked = async (answer: string): Promise<number | null> => {
      const terminal = onTerminal(command, env);
      await awaitFact('it asks', () => terminal.shown().includes('Go on? [y/N]'), { instead: terminal.shown });
      expect(terminal.shown()).toContain('1 event (number 0, order.placed about order-1) is to be redacted for good.');
      terminal.type(answer);
      return terminal.done;
    };
    expect(await asked('n\r')).toBe(1);
    expect(await asked(CTRL_C)).toBe(130);
    expect((await client.eventLog.get({ sequenceNumber: 0 })).redaction).toBeUndefined();
    expect(await asked('y\r')).toBe(0);
    expect((await client.eventLog.get({ sequenceNumber: 0 })).content).toEqual({});
  });
});

it('every verb has help with examples and exit codes', async () => {
  for (const verb of ['compensate', 'redact', 'show', 'get', 'read']) {
    const { code, stdout } = await run([verb, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Examples:\n`);
    expect(stdout).toContain('Exit codes:');
  }
});
