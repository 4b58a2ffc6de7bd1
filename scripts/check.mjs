/**
 * `npm run check`: everything that CI holds a change to, in one place. It goes on after a step that failed, so that one
 * run tells all that is wrong; any failure makes it exit with 1. What only reads the sources, and the build, run beside
 * each other, and each tells what it has to say when it has ended. `npm test` comes last and alone, since suites measure
 * time; it builds too, for whoever runs it alone, which costs nothing after a build.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** Everything after it reads what it writes. */
const FIRST = 'generate';

/** None of them reads what another one writes. The longest first, so that none is left over at the end. */
const BESIDE_EACH_OTHER = ['lint', 'types', 'build', 'format:check', 'layers', 'proto:lint', 'proto:breaking'];

const LAST = 'test';

/** Each keeps a core busy, and CI has two. */
const AT_ONCE = 2;

const MS_PER_SECOND = 1000;

const title = (step) => `\n== npm run ${step}`;

/** @param {(child: import('node:child_process').ChildProcess) => Promise<void>} listen takes what the step says. */
async function run(step, stdio, listen) {
  const started = performance.now();
  const child = spawn('npm', ['run', '--silent', step], { stdio: ['ignore', stdio, stdio] });
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
  await listen(child);
  return { step, ok: await ended, seconds: (performance.now() - started) / MS_PER_SECOND };
}

/** What it says is seen while it runs. */
async function aloud(step) {
  console.log(title(step));
  return run(step, 'inherit', async () => undefined);
}

/** What it says is printed whole, so that lines of two steps never mix. */
async function gathered(step) {
  return run(step, 'pipe', async ({ stdout, stderr }) => {
    const said = await Promise.all([text(stdout), text(stderr)]);
    console.log(title(step));
    for (const each of said) process.stdout.write(each);
  });
}

/** The results in the order of the steps. */
async function gatherAll(steps) {
  const results = [];
  const waiting = steps.entries();
  const worker = async () => {
    // Both workers draw from the same iterator, so each step is drawn once.
    for (const [at, step] of waiting) results[at] = await gathered(step);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

const results = [await aloud(FIRST), ...(await gatherAll(BESIDE_EACH_OTHER)), await aloud(LAST)];

console.log('\n== What was checked');
for (const { step, ok, seconds } of results) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
