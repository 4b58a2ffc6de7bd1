/**
 * `npm run demo`: the main job on real input. A real server on a temporary folder takes hundreds of
 * real GitHub webhooks over gRPC while a subscriber follows; everything is read back and checked; what caused
 * what is drawn; two observers work on it, of which one is killed and one fails and is healed; the webhooks are
 * held against their types, of which one changes and one event is put right. Exit code 1 when a check fails. On a
 * terminal the server stays until Ctrl-C, for the person to look at.
 */
import { ProgressLine } from '../src/cli/terminal';
import { connect } from '../src/client';
import { causesOf } from './causes';
import { GITHUB } from './checked-webhooks';
import type { Check } from './checks';
import { startDemoServer, type DemoServer } from './demo-server';
import { timed } from './measures';
import { checkLines, reportLines, stillThere, whatNext, type Surroundings } from './report';
import { observersReport } from './observers-report';
import { observersFacts, tellObserversStory, type ObserversStory } from './observers-story';
import { Stage } from './stage';
import { tellStory, type Story } from './story';
import { traceReport } from './trace-report';
import { tellTraceStory, traceFacts, type TraceStory } from './trace-story';
import { typesReport } from './types-report';
import { tellTypesStory, typesFacts, type TypesStory } from './types-story';
import { webhooks } from './webhooks';

const stage = new Stage(
  'demo',
  'start a server, append 329 real GitHub webhooks, follow and observe them, hold them against their types, read them back and check',
  'the server stays',
);
const { colors, columns, interruption, kept, say, stays } = stage;

async function run(input: ReturnType<typeof webhooks>, dataFolder: string): Promise<void> {
  say('', colors.bold('Annals takes real GitHub webhooks, shows them live, and keeps them.'), '');
  const progress = new ProgressLine();
  const show = (text: string): void => progress.show(() => `  ${text}`);
  const start = await timed(() =>
    startDemoServer(dataFolder, show, interruption.signal).finally(() => progress.clear()),
  );
  const server = start.outcome;
  const around: Surroundings = { colors, columns, address: server.address, dataFolder, kept };
  try {
    say(`  server     annals://${server.address}/default, there after ${(start.ms / 1000).toFixed(1)} s`);
    const typed = await tell(input, around);
    if (stays) await stay(server, around, typed);
  } finally {
    const code = await server.stop();
    if (code !== 0) process.exitCode = 1;
  }
  if (!stays) say(...whatNext(around));
}

/** The story, its report and its checks, through a client that is closed at the end. */
async function tell(input: ReturnType<typeof webhooks>, around: Surroundings): Promise<TypesStory> {
  const annals = connect(`annals://${around.address}/default`);
  const close = (): void => void annals.close();
  interruption.signal.addEventListener('abort', close);
  try {
    const info = await annals.server.info();
    say(
      `  database   MongoDB ${info.mongodbVersion}, started by Annals, data in ${around.dataFolder}`,
      `  input      ${input.length} payloads of @octokit/webhooks-examples; type = event name, source = repository`,
    );
    const caused = causesOf(input);
    const story = await tellStory(annals, caused);
    const traced = await tellTraceStory(annals, caused);
    const observed = await tellObserversStory(annals, around, story.events, interruption.signal);
    const typed = await tellTypesStory(annals, input);
    const checks = [...story.checks, ...traced.checks, ...observed.checks, ...typed.checks];
    say(...reportLines(story, around), ...traceReport(traced, around));
    say(...observersReport(observed, around), ...typesReport(typed, around));
    say(...checkLines(checks, around));
    stage.conclude(checks, () => summary({ story, traced, observed, typed, checks }, around));
    return typed;
  } finally {
    interruption.signal.removeEventListener('abort', close);
    await annals.close();
  }
}

/** Until Ctrl-C, or the server's own end. */
async function stay(server: DemoServer, around: Surroundings, { changing }: TypesStory): Promise<void> {
  const { type, old } = changing;
  say(...stillThere(around, { sequence: GITHUB, number: old.first.sequenceNumber, type }));
  await Promise.race([interruption.wanted, server.exited]);
  say('', around.kept ? `  Stopping; the log stays in ${around.dataFolder}.` : '  Stopping; the folder goes with it.');
}

interface Told {
  readonly story: Story;
  readonly traced: TraceStory;
  readonly observed: ObserversStory;
  readonly typed: TypesStory;
  readonly checks: readonly Check[];
}

function summary({ story, traced, observed, typed, checks }: Told, around: Surroundings) {
  const { events, history, types, sources, figures } = story;
  return {
    events: events.length,
    history: { source: history.source, events: history.events.length },
    types: types.length,
    sources: sources.length,
    figures,
    traced: traceFacts(traced),
    observers: observersFacts(observed),
    registered: typesFacts(typed),
    checks,
    ...(around.kept ? { dataFolder: around.dataFolder } : {}),
  };
}

stage.run(async (folder) => run(webhooks(), folder));
