/** The main job on real input, as `npm run demo` does it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { awaitFact } from './support/await-fact';
import { annals, ndjson } from './support/cli-run';
import { CTRL_C, hasTerminals, onTerminal, type OnTerminal } from './support/terminal';

/** Milliseconds for the whole demo: it compiles 224 schemas among other things, on a machine that others use too. */
const DEMO_MS = 100_000;

// What it says when it does not come so far shall be told.
jest.setTimeout(DEMO_MS + 20_000);

const PROGRAM = join(__dirname, '..', 'dist', 'demo', 'main.js');

async function demo(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\` first`);
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

interface Summary {
  readonly checks: unknown[];
  readonly events: number;
  readonly traced: unknown;
  readonly observers: unknown;
  readonly registered: {
    readonly types: number;
    readonly recorded: number;
    readonly misfits: readonly { readonly type: string; readonly violations: readonly string[] }[];
    readonly duplicates: readonly { readonly type: string; readonly violations: readonly string[] }[];
    readonly changed: unknown;
  };
}

it('hundreds of real webhooks are recorded, followed live, and come back equal', async () => {
  const ran = await demo('--json');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const summary = JSON.parse(ran.stdout) as Summary;
  expect(summary.events).toBe(329);
  expect(summary.traced).toMatchObject({
    traces: [
      { events: 12, missing: ['Codertocat/Hello-World@f95f852bd8fc'] },
      { correlationId: 'Codertocat/Hello-World#2', events: 55, missing: ['check_suite 118578147'] },
    ],
    causes: [
      'github/pull_request/0',
      'github/pull_request_review/0',
      'github/pull_request_review_comment/0',
      'github/pull_request_review_comment/4',
    ],
  });
  expect(summary.observers).toMatchObject({
    killed: { observer: 'repositories', events: 329, before: 164, after: 165 },
    healed: { observer: 'headlines', heldFrom: 253, wentOn: 99, caughtUp: 39 },
  });
  expect(summary.registered).toMatchObject({ types: 224, recorded: 271 });
  expect(summary.registered.misfits).toHaveLength(53);
  expect(summary.registered.misfits).toContainEqual({
    eventId: 'github/release/0',
    type: 'release.published',
    violations: expect.arrayContaining([
      'events[0].content.release.name (release.published, generation 1) must be string',
    ]),
  });
  expect(tallied(summary.registered.duplicates)).toEqual({ 'issues.opened': 3, 'pull_request.opened': 2 });
  expect(summary.registered.changed).toMatchObject({
    type: 'issues.opened',
    changes: ['generation 2 is new', 'generation 3 is new'],
  });
  expect(summary.checks).toEqual([
    { name: 'numbers have no gap', ok: true, seen: '0 to 328' },
    { name: 'each payload is equal to what went in', ok: true, seen: '329 compared, key order too' },
    { name: 'the subscriber got each event once, in order', ok: true, seen: '329 delivered live' },
    { name: 'sent again, nothing is recorded twice', ok: true, seen: '329 repetitions known by their event ids' },
    { name: 'an append that has not seen the latest event is refused', ok: true, seen: 'CONCURRENCY_CONFLICT' },
    { name: 'a trace has every webhook under the one that it follows from', ok: true, seen: '69 nodes' },
    {
      name: 'what led to an event is told up to the root',
      ok: true,
      seen: 'pull_request → pull_request_review → pull_request_review_comment',
    },
    { name: 'who caused an event is told by name', ok: true, seen: 'Codertocat, octocoders-linter[bot]' },
    {
      name: 'killed and started again, the read model lost nothing and counted nothing twice',
      ok: true,
      seen: '329 events of 22 sources, equal to a fold over the log',
    },
    {
      name: 'what the killed process had not acknowledged came again, flagged',
      ok: true,
      seen: expect.stringMatching(/^[1-9]\d* of them$/),
    },
    {
      name: 'a failing event holds back its own partition alone',
      ok: true,
      seen: 'Codertocat/Hello-World from 253 on',
    },
    {
      name: 'healed, every event was handled once, each partition in order',
      ok: true,
      seen: '329 handled',
    },
    { name: 'types that are registered again are the same', ok: true, seen: '224 of them' },
    {
      name: 'each payload is recorded as it came, or refused with the place',
      ok: true,
      seen: '271 recorded, 53 misfits, 5 duplicates',
    },
    { name: 'who opens a number again is refused, and told who has it', ok: true, seen: '5 of them' },
    {
      name: 'an event from before a generation existed is read in it, and as it was in its own',
      ok: true,
      seen: expect.stringMatching(/^number \d+ in generations 1 and 3$/),
    },
    {
      name: 'an event of today is for a program of yesterday what it knows',
      ok: true,
      seen: 'number 272, written in generation 3, whole in generation 1',
    },
    {
      name: 'an event that is put right is so in every generation, and its original stays',
      ok: true,
      seen: '"The title was longer than the error"',
    },
    {
      name: 'whoever follows the log is told that an event was put right, and which',
      ok: true,
      seen: expect.stringMatching(/^number 273 is about number \d+$/),
    },
  ]);
});

