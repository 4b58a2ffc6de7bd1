/** Ordered sequences with real effects over HTTP, as `npm run demo:sagas` does it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { annals, ndjson } from './support/cli-run';
import { awaitFact } from './support/await-fact';
import { CTRL_C, hasTerminals, onTerminal } from './support/terminal';

/** Milliseconds for the whole demo: it starts a server twice and waits for the lease of a killed one, on a machine that others use too. */
const DEMO_MS = 90_000;

// What it says when it does not come so far shall be told.
jest.setTimeout(DEMO_MS + 20_000);

const PROGRAM = join(__dirname, '..', 'dist', 'demo', 'sagas', 'main.js');

it('each effect is there once, over a kill -9 of server, database and processors, and so is each compensation', async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\` first`);
  if (hasTerminals) return onTheTerminal();
  const child = spawn(process.execPath, [PROGRAM, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect({ code: await exit, stderr }).toEqual({ code: 0, stderr: '' });
  const summary = JSON.parse(stdout) as { checks: { ok: boolean }[] };
  expect(summary).toMatchObject({ sequences: 42, booked: 36, sent: 30 });
  expect(summary.checks.map(({ ok }) => ok)).toEqual(Array(7).fill(true));
});

/** The same, seen by a person; then what it says to type works, and Ctrl-C leaves nothing behind. */
async function onTheTerminal(): Promise<void> {
  const running = onTerminal([process.execPath, PROGRAM]);
  await awaitFact('the demo stays', () => running.shown().includes('Ctrl-C here ends it'), {
    withinMs: DEMO_MS,
    instead: running.shown,
  });
  const shown = running.shown();
  expect(shown).not.toContain('✗');
  expect(shown.match(/✓/g)).toHaveLength(7);
  expect(shown).toContain('did 36 things');
  expect(shown).toContain('The rollback is rendered');
  const [, url = ''] = /export ANNALS_URL=(annals:\S+)/.exec(shown) ?? [];
  const listed = await annals(['ordered', 'list', '--archived', '--json'], { env: { ANNALS_URL: url } });
  expect(listed.code).toBe(0);
  const outcomes = ndjson(listed.stdout).map((line) => line['outcome']);
  expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(36);
  expect(outcomes.filter((outcome) => outcome === 'rolled_back')).toHaveLength(6);
  running.type(CTRL_C);
  expect(await running.done).toBe(130);
}
