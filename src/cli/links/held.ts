/** `annals links held`: which partitions the target refused an event of, where they stand, and why. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND, plural } from '../terminal';
import { heldLines } from './link-lines';

const EXAMPLES = `
Examples:
  annals links held shop
  annals links held shop --json | jq -r '.violations[].code'

What to do: mend what stands against the event (register its type, change the schema) and redrive, or skip it.`;

export function addHeld(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('held').description('list the partitions that are held, and why'))
    .argument('<id>', "the link's id")
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: StoreOptions) => held(id, options, invocation));
}

async function held(id: string, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const partitions = await withAnnals(options, (annals) => annals.links.held(id));
  for (const partition of partitions) {
    const lines = options.json === true ? [JSON.stringify(partition)] : heldLines(partition, colors);
    for (const line of lines) await output.line(line);
  }
  if (options.json === true) return;
  invocation.note(
    partitions.length === 0
      ? errorColors.dim('No partition is held.')
      : `${plural(partitions.length, 'partition')} held. ${errorColors.dim(`Next: ${COMMAND} links redrive ${id}`)}`,
  );
}
