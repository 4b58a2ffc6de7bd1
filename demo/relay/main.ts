/**
 * `npm run demo:relay`: two services, each with a server and a database of its own. Real GitHub webhooks come
 * to the one, what is public of them is told to the other through outbox, link and inbox; all four processes
 * are killed on the way and started again; everything is sent once more; and then it is proved that nothing is
 * missing, twice, or out of order. Exit code 1 when a check fails. On a terminal the servers stay until Ctrl-C.
 */
import { ProgressLine } from '../../src/cli/terminal';
import { timed } from '../measures';
import { checkLines } from '../report';
import { webhooks, type Webhook } from '../webhooks';
import { relayReport, stillThere, whatNext, type RelaySurroundings } from './relay-report';
import { Stage } from '../stage';
import { Service } from '../service';
import { relayFacts, tellRelayStory, type Services } from './story';

const stage = new Stage(
  'demo:relay',
  'start two services, relay what is public of 329 real GitHub webhooks, kill everything, and prove it',
  'the servers stay',
);
const { colors, columns, interruption, kept, say, stays } = stage;

async function run(input: readonly Webhook[], folder: string): Promise<void> {
  say('', colors.bold('Two services, two servers, two databases: what one tells, the other gets, exactly once.'), '');
  const progress = new ProgressLine();
  const onLine = (text: string): void => progress.show(() => `  ${text}`);
  const { signal } = interruption;
  const start = async (name: string): Promise<Service> => Service.start({ name, folder, onLine, signal });
  const starting = await timed(async () => Promise.allSettled([start('hooks'), start('news')]));
  progress.clear();
  const [first, second] = starting.outcome;
  const started = starting.outcome.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const close = (): void => started.forEach((service) => void service.annals.close());
  signal.addEventListener('abort', close);
  let around: RelaySurroundings | undefined;
  try {
    if (first?.status !== 'fulfilled') throw first?.reason as Error;
    if (second?.status !== 'fulfilled') throw second?.reason as Error;
    const services = { hooks: first.value, news: second.value };
    around = {
      ...{ colors, columns, folder, kept },
      ...{ hooks: services.hooks.connection, news: services.news.connection },
    };
    say(
      `  hooks      ${around.hooks}, takes GitHub's webhooks`,
      `  news       ${around.news}, is told what is public; both there after ${(starting.ms / 1000).toFixed(1)} s`,
      `  input      ${input.length} payloads of @octokit/webhooks-examples`,
    );
    await tell(services, input, around);
    if (stays) await stay(services, around);
  } finally {
    signal.removeEventListener('abort', close);
    const codes = await Promise.all(started.map(async (service) => service.stop()));
    if (codes.some((code) => code !== 0)) process.exitCode = 1;
  }
  if (!stays) say(...whatNext(around));
}

async function tell(services: Services, input: readonly Webhook[], around: RelaySurroundings): Promise<void> {
  const story = await tellRelayStory(services, input);
  say(...relayReport(story, around), ...checkLines(story.checks, around));
  const { checks } = story;
  const data = around.kept ? { dataFolder: around.folder } : {};
  stage.conclude(checks, () => ({ ...relayFacts(story), checks, ...data }));
}

/** Until Ctrl-C, or the end of one of the servers. */
async function stay({ hooks, news }: Services, around: RelaySurroundings): Promise<void> {
  say(...stillThere(around));
  await Promise.race([interruption.wanted, hooks.exited, news.exited]);
  say('', around.kept ? `  Stopping; the logs stay in ${around.folder}.` : '  Stopping; the folder goes with them.');
}

stage.run(async (folder) => run(webhooks(), folder));
