/** `annals identities describe`: says what an id stands for. */
import { Option, type Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { printable } from '../terminal';
import { identityFacts, identityJson } from './identity-lines';

interface DescribeOptions extends StoreOptions {
  readonly kind: 'person' | 'system';
  readonly name?: string;
  readonly subject?: string;
  readonly onBehalfOf?: string;
}

const EXAMPLES = `
Examples:
  annals identities describe u-17 --kind person --name 'Ann Ash' --subject 'auth0|5f2a'
  annals identities describe nightly --kind system --name 'Nightly billing' --on-behalf-of u-17

It is described whole: what is not given is empty from then on. The same again changes nothing; what it was before stays
in its history.`;

export function addDescribe(identities: Command, invocation: Invocation): void {
  addStoreOptions(
    identities
      .command('describe')
      .description('say what an id stands for, or that it has changed')
      .argument('<id>', 'the id that events name')
      .addOption(
        new Option('--kind <kind>', 'a person or a system').choices(['person', 'system']).makeOptionMandatory(),
      )
      .option('--name <name>', 'as people read it')
      .option('--subject <subject>', 'its name elsewhere, such as the subject of a token')
      .option('--on-behalf-of <id>', 'the identity that it acts for'),
  )
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: DescribeOptions) => describe(id, options, invocation));
}

async function describe(id: string, options: DescribeOptions, { output, colors }: Invocation): Promise<void> {
  const { kind, name, subject, onBehalfOf, json = false } = options;
  const { identity, changed } = await withAnnals(options, (annals) =>
    annals.identities.describe(id, { kind, name, subject, onBehalfOf }),
  );
  if (json) {
    await output.line(`{"changed":${changed},"identity":${identityJson(identity)}}`);
    return;
  }
  await output.line(changed ? `${printable(id)} is described.` : `${printable(id)} was described so before.`);
  for (const line of identityFacts(identity, colors)) await output.line(line);
}
