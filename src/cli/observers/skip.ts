/** `annals observers skip`: a failed partition goes past the event that it stands at. */
import type { Command } from 'commander';
import { addStoreOptions, wholeNumber, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { printable } from '../terminal';
import { partitionName } from './observer-lines';

interface SkipOptions extends StoreOptions {
  readonly reason: string;
}

const EXAMPLES = `
Examples:
  annals observers skip invoices order-17 1204 --reason 'test order, ticket 77'

NUMBER is where the partition stands, as \`failed\` shows it; with another one nothing happens. The observer never
gets the event. Who asks later finds number and reason on the sequence \`system\` (annals read --sequence system).`;

export function addSkip(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('skip').description('go past the event that a failed partition stands at'))
    .argument('<id>', "the observer's id")
    .argument('<partition>', 'the partition, as `failed` shows it')
    .argument('<number>', 'the sequence number that it stands at', wholeNumber)
    .requiredOption('--reason <text>', 'why; it is kept in the audit')
    .addHelpText('after', EXAMPLES)
    .action((id: string, partition: string, number: number, options: SkipOptions) =>
      skip(id, partition, number, options, invocation),
    );
}

async function skip(id: string, partition: string, number: number, options: SkipOptions, { output }: Invocation) {
  const { reason } = options;
  await withAnnals(options, (annals) => annals.observers.skipEvent(id, { partition, sequenceNumber: number, reason }));
  await output.line(
    options.json === true
      ? JSON.stringify({ observer: id, partition, sequenceNumber: number, reason, skipped: true })
      : `${id} goes past ${number}; ${printable(partitionName(partition))} is tried again with what follows.`,
  );
}
