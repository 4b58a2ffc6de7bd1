/** `annals links remove`: ends a link. What it brought stays. */
import type { Command } from 'commander';
import { canAsk, confirmed } from '../confirm';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { plural } from '../terminal';

interface RemoveOptions extends StoreOptions {
  readonly yes?: boolean;
}

const EXAMPLES = `
Examples:
  annals links remove shop

What it brought stays in the inbox. What it held or skipped is forgotten; made again, the same link brings nothing twice.`;

export function addRemove(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('remove').description('end a link; what it brought stays'))
    .argument('<id>', "the link's id")
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: RemoveOptions) => remove(id, options, invocation));
}

async function remove(id: string, options: RemoveOptions, invocation: Invocation): Promise<void> {
  await withAnnals(options, async (annals) => {
    const { heldEvents } = await annals.links.get(id);
    const asks = options.json !== true && options.yes !== true && canAsk();
    const waiting = heldEvents === 0 ? '' : ` ${plural(heldEvents, 'held event')} will not come.`;
    if (asks && !(await confirmed(`${id} is to be removed.${waiting} Go on?`, invocation.signal))) {
      invocation.note('Nothing is removed.');
      invocation.exitCode = Exit.FAILED;
      return;
    }
    await annals.links.remove(id);
    await invocation.output.line(
      options.json === true ? JSON.stringify({ link: id, removed: true }) : `${id} is removed; what it brought stays.`,
    );
  });
}
