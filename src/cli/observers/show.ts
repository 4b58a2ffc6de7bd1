/** `annals observers show`: everything about one observer. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND } from '../terminal';
import { observerFacts, observerJson } from './observer-lines';

const EXAMPLES = `
Examples:
  annals observers show invoices
  annals observers show invoices --json | jq .lagEvents`;

export function addShow(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('show').description('show one observer with its definition and its clients'))
    .argument('<id>', "the observer's id")
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: StoreOptions) => show(id, options, invocation));
}

async function show(id: string, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const observer = await withAnnals(options, (annals) => annals.observers.get(id));
  const lines = options.json === true ? [observerJson(observer)] : observerFacts(observer, colors);
  for (const line of lines) await output.line(line);
  if (observer.failedPartitions > 0 && options.json !== true) {
    invocation.note(errorColors.dim(`Next: ${COMMAND} observers failed ${id}`));
  }
}
