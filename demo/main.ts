/**
 * `npm run demo`: the main job on real input. A real server on a temporary folder takes hundreds of
 * real GitHub webhooks over gRPC while a subscriber follows; then everything is read back and
 * checked. Exit code 1 when a check fails.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { colorsFor, columnsOf, ProgressLine } from '../src/cli/terminal';
import { connect } from '../src/client';
import { startDemoServer } from './demo-server';
import { timed } from './measures';
import { reportLines, whatNext, type Surroundings } from './report';
import { tellStory, type Story } from './story';
import { webhooks } from './webhooks';

interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
}

const options = new Command('demo')
  .description('start a server, append 329 real GitHub webhooks, follow them live, read them back and check')
  .option('--keep', 'leave the folder with the data')
  .option('--json', 'write a summary as JSON instead of the story')
  .parse()
  .opts<DemoOptions>();

const colors = colorsFor(process.stdout);
const columns = columnsOf(process.stdout);

function say(...lines: readonly string[]): void {
  if (options.json !== true) process.stdout.write(`${lines.join('\n')}\n`);
}

/** The exit code after Ctrl-C, as shells have it. */
const INTERRUPTED = 130;

/** What Ctrl-C does: while the server starts, end; once there is a client, close it, and the rest follows in order. */
let interrupt = (): void => process.exit(INTERRUPTED);
process.once('SIGINT', () => interrupt());

async function main(): Promise<void> {
  const input = webhooks();
  const dataFolder = await mkdtemp(join(tmpdir(), 'annals-demo-'));
  try {
    const story = await run(input, dataFolder);
    const failed = story.checks.filter(({ ok }) => !ok);
    for (const { name, seen } of failed) process.stderr.write(`demo: not so: ${name}: ${seen}\n`);
    if (failed.length > 0) process.exitCode = 1;
  } finally {
    if (options.keep !== true) await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function run(input: ReturnType<typeof webhooks>, dataFolder: string): Promise<Story> {
  say('', colors.bold('Annals takes real GitHub webhooks, shows them live, and keeps them.'), '');
  const progress = new ProgressLine();
  const start = await timed(() => startDemoServer(dataFolder, (text) => progress.show(() => `  ${text}`)));
  progress.clear();
  const server = start.outcome;
  const url = `annals://${server.address}/default`;
  const annals = connect(url);
  interrupt = () => void annals.close();
  try {
    const info = await annals.server.info();
    say(
      `  server     ${url}, there after ${(start.ms / 1000).toFixed(1)} s`,
      `  database   MongoDB ${info.mongodbVersion}, started by Annals, data in ${dataFolder}`,
      `  input      ${input.length} payloads of @octokit/webhooks-examples; type = event name, source = repository`,
    );
    const story = await tellStory(annals, input);
    const around: Surroundings = { colors, columns, address: server.address, dataFolder, kept: options.keep === true };
    say(...reportLines(story, around));
    if (options.json === true) process.stdout.write(`${JSON.stringify(summary(story, around))}\n`);
    await annals.close();
    const code = await server.stop();
    if (code !== 0) throw new Error(`the server ended with ${code} when it was asked to stop`);
    say(...whatNext(around));
    return story;
  } finally {
    await annals.close();
    await server.stop();
  }
}

function summary({ events, history, types, sources, figures, checks }: Story, around: Surroundings) {
  return {
    events: events.length,
    history: { source: history.source, events: history.events.length },
    types: types.length,
    sources: sources.length,
    figures,
    checks,
    ...(around.kept ? { dataFolder: around.dataFolder } : {}),
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
