/** `annals identities erase`: takes away for good what is kept of an identity, but its id. */
import type { Command } from 'commander';
import { canAsk, confirmed } from '../confirm';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { printable } from '../terminal';
import { identityJson } from './identity-lines';

interface EraseOptions extends StoreOptions {
  readonly reason: string;
  readonly yes?: boolean;
}

const EXAMPLES = `
Examples:
  annals identities erase u-17 --reason 'asked for on 3 March'

Its kind, name and subject, for whom it acted and what it was before are gone then, and nobody can be described under the
id again. Events go on naming the id. The reason is kept, so nothing that is to be erased belongs in it.`;

export function addErase(identities: Command, invocation: Invocation): void {
  addStoreOptions(
    identities
      .command('erase')
      .description('take away for good what is kept of an identity, but its id')
      .argument('<id>', 'the id that events name')
      .requiredOption('--reason <text>', 'why; it is kept with the id')
      .option('--yes', 'do not ask'),
  )
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: EraseOptions) => erase(id, options, invocation));
}

async function erase(id: string, options: EraseOptions, invocation: Invocation): Promise<void> {
  const { reason, yes = false, json = false } = options;
  await withAnnals(options, async (annals) => {
    const { name, erased: before } = await annals.identities.get(id);
    const asks = before === undefined && !json && !yes && canAsk();
    const who = printable(name === '' ? id : `${name} (${id})`);
    if (asks && !(await confirmed(`${who} is to be erased for good. Go on?`, invocation.signal))) {
      invocation.note('Nothing is erased.');
      invocation.exitCode = Exit.FAILED;
      return;
    }
    const identity = await annals.identities.erase(id, reason);
    const line =
      before === undefined
        ? `${printable(id)} is erased.`
        : `${printable(id)} was erased before, on ${before.at.toISOString()}.`;
    await invocation.output.line(json ? identityJson(identity) : line);
  });
}
