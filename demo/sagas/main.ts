/**
 * `npm run demo:sagas`: invoices as ordered sequences, with real effects at two small services over HTTP: a ledger
 * that is busy at times and closed for one customer, and a mailer. Server, database and processors are killed in the
 * middle and started again; then what the services did is compared with what the sequences say. Exit code 1 when a
 * check fails. On a terminal the server stays until Ctrl-C.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { colorsFor, columnsOf, ProgressLine } from '../../src/cli/terminal';
import { listenForInterruption } from '../interruption';
import { Service } from '../service';
import { checkLines } from '../report';
import { sagaReport, stillThere, whatNext, type SagaSurroundings } from './saga-report';
import type { SagaStory } from './facts';
import { tellSagaStory } from './story';

interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly once?: boolean;
}

const options = new Command('demo:sagas')
  .description(
    '42 invoices as ordered sequences with effects over HTTP, everything killed in the middle, each effect once',
  )
  .option('--keep', 'leave the folder with the data')
  .option('--once', 'end after the story, also on a terminal, where the server stays until Ctrl-C otherwise')
  .option('--json', 'write a summary as JSON instead of the story, and end')
  .parse()
  .opts<DemoOptions>();

const colors = colorsFor(process.stdout);
const columns = columnsOf(process.stdout);

function say(...lines: readonly string[]): void {
  if (options.json !== true) process.stdout.write(`${lines.join('\n')}\n`);
}

const interruption = listenForInterruption();

/** Somebody looks on who can press Ctrl-C. */
const stays = process.stdout.isTTY === true && options.json !== true && options.once !== true;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'annals-demo-sagas-'));
  try {
    await run(folder);
  } catch (error) {
    // What was interrupted does not end well, and nobody wants to know.
    if (!interruption.signal.aborted) throw error;
  } finally {
    if (options.keep !== true) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exitCode = interruption.exitCode() ?? process.exitCode;
  }
}

async function run(folder: string): Promise<void> {
  say('', colors.bold('Invoices, a ledger and a mailer: all steps, or all undone, each effect once.'), '');
  const progress = new ProgressLine();
  const { signal } = interruption;
  const service = await Service.start({
    name: 'invoices',
    folder,
    onLine: (text) => progress.show(() => `  ${text}`),
    signal,
  });
  progress.clear();
  const close = (): void => void service.annals.close();
  signal.addEventListener('abort', close);
  const around = { colors, columns, folder, kept: options.keep === true, connection: service.connection };
  try {
    report(await tellSagaStory(service, folder), around);
    if (stays) {
      say(...stillThere(around));
      await Promise.race([interruption.wanted, service.exited]);
    }
  } finally {
    signal.removeEventListener('abort', close);
    if ((await service.stop()) !== 0) process.exitCode = 1;
  }
  if (!stays) say(...whatNext(around));
}

function report(story: SagaStory, around: SagaSurroundings): void {
  const { checks, ledger, mailer, killing, sequences } = story;
  say(...sagaReport(story, around), ...checkLines(checks, around));
  if (options.json === true) {
    const summary = { sequences: sequences.length, booked: ledger.effects.length, sent: mailer.effects.length };
    process.stdout.write(`${JSON.stringify({ ...summary, killing, checks })}\n`);
  }
  const failed = checks.filter(({ ok }) => !ok);
  for (const { name, seen } of failed) process.stderr.write(`demo:sagas: not so: ${name}: ${seen}\n`);
  if (failed.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`demo:sagas: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
