/** The `annals` command, each verb against a real server in a process of its own, as scripts and people use it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitFact } from './support/await-fact';
import { annals, launch, ndjson, shell, startOnFolder, type CliServer, type Ran } from './support/cli-run';
import { makeTempFolder, type TempFolder } from './support/temp-folder';

let folder: TempFolder;
let server: CliServer;
let env: Record<string, string>;
let sequences = 0;

/** A sequence that no other test has touched. */
const freshSequence = (): string => `test-${++sequences}`;

const run = (args: readonly string[], stdin = ''): Promise<Ran> => annals(args, { stdin, env });

/** Appends so many numbered events about `s0`, `s1`, `s0` … of the types `even` and `odd`. */
async function appendEvents(sequence: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ type: n % 2 === 0 ? 'even' : 'odd', eventSourceId: `s${n % 2}`, content: { n } }),
  );
  const ran = await run(['append', '-', '--sequence', sequence], lines.join('\n'));
  expect(ran).toMatchObject({ code: 0, stderr: '' });
}

const numbersOf = ({ stdout }: Ran): unknown[] => ndjson(stdout).map((event) => event['sequenceNumber']);

beforeAll(async () => {
  folder = await makeTempFolder('cli');
  server = await startOnFolder(join(folder.path, 'data'));
  env = { ANNALS_URL: `annals://${server.address}/default` };
});

afterAll(async () => {
  server?.process.signal('SIGTERM');
  await server?.process.done;
  await folder?.remove();
});

describe('annals append', () => {
  it('takes whole events from stdin and says what they became', async () => {
    const sequence = freshSequence();
    const input =
      '{"type":"a","eventSourceId":"s","content":{"x":1}}\n{"type":"b","eventSourceId":"s","content":{"x":2}}\n';
    const ran = await run(['append', '-', '--sequence', sequence], input);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`Recorded 2 events on ${sequence}, numbers 0–1`);
    expect(ran.stdout).toContain(`Next: annals read --from 0 --limit 10 --sequence ${sequence}`);
  });

  it('takes plain payloads of a JSON array from a file', async () => {
    const sequence = freshSequence();
    const file = join(folder.path, 'payloads.json');
    await writeFile(file, JSON.stringify([{ repo: { name: 'a' } }, { repo: { name: 'b' } }], undefined, 2));
    const options = ['--type', 'pushed', '--source-property', 'repo.name', '--tag', 'x', '--correlation', 'op-1'];
    const ran = await run(['append', file, ...options, '--sequence', sequence, '--json']);
    expect(ndjson(ran.stdout)).toMatchObject([{ firstSequenceNumber: 0, lastSequenceNumber: 1, duplicate: false }]);
    const read = ndjson((await run(['read', '--sequence', sequence, '--json'])).stdout);
    expect(read).toMatchObject([
      { type: 'pushed', eventSourceId: 'a', tags: ['x'], correlationId: 'op-1', content: { repo: { name: 'a' } } },
      { type: 'pushed', eventSourceId: 'b', tags: ['x'], correlationId: 'op-1', content: { repo: { name: 'b' } } },
    ]);
  });

  it('keeps integers that a JavaScript number cannot hold, and the order of keys', async () => {
    const sequence = freshSequence();
    const content = '{"z":9007199254740993,"a":{"$x":1,"b.c":2}}';
    await run(['append', '-', '--type', 't', '--source', 's', '--sequence', sequence], content);
    const read = await run(['read', '--sequence', sequence, '--json']);
    expect(read.stdout).toContain(`"content":${content}}`);
  });

  it('takes back what `annals read --json` wrote', async () => {
    const [from, to] = [freshSequence(), freshSequence()];
    await appendEvents(from, 5);
    const ran = await shell(`annals read --sequence ${from} --json | annals append - --sequence ${to}`, env);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const [one, two] = await Promise.all([from, to].map((sequence) => run(['read', '--sequence', sequence, '--json'])));
    const about = ({ stdout }: Ran) => ndjson(stdout).map(({ recorded: _, ...event }) => event);
    expect(about(two!)).toEqual(about(one!));
  });

  it('makes calls of --batch events, each all or nothing, and says how to go on after a failure', async () => {
    const sequence = freshSequence();
    const good = '{"type":"t","eventSourceId":"s","content":{}}\n';
    const ran = await run(
      ['append', '-', '--batch', '2', '--sequence', sequence],
      good.repeat(3) + '{"type":"t","eventSourceId":"s","content":{"a":1,"a":2}}\n',
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('stdin, line 4: ');
    expect(ran.stderr).toContain('Recorded so far: 2 events, numbers 0–1; go on with --skip 2');
    expect((await run(['tail', '--sequence', sequence])).stdout).toBe('1\n');
    const rest = await run(['append', '-', '--skip', '2', '--sequence', sequence], good.repeat(3));
    expect(rest.stdout).toContain('Recorded 1 event on');
  });

  it('knows a repetition by its event ids', async () => {
    const sequence = freshSequence();
    const args = ['append', '-', '--type', 't', '--source', 's', '--event-id-property', 'id', '--sequence', sequence];
    const input = '{"id":"one"}\n{"id":"two"}\n';
    await run(args, input);
    const again = await run([...args, '--json'], input);
    expect(ndjson(again.stdout)).toMatchObject([{ firstSequenceNumber: 0, lastSequenceNumber: 1, duplicate: true }]);
    expect((await run(args, input)).stdout).toContain('Nothing new: 2 events had been recorded before, numbers 0–1');
  });

  it('is refused with exit code 3 when an expectation does not hold', async () => {
    const sequence = freshSequence();
    await appendEvents(sequence, 3);
    const append = (...args: string[]) =>
      run(['append', '-', '--type', 't', '--source', 's', '--sequence', sequence, ...args], '{}');
    const refused = await append('--expect-last', '1');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/^annals: .+\n {2}→ Read on from there/);
    expect(await append('--expect-none')).toMatchObject({ code: 3 });
    expect(await append('--expect-none', '--expect-source', 's1')).toMatchObject({ code: 3 });
    expect(await append('--expect-none', '--expect-source', 's7')).toMatchObject({ code: 0 });
    expect(await append('--expect-last', '3')).toMatchObject({ code: 0 });
    const facts = await append('--expect-last', '3', '--json');
    expect(facts.code).toBe(3);
    expect(JSON.parse(facts.stderr)).toMatchObject({
      error: { exitCode: 3, violations: [{ code: 'CONCURRENCY_CONFLICT' }] },
    });
  });

  it('appends what comes on a pipe that stays open', async () => {
    const sequence = freshSequence();
    const append = launch(['append', '-', '--type', 't', '--source', 's', '--sequence', sequence, '--json'], { env });
    append.stdin.write('{"n":0}\n');
    await awaitFact('the first event is recorded', () => append.stdout().includes('"firstSequenceNumber":0'));
    append.stdin.write('{"n":1}\n');
    await awaitFact('the second event is recorded', () => append.stdout().includes('"firstSequenceNumber":1'));
    append.signal('SIGINT');
    expect(await append.done).toMatchObject({ code: 130 });
  });

  it.each([
    ['{"type":"t","eventSourceId":"s","content":{}', 1, 'stdin, line 1: the JSON object that begins here has no end'],
    ['[1]', 1, 'stdin, line 1: expected a JSON object, found `1`'],
    ['{"total":42}', 1, 'stdin, line 1: an event has no field "total"'],
    ['', 0, ''],
  ])('of the input %j ends with exit code %i', async (input, code, message) => {
    const ran = await run(['append', '-', '--sequence', freshSequence()], input);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(message);
  });

  it('of a file that is not there says so', async () => {
    const ran = await run(['append', 'no-such-file.json']);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe(
      'annals: cannot read no-such-file.json: there is no such file\n  → Name a file, or `-` for stdin.\n',
    );
  });
});

