/** The main job on real input, as `npm run demo` does it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

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

it('hundreds of real webhooks are recorded, followed live, and come back equal', async () => {
  const ran = await demo('--json');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const summary = JSON.parse(ran.stdout) as { checks: unknown[]; events: number };
  expect(summary.events).toBe(329);
  expect(summary.checks).toEqual([
    { name: 'numbers have no gap', ok: true, seen: '0 to 328' },
    { name: 'each payload is equal to what went in', ok: true, seen: '329 compared, key order too' },
    { name: 'the subscriber got each event once, in order', ok: true, seen: '329 delivered live' },
    { name: 'sent again, nothing is recorded twice', ok: true, seen: '329 repetitions known by their event ids' },
    { name: 'an append that has not seen the latest event is refused', ok: true, seen: 'CONCURRENCY_CONFLICT' },
  ]);
});

it('the demo tells a person what happened, where the data was, and what to type next', async () => {
  const { code, stdout } = await demo();
  expect(code).toBe(0);
  expect(stdout).toMatch(/server +annals:\/\/127\.0\.0\.1:\d+\/default/);
  expect(stdout).toContain('The history of ');
  expect(stdout).toContain('events/s');
  expect(stdout).toContain('npx annals start');
  const folder = /data in (\S+)/.exec(stdout)?.[1];
  expect(folder).toBeDefined();
  expect(existsSync(folder!)).toBe(false);
});
