/** `annals types list` and `watch`: the types of a store, now or as they change. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND } from '../terminal';
import { typeJson, typeTable } from './type-lines';

const LIST_EXAMPLES = `
Examples:
  annals types
  annals types list --json > types.ndjson
  annals types list --json | jq -r 'select(.latestGeneration > 1) | .type'`;

const WATCH_EXAMPLES = `
Examples:
  annals types watch
  annals types watch --json | jq -c '{type, latestGeneration}'

First all of them, then those that are registered or changed. Ctrl-C ends it.`;

export function addList(types: Command, invocation: Invocation): void {
  addStoreOptions(types.command('list', { isDefault: true }).description('list the types and their generations'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((options: StoreOptions) => list(options, invocation));
}

export function addWatch(types: Command, invocation: Invocation): void {
  addStoreOptions(types.command('watch').description('show the types and stay, with every change'))
    .addHelpText('after', WATCH_EXAMPLES)
    .action((options: StoreOptions) => watch(options, invocation));
}

async function list(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const types = await withAnnals(options, (annals) => annals.eventTypes.list());
  const lines = options.json === true ? types.map(typeJson) : typeTable(types, colors);
  for (const line of lines) await output.line(line);
  if (types.length === 0 && options.json !== true) {
    invocation.note(errorColors.dim(`There is none yet. Next: ${COMMAND} types register --help`));
  }
}

async function watch(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, signal } = invocation;
  let headed = false;
  await withAnnals(options, async (annals) => {
    try {
      for await (const types of annals.eventTypes.watch({ signal })) {
        const lines = options.json === true ? types.map(typeJson) : typeTable(types, colors).slice(headed ? 1 : 0);
        headed = true;
        for (const line of lines) await output.line(line);
      }
    } catch (error) {
      // Ended by Ctrl-C or by a reader that left: that is how watching ends.
      if (!signal.aborted) throw error;
    }
  });
  if (invocation.endedBy === 'interrupt') invocation.endedBy = undefined;
}