describe('annals read', () => {
  const sequence = 'read-range';
  beforeAll(() => appendEvents(sequence, 10));

  it.each([
    [
      ['--from', '3', '--to', '5'],
      [3, 4, 5],
    ],
    [
      ['--backwards', '--limit', '3'],
      [9, 8, 7],
    ],
    [
      ['--backwards', '--from', '4', '--limit', '2'],
      [4, 3],
    ],
    [
      ['--type', 'odd', '--limit', '2'],
      [1, 3],
    ],
    [
      ['--type', 'odd', '--type', 'even', '--limit', '2'],
      [0, 1],
    ],
    [
      ['--source', 's0', '--from', '5'],
      [6, 8],
    ],
    [['--tag', 'none'], []],
  ])('%j', async (args, expected) => {
    const ran = await run(['read', '--sequence', sequence, '--json', ...args]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(numbersOf(ran)).toEqual(expected);
  });

  it('writes a timeline for people, without colours into a pipe', async () => {
    const { stdout } = await run(['read', '--sequence', sequence, '--limit', '2']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^ +1 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}odd +s1 +n=1$/);
    expect(stdout).not.toContain('\u001b');
  });

  it('ends in silence when its reader has gone', async () => {
    const large = freshSequence();
    // More than a pipe holds, so that the writer is still writing when the reader leaves.
    await appendEvents(large, 2_000);
    const ran = await shell(`annals read --sequence ${large} --json | head -1; echo "\${PIPESTATUS[0]}"`, env);
    const [first, code] = ran.stdout.trimEnd().split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ sequenceNumber: 0 });
    expect(code).toBe('0');
    expect(ran.stderr).toBe('');
  });
});

