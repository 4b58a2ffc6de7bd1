/** `annals links list`: every link into a namespace, and where it stands. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { linkJson, linkTable } from './link-lines';

const EXAMPLES = `
Examples:
  annals links
  annals links list --json

LAG is in source numbers, at most; AGE is how long ago the link was level with its source; RATE is events relayed a
second over the last ten seconds; HELD counts partitions of which the target refused an event.`;

export function addList(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('list', { isDefault: true }).description('list the links, their lag and rate'))
    .addHelpText('after', EXAMPLES)
    .action((options: StoreOptions) => list(options, invocation));
}

async function list(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const links = await withAnnals(options, (annals) => annals.links.list());
  const lines = options.json === true ? links.map(linkJson) : linkTable(links, colors);
  for (const line of lines) await output.line(line);
  if (links.length === 0 && options.json !== true) {
    invocation.note(
      errorColors.dim('There is none into this namespace: `annals links add --help` shows how one is made.'),
    );
  }
}
