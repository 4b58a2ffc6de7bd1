/** `annals observers replay`: an observer gets events again that it has handled. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Annals, ObserverInfo, ReplayPlan } from '../../client';
import { addStoreOptions, wholeNumber, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { COMMAND, plural, printable, ProgressLine } from '../terminal';
import { canAsk, confirmed } from '../confirm';
import { partitionName, replayFacts } from './observer-lines';
import { progress } from '../progress';
import { span } from '../span';

type From = { readonly from: number } | { readonly fromTime: Date };

interface ReplayOptions extends StoreOptions {
  readonly from?: From;
  readonly to?: number;
  readonly partition?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly follow?: boolean;
}

const EXAMPLES = `
Examples:
  annals observers replay invoices --dry-run                   how many events, and about how long
  annals observers replay invoices --follow                    everything it has handled; stays until it is done
  annals observers replay invoices --from 2026-03-01T00:00:00Z
  annals observers replay invoices --from 1200 --to 1300 --partition order-17 --yes

Its handlers get each event with \`replay: true\`, so that side effects are not done twice. New events wait until the
replay is over. Nothing is replayed beyond the observer's position: that is delivered anyway.`;

export function addReplay(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('replay').description('deliver events again, marked as replay'))
    .argument('<id>', "the observer's id")
    .option(
      '--from <number|time>',
      'the first number, or the first event recorded at or after a time (default 0)',
      start,
    )
    .option('--to <number>', 'the last number, inclusive (default: all that it has handled)', wholeNumber)
    .option('--partition <name>', 'one partition alone')
    .option('--dry-run', 'say what it would do, and do nothing')
    .option('--yes', 'do not ask')
    .option('--follow', 'show how far it is, until it is done')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: ReplayOptions) => replay(id, options, invocation));
}

/** For commander: a number, or a time as JavaScript reads it. */
function start(text: string): From {
  if (/^\d+$/.test(text)) return { from: wholeNumber(text) };
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return { fromTime: time };
  throw new InvalidArgumentError('It must be a whole number, or a time such as 2026-03-01T12:00:00Z.');
}

async function replay(id: string, options: ReplayOptions, invocation: Invocation): Promise<void> {
  const { to, partition, json = false } = options;
  const wanted = {
    ...options.from,
    ...(to === undefined ? {} : { to }),
    ...(partition === undefined ? {} : { partition }),
  };
  await withAnnals(options, async (annals) => {
    const asks = !json && options.yes !== true && options.dryRun !== true && canAsk();
    if (options.dryRun === true || asks) {
      const plan = await annals.observers.replay(id, { ...wanted, dryRun: true });
      if (!asks) return say(id, plan, 'would be', options, invocation);
      if (!(await confirmed(`${planWords(id, plan, 'are to be', partition)} Go on?`, invocation.signal))) {
        invocation.note('Nothing is replayed.');
        invocation.exitCode = Exit.FAILED;
        return;
      }
    }
    const plan = await annals.observers.replay(id, wanted);
    await say(id, plan, 'are', options, invocation);
    if (options.follow === true) await follow(annals, id, json, invocation);
  });
}

async function say(id: string, plan: ReplayPlan, verb: string, options: ReplayOptions, { output }: Invocation) {
  const { from, to, events, estimateMs } = plan;
  const estimateSeconds = estimateMs === undefined ? null : estimateMs / 1000;
  const facts = { observer: id, from, to, partition: options.partition ?? null, events, estimateSeconds };
  await output.line(
    options.json === true
      ? JSON.stringify({ ...facts, dryRun: options.dryRun === true })
      : planWords(id, plan, verb, options.partition),
  );
}

function planWords(id: string, { from, to, events, estimateMs }: ReplayPlan, verb: string, partition?: string): string {
  const of = partition === undefined ? '' : ` of ${printable(partitionName(partition))}`;
  const time = estimateMs === undefined ? '' : `, in about ${span(estimateMs)}`;
  return `${plural(events, 'event')}${of}, numbers ${from}–${to}, ${verb} delivered again to ${id}${time}.`;
}

/** Stays until the observer is no longer replaying. */
async function follow(annals: Annals, id: string, json: boolean, invocation: Invocation): Promise<void> {
  const { output, signal } = invocation;
  const line = new ProgressLine();
  const started = performance.now();
  const ending = new AbortController();
  try {
    for await (const all of annals.observers.watch({ signal: AbortSignal.any([signal, ending.signal]) })) {
      const observer = all.find((one) => one.id === id);
      if (observer?.replay === undefined) break;
      const { replay: at } = observer;
      if (json) await output.line(JSON.stringify({ observer: id, state: observer.state, ...replayFacts(at) }));
      line.show(() => `${progress(at)}${waitsFor(observer)}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    line.clear();
    if (!json) invocation.note(`The replay goes on. Next: ${COMMAND} observers watch ${id}`);
    return;
  } finally {
    ending.abort();
    line.clear();
  }
  const { failedPartitions } = await annals.observers.get(id);
  const seconds = (performance.now() - started) / 1000;
  await output.line(
    json
      ? JSON.stringify({ observer: id, over: true, seconds, failedPartitions })
      : `The replay is over after ${span(seconds * 1000)}${failedPartitions === 0 ? '' : `; ${plural(failedPartitions, 'partition')} failed`}.`,
  );
}

function waitsFor({ state, clients }: ObserverInfo): string {
  if (state === 'paused' || state === 'quarantined') return `  ${state}`;
  return clients.length === 0 ? '  waits for a client' : '';
}