describe('annals follow', () => {
  it('shows what is there and then what comes, and ends with Ctrl-C and a summary', async () => {
    const sequence = freshSequence();
    await appendEvents(sequence, 2);
    const follow = launch(['follow', '--sequence', sequence], { env });
    await awaitFact('it is live', () => follow.stderr().includes('what follows is live'), { instead: follow.stderr });
    await appendEvents(sequence, 1);
    await awaitFact('the new event is shown', () => follow.stdout().split('\n').length === 4);
    follow.signal('SIGINT');
    const ran = await follow.done;
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('Followed 3 events; go on with --from 3.');
  });

  it('waits for the next event of a filter, for scripts', async () => {
    const sequence = freshSequence();
    await appendEvents(sequence, 2);
    const args = ['follow', '--only-new', '--type', 'odd', '--limit', '1', '--json', '--sequence', sequence];
    const follow = launch(args, { env });
    let ended = false;
    void follow.done.then(() => (ended = true));
    // Nothing says when a subscription with --json is there, so events are appended until it has seen one.
    await awaitFact('it has ended', async () => {
      await appendEvents(sequence, 2);
      return ended;
    });
    const ran = await follow.done;
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ndjson(ran.stdout)).toMatchObject([{ type: 'odd' }]);
  });

  it('ends in silence when its reader has gone', async () => {
    const sequence = freshSequence();
    await appendEvents(sequence, 2_000);
    const ran = await shell(
      `annals follow --sequence ${sequence} --json | head -1 | wc -l; echo "\${PIPESTATUS[0]}"`,
      env,
    );
    expect(ran).toEqual({ code: 0, stdout: '1\n0\n', stderr: '' });
  });

  it('goes on from a number', async () => {
    const sequence = freshSequence();
    await appendEvents(sequence, 5);
    const ran = await run(['follow', '--from', '3', '--limit', '2', '--json', '--sequence', sequence]);
    expect(numbersOf(ran)).toEqual([3, 4]);
  });
});

