/** `annals observers retry`: a failed partition is tried again, now. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { plural, printable } from '../terminal';
import { partitionName } from './observer-lines';

interface RetryOptions extends StoreOptions {
  readonly all?: boolean;
}

const EXAMPLES = `
Examples:
  annals observers retry invoices order-17
  annals observers retry invoices ''             the partition of the empty name: a whole sequence in order
  annals observers retry invoices --all          every partition that is held

It goes on with the event that it stands at, catches up in order, and joins the others again.`;

export function addRetry(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('retry').description('try a failed partition again, now'))
    .argument('<id>', "the observer's id")
    .argument('[partition]', 'the partition, as `failed` shows it')
    .option('--all', 'all partitions that are held')
    .addHelpText('after', EXAMPLES)
    .action((id: string, partition: string | undefined, options: RetryOptions) =>
      retry(id, partition, options, invocation),
    );
}

async function retry(id: string, partition: string | undefined, options: RetryOptions, { output }: Invocation) {
  if ((partition === undefined) === (options.all !== true)) {
    throw new UsageError('one partition, or --all', 'See `annals observers retry --help`.');
  }
  await withAnnals(options, async (annals) => {
    const partitions =
      partition === undefined
        ? (await annals.observers.failedPartitions(id)).map((failed) => failed.partition)
        : [partition];
    for (const one of partitions) {
      await annals.observers.retryPartition(id, one);
      if (options.json === true) await output.line(JSON.stringify({ observer: id, partition: one, retried: true }));
      else if (options.all !== true) await output.line(`${printable(partitionName(one))} is tried again.`);
    }
    if (options.all === true && options.json !== true) {
      await output.line(
        partitions.length === 0
          ? 'No partition is held.'
          : `${plural(partitions.length, 'partition is', 'partitions are')} tried again.`,
      );
    }
  });
}
