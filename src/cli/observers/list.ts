/** `annals observers list`: every observer of a namespace and where it stands. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { observerJson, observerTable } from './observer-lines';

const EXAMPLES = `
Examples:
  annals observers
  annals observers list --json

LAG is in events, at most; AGE is that of the oldest event that is not handled; RATE is events handled a second
over the last ten seconds; FAILED counts partitions that are held by a failure.`;

export function addList(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('list', { isDefault: true }).description('list the observers, their lag and rate'))
    .addHelpText('after', EXAMPLES)
    .action((options: StoreOptions) => list(options, invocation));
}

async function list(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const observers = await withAnnals(options, (annals) => annals.observers.list());
  const lines = options.json === true ? observers.map(observerJson) : observerTable(observers, colors);
  for (const line of lines) await output.line(line);
  if (observers.length === 0 && options.json !== true) {
    invocation.note(
      errorColors.dim('There is none yet: an observer is made when a client first observes under its id.'),
    );
  }
}