describe('annals get', () => {
  it('shows one event by its number or its id', async () => {
    const sequence = freshSequence();
    const event = '{"type":"t","eventSourceId":"s","eventId":"17","content":{"x":1}}';
    await run(['append', '-', '--sequence', sequence], event);
    const byNumber = await run(['get', '0', '--json', '--sequence', sequence]);
    const byId = await run(['get', '--id', '17', '--json', '--sequence', sequence]);
    expect(ndjson(byNumber.stdout)).toMatchObject([{ sequenceNumber: 0, eventId: '17', content: { x: 1 } }]);
    expect(byId.stdout).toBe(byNumber.stdout);
    const { stdout } = await run(['get', '0', '--sequence', sequence]);
    expect(stdout).toMatch(/^number +0\ntype +t\nevent source +s\n/);
    expect(stdout).toContain('"x": 1');
  });

  it('says with exit code 4 that there is none', async () => {
    const ran = await run(['get', '999', '--sequence', freshSequence()]);
    expect(ran).toMatchObject({ code: 4, stdout: '' });
    expect(ran.stderr).toMatch(/^annals: .+\n {2}→ Look at the sequence's tail/);
  });
});

describe('annals tail', () => {
  it('is the last number, of all or of what a filter selects', async () => {
    const sequence = freshSequence();
    expect(ndjson((await run(['tail', '--json', '--sequence', sequence])).stdout)).toEqual([{ sequence, tail: null }]);
    await appendEvents(sequence, 4);
    expect(await run(['tail', '--sequence', sequence])).toEqual({ code: 0, stdout: '3\n', stderr: '' });
    expect((await run(['tail', '--source', 's0', '--sequence', sequence])).stdout).toBe('2\n');
  });
});

describe('annals stores and sequences', () => {
  it('make a store, and list it with its sequences', async () => {
    const made = await run(['stores', 'ensure', 'orders', '--namespace', 'acme', '--json']);
    expect(ndjson(made.stdout)).toEqual([
      { name: 'orders', namespaces: ['default', 'acme'], strict: false, created: true },
    ]);
    expect((await run(['stores', 'ensure', 'orders', '--namespace', 'acme'])).stdout).toContain(
      'Already there: orders',
    );
    const stores = ndjson((await run(['stores', '--json'])).stdout);
    expect(stores.map((store) => store['name'])).toEqual(expect.arrayContaining(['default', 'orders']));

    const where = ['--store', 'orders', '--namespace', 'acme'];
    await run(['append', '-', '--type', 't', '--source', 's', ...where], '{}');
    const listed = ndjson((await run(['sequences', ...where, '--json'])).stdout);
    expect(listed).toContainEqual({ name: 'event-log', tail: 0, events: 1 });
    expect((await run(['sequences', ...where])).stdout).toMatch(/^SEQUENCE +EVENTS +TAIL\n/);
  });

  it('an unknown store ends with exit code 4 and the command that makes it', async () => {
    const ran = await run(['read', '--store', 'nowhere']);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('annals stores ensure');
  });
});

describe('annals diagnose', () => {
  it('says of a server that is well what it looked at', async () => {
    const ran = await run(['diagnose', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const findings = ndjson(ran.stdout);
    expect(findings.map((finding) => finding['subject'])).toEqual(
      expect.arrayContaining(['server', 'mongodb', 'disk', 'clock here', 'store']),
    );
    expect(findings.filter((finding) => finding['health'] === 'failing')).toEqual([]);
    expect((await run(['diagnose'])).stdout).toMatch(/^✓ server +Annals .+ answers at /);
  });

  it('says of a server that is down what to type', async () => {
    const ran = await annals(['diagnose', '--server', 'annals://127.0.0.1:1', '--timeout', '1']);
    expect(ran.code).toBe(5);
    expect(ran.stdout).toContain('✗ server');
    expect(ran.stdout).toContain('annals start');
  });

  it('says of a store that is missing what to type', async () => {
    const ran = await run(['diagnose', '--store', 'nowhere']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('annals stores ensure');
  });
});

describe('annals start', () => {
  it('refuses a data folder that is in use', async () => {
    const ran = await run(['start', '--data', join(folder.path, 'data'), '--listen', '127.0.0.1:0', '--json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'DATA_FOLDER_IN_USE' } });
  });

  it('refuses an address that is in use', async () => {
    const data = join(folder.path, 'other');
    const ran = await run(['start', '--data', data, '--listen', server.address, '--json']);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'ADDRESS_IN_USE' } });
  });

  it.each([
    ['--listen', 'nowhere'],
    ['--log-level', 'loud'],
    ['--min-free-disk', 'much'],
  ])('refuses %s %s with exit code 2', async (option, value) => {
    const ran = await run(['start', option, value]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/^annals: /);
  });

  it('ends with SIGTERM, exit code 0, and comes back with its data', async () => {
    const data = join(folder.path, 'comes-back');
    const first = await startOnFolder(data);
    const at = (address: string) => ['--server', address];
    await run(['append', '-', '--type', 't', '--source', 's', ...at(first.address)], '{"kept":true}');
    first.process.signal('SIGTERM');
    expect(await first.process.done).toMatchObject({ code: 0 });
    const second = await startOnFolder(data);
    const read = await run(['read', '--json', ...at(second.address)]);
    second.process.signal('SIGTERM');
    await second.process.done;
    expect(ndjson(read.stdout)).toMatchObject([{ sequenceNumber: 0, content: { kept: true } }]);
  });
});

describe('the command line', () => {
  const verbs = ['start', 'append', 'read', 'follow', 'get', 'tail', 'stores', 'sequences', 'diagnose'];

  it('has help for each verb, with examples, the exit codes and --json', async () => {
    const { stdout, code } = await run(['--help']);
    expect(code).toBe(0);
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'));
    const helps = await Promise.all(
      verbs.map((verb) => run(verb === 'stores' ? ['stores', 'list', '--help'] : [verb, '--help'])),
    );
    for (const help of helps) {
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain('Examples:');
      expect(help.stdout).toContain('Exit codes:');
      expect(help.stdout).toContain('--json');
    }
  });

  it('tells its version', async () => {
    const { version } = JSON.parse(await readFile(join(__dirname, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['fetch'], "unknown command 'fetch'"],
    [['read', '--form', '1'], "unknown option '--form'"],
    [['read', '--from', 'x'], 'It must be a whole number'],
    [['get'], "missing required argument 'number-or-id'"],
    [['follow', '--from', '1', '--only-new'], '--from and --only-new together'],
    [['append', '-', '--source', 's'], 'options about plain payloads without their type'],
    [['append', '-', '--batch', '2001'], 'a call takes 2000 events at most'],
    [['read', '--store', 'No Name'], 'a name is 1 to 24'],
    [['read', '--server', 'http://x'], ''],
  ])('%j ends with exit code 2 and says why', async (args, message) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toMatch(/^annals: .+\n {2}→ /);
  });

  it('ends with exit code 5 when no server is there', async () => {
    const ran = await annals(['read', '--server', 'annals://127.0.0.1:1', '--timeout', '1']);
    expect(ran).toMatchObject({ code: 5, stdout: '' });
    expect(ran.stderr).toMatch(/^annals: .+\n {2}→ .*annals diagnose/);
  });
});
