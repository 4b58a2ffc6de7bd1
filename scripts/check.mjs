/**
 * `npm run check`: everything that CI holds a change to, in one place. It goes on after a step that failed, so that one
 * run tells all that is wrong; any failure makes it exit with 1. `npm test` comes last; it builds too, for whoever runs it
 * alone, which costs nothing after a build.
 */
import { spawnSync } from 'node:child_process';

const STEPS = ['generate', 'format:check', 'lint', 'types', 'layers', 'proto:lint', 'proto:breaking', 'build', 'test'];

const results = STEPS.map((step) => {
  console.log(`\n== npm run ${step}`);
  const started = performance.now();
  const { status } = spawnSync('npm', ['run', '--silent', step], { stdio: ['ignore', 'inherit', 'inherit'] });
  return { step, ok: status === 0, seconds: (performance.now() - started) / 1000 };
});

console.log('\n== What was checked');
for (const { step, ok, seconds } of results) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