/** How many there are of each type. */
function tallied(refusals: readonly { readonly type: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of refusals) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** On a terminal where there is one, which is what a person has; the story in JSON was told to a pipe. */
async function toPerson(): Promise<{ code: number | null; stdout: string }> {
  if (!hasTerminals) return demo('--once');
  // Without colours, so that what is beside each other is found beside each other.
  const running = onTerminal([process.execPath, PROGRAM, '--once'], { NO_COLOR: '1' });
  return { code: await running.done, stdout: running.shown() };
}

it('the demo tells a person what happened, where the data was, and what to type next; with --once it ends after that', async () => {
  const { code, stdout } = await toPerson();
  expect(code).toBe(0);
  expect(stdout).toMatch(/server +annals:\/\/127\.0\.0\.1:\d+\/default/);
  expect(stdout).toContain('The history of ');
  expect(stdout).toContain('events/s');
  expect(stdout).toMatch(
    /missing Codertocat\/Hello-World@f95f852bd8fc\s[^]*├─ deployment [^]*│ {2}└─ deployment_status /,
  );
  expect(stdout).toContain('Types: what an event must look like');
  expect(stdout).toMatch(/original in 1 +effective in 1 +original in 3 +effective in 3/);
  expect(stdout).toContain('npx annals start');
  expect(stdout).toContain('The folder of the demo is gone again');
  const folder = /data in (\S+)/.exec(stdout)?.[1];
  expect(folder).toBeDefined();
  expect(existsSync(folder!)).toBe(false);
});

(hasTerminals ? describe : describe.skip)('on a terminal', () => {
  const start = (...args: string[]): OnTerminal => onTerminal([process.execPath, PROGRAM, ...args]);

  const folderOf = (terminal: OnTerminal): string => /data in (\S+)/.exec(terminal.shown())?.[1] ?? 'not told';

  it('the server stays with its data until Ctrl-C, says what to type, and leaves nothing behind', async () => {
    const running = start();
    await awaitFact('the demo stays', () => running.shown().includes('Ctrl-C here ends it'), {
      withinMs: DEMO_MS,
      instead: running.shown,
    });
    const [, url = ''] = /export ANNALS_URL=(\S+)/.exec(running.shown()) ?? [];
    const listed = await annals(['observers', '--json'], { env: { ANNALS_URL: url } });
    expect(ndjson(listed.stdout)).toMatchObject([
      { id: 'headlines', position: 329, lagEvents: 0, failedPartitions: 0 },
      { id: 'repositories', position: 329, lagEvents: 0, failedPartitions: 0 },
    ]);
    expect(existsSync(folderOf(running))).toBe(true);
    running.type(CTRL_C);
    expect(await running.done).toBe(130);
    expect(existsSync(folderOf(running))).toBe(false);
  });

  it('Ctrl-C in the middle of the story ends it as well', async () => {
    const running = start();
    await awaitFact('the story has begun', () => running.shown().includes('input '), {
      withinMs: 45_000,
      instead: running.shown,
    });
    running.type(CTRL_C);
    expect(await running.done).toBe(130);
    expect(running.shown()).not.toContain('demo:');
    expect(existsSync(folderOf(running))).toBe(false);
  });
});
