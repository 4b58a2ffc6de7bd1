/**
 * `npm run demo:sagas`: invoices as ordered sequences, with real effects at two small services over HTTP: a ledger
 * that is busy at times and closed for one customer, and a mailer. Server, database and processors are killed in the
 * middle and started again; then what the services did is compared with what the sequences say. Exit code 1 when a
 * check fails. On a terminal the server stays until Ctrl-C.
 */
import { ProgressLine } from '../../src/cli/terminal';
import { Stage } from '../stage';
import { Service } from '../service';
import { checkLines } from '../report';
import { sagaReport, stillThere, whatNext, type SagaSurroundings } from './saga-report';
import type { SagaStory } from './facts';
import { tellSagaStory } from './story';

const stage = new Stage(
  'demo:sagas',
  '42 invoices as ordered sequences with effects over HTTP, everything killed in the middle, each effect once',
  'the server stays',
);
const { colors, columns, interruption, kept, say, stays } = stage;

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
  const around = { colors, columns, folder, kept, connection: service.connection };
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
  const summary = { sequences: sequences.length, booked: ledger.effects.length, sent: mailer.effects.length };
  stage.conclude(checks, () => ({ ...summary, killing, checks }));
}

stage.run(run);
