/** `annals links redrive`: what the target refused is tried again, in order, or left out with a reason. */
import type { Command } from 'commander';
import { userInfo } from 'node:os';
import type { RedrivenPartition } from '../../client';
import { addStoreOptions, positiveNumber, wholeNumber, withAnnals, type StoreOptions } from '../connection-options';
import { Exit, UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { partitionName } from '../observers/observer-lines';
import { plural, printable, type Colors } from '../terminal';
import { heldLines } from './link-lines';

interface RedriveOptions extends StoreOptions {
  readonly partition?: string;
  readonly number?: number;
  readonly skip?: boolean;
  readonly reason?: string;
  readonly who?: string;
  readonly wait: number;
}

/** Seconds that a redrive may take unless somebody says otherwise: at some ten thousand events a second. */
const WAIT_SECONDS = 600;

const EXAMPLES = `
Examples:
  annals links redrive shop                                     every partition that is held
  annals links redrive shop --partition order-17
  annals links redrive shop --number 1204 --skip --reason 'test order, ticket 77'
  annals links redrive shop --partition order-17 --skip --reason 'the whole order is a test'

Without --skip a partition goes on until the next event that is refused. With --skip and --number the event that it
stands at is left out; with --skip alone each event that is refused now. Number, reason and person are kept, and a proof
tells them. The exit code is 1 when something is still held.`;

export function addRedrive(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('redrive').description('try again what the target refused'))
    .argument('<id>', "the link's id")
    .option('--partition <name>', 'one partition alone, as `held` shows it')
    .option('--number <number>', 'the partition that stands at this source number', wholeNumber)
    .option('--skip', 'leave out what is refused')
    .option('--reason <text>', 'why it is left out; it is kept')
    .option('--who <name>', 'who decided so (default: your name on this machine)')
    .option('--wait <seconds>', 'how long to wait for it', positiveNumber, WAIT_SECONDS)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: RedriveOptions) => redrive(id, options, invocation));
}

async function redrive(id: string, options: RedriveOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const { partition, number: sequenceNumber, reason } = options;
  if (options.skip === true && reason === undefined) {
    throw new UsageError('--skip needs --reason', 'It is kept with what is left out, and a proof tells it.');
  }
  const skip = options.skip === true ? { reason: reason ?? '', who: options.who ?? userInfo().username } : undefined;
  const timeoutMs = options.wait * 1000;
  const partitions = await withAnnals(options, (annals) =>
    annals.links.redrive(id, { partition, sequenceNumber, skip, timeoutMs }),
  );
  for (const one of partitions) {
    const lines = options.json === true ? [JSON.stringify(one)] : redrivenLines(one, colors);
    for (const line of lines) await output.line(line);
  }
  if (partitions.length === 0 && options.json !== true) invocation.note('No partition is held.');
  if (partitions.some(({ held }) => held !== undefined)) invocation.exitCode = Exit.FAILED;
}

function redrivenLines({ partition, relayed, skipped, held }: RedrivenPartition, colors: Colors): string[] {
  const left = skipped === 0 ? '' : `, ${plural(skipped, 'event')} left out`;
  const done = `${printable(partitionName(partition))}: ${plural(relayed, 'event')} brought over${left}`;
  if (held === undefined) return [`${done}; it is no longer held.`];
  return [`${done}; then refused again:`, ...heldLines(held, colors).map((line) => `  ${line}`)];
}
