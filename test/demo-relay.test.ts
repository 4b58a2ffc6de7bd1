/** Two services that tell each other on real input, as `npm run demo:relay` does it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../src/client';
import { awaitFact } from './support/await-fact';
import { annals, ndjson } from './support/cli-run';
import { CTRL_C, hasTerminals, onTerminal } from './support/terminal';

/** Milliseconds for the whole demo: it starts four processes twice and waits for leases of killed ones, on a machine that others use too. */
const DEMO_MS = 100_000;

// What it says when it does not come so far shall be told.
jest.setTimeout(DEMO_MS + 20_000);

const PROGRAM = join(__dirname, '..', 'dist', 'demo', 'relay', 'main.js');

async function demo(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\` first`);
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

it('what is public of real webhooks is told to another service exactly once, over a kill -9 of all four processes', async () => {
  const ran = await demo('--json');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const summary = JSON.parse(ran.stdout) as Record<string, unknown>;
  expect(summary).toMatchObject({
    ...{ webhooks: 329, outbox: 97, inbox: 97, subjects: 7 },
    killing: { told: 49 },
    repetition: { sent: 329, known: 329 },
    proof: { from: 0, to: 96, inInbox: 97, missing: 0, conflicting: 0, outOfOrder: 0, pending: 0, proven: true },
  });
  expect(summary['checks']).toEqual([
    { name: 'each payload is equal to what went in', ok: true, seen: '329 compared, key order too' },
    {
      name: 'what is public is in the outbox, each once, in order, and nothing else',
      ok: true,
      seen: '97 told of 329, the others kept back',
    },
    {
      name: 'what came again was known by its id, and recorded once',
      ok: true,
      seen: expect.stringMatching(/^[1-9]\d* after the killing, 329 webhooks sent again, \d+ in a replay$/),
    },
    {
      name: 'compared event by event, the inbox is the outbox: nothing missing, twice or out of order',
      ok: true,
      seen: '97 compared in full, in 7 partitions',
    },
    { name: 'the proof says the same', ok: true, seen: '97 in the inbox, 0 missing, 0 out of order' },
    {
      name: 'who follows the inbox got each event once, in order, over the killing',
      ok: true,
      seen: '97 delivered live',
    },
    {
      name: 'the read model is what a fold over the webhooks gives',
      ok: true,
      seen: '7 of them, each event counted once',
    },
    { name: 'cause and correlation go along', ok: true, seen: '97 traced back to their webhooks' },
  ]);
});

(hasTerminals ? describe : describe.skip)('on a terminal', () => {
  it('both servers stay until Ctrl-C, what it says to type works, and nothing is left behind', async () => {
    const running = onTerminal([process.execPath, PROGRAM]);
    await awaitFact('the demo stays', () => running.shown().includes('Ctrl-C here ends them'), {
      withinMs: DEMO_MS,
      instead: running.shown,
    });
    const shown = running.shown();
    expect(shown).toContain('proven: nothing is missing, nothing is out of order');
    const urls = [...shown.matchAll(/export ANNALS_URL=(annals:\S+)/g)].map(([, url = '']) => url);
    expect(urls).toHaveLength(2);
    const [news = ''] = urls;
    const proven = await annals(['links', 'prove', 'hooks', '--json'], { env: { ANNALS_URL: news } });
    expect(proven.code).toBe(0);
    expect(ndjson(proven.stdout).at(-1)).toMatchObject({ link: 'hooks', inInbox: 97, proven: true });
    expect(shown).toContain('removes their folder');
    const folder = await folderOf(news);
    expect(existsSync(folder)).toBe(true);
    running.type(CTRL_C);
    expect(await running.done).toBe(130);
    expect(existsSync(folder)).toBe(false);
  });

  it('Ctrl-C in the middle of the story ends it as well', async () => {
    const running = onTerminal([process.execPath, PROGRAM]);
    await awaitFact('the story has begun', () => running.shown().includes('input '), {
      withinMs: 45_000,
      instead: running.shown,
    });
    running.type(CTRL_C);
    expect(await running.done).toBe(130);
    expect(running.shown()).not.toContain('demo:relay:');
  });
});

/** Where the server keeps its data, as it says itself. */
async function folderOf(url: string): Promise<string> {
  const client = connect(url);
  try {
    return (await client.server.info()).dataFolder;
  } finally {
    await client.close();
  }
}
