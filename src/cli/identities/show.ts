/** `annals identities show`: one identity, and what it was before. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { identityFacts, identityJson } from './identity-lines';

const EXAMPLES = `
Examples:
  annals identities show u-17
  annals identities show u-17 --json | jq .former`;

export function addShow(identities: Command, invocation: Invocation): void {
  addStoreOptions(identities.command('show').description('show one identity, and what it was before'))
    .argument('<id>', 'the id that events name')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: StoreOptions) => show(id, options, invocation));
}

async function show(id: string, options: StoreOptions, { output, colors }: Invocation): Promise<void> {
  const identity = await withAnnals(options, (annals) => annals.identities.get(id));
  const lines = options.json === true ? [identityJson(identity)] : identityFacts(identity, colors);
  for (const line of lines) await output.line(line);
}
