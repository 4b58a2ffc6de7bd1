/** `annals observers cancel-replay`: a replay ends where it stands. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';

const EXAMPLES = `
Examples:
  annals observers cancel-replay invoices

The observer goes on where it was before the replay. What was replayed so far stays as it is.`;

export function addCancelReplay(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('cancel-replay').description('end a replay where it stands'))
    .argument('<id>', "the observer's id")
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: StoreOptions) => cancelReplay(id, options, invocation));
}

async function cancelReplay(id: string, options: StoreOptions, { output }: Invocation): Promise<void> {
  const cancelled = await withAnnals(options, (annals) => annals.observers.cancelReplay(id));
  await output.line(
    options.json === true
      ? JSON.stringify({ observer: id, cancelled })
      : cancelled
        ? `The replay of ${id} is over; it goes on where it was before.`
        : `${id} was not replaying.`,
  );
}
