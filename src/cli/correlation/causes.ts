/** `annals causes`: what led to an event, up to the root. */
import type { Command } from 'commander';
import { positiveNumber, withAnnals } from '../connection-options';
import type { Invocation } from '../invocation';
import { addNodesOptions, checkForm, FORMS_HELP, reachOf, showAround, type NodesOptions } from './nodes-shown';

interface CausesOptions extends NodesOptions {
  readonly depth?: number;
}

const EXAMPLES = `
Examples:
  annals causes 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f
  annals causes 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f --depth 1     its cause alone
  annals causes 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f --json | jq -r .type

The root stands on top; with --json the event comes first, then its cause, and so on. \`annals effects\` looks the other way.
${FORMS_HELP}`;

export function addCauses(program: Command, invocation: Invocation): void {
  const command = program
    .command('causes')
    .description('show what led to an event, up to the root')
    .argument('<event-id>', 'the event')
    .option('--depth <number>', 'how far up (default 1000)', positiveNumber)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: CausesOptions) => causes(id, options, invocation));
  addNodesOptions(command);
}

async function causes(id: string, options: CausesOptions, invocation: Invocation): Promise<void> {
  checkForm(options);
  const { depth } = options;
  await withAnnals(options, async (annals) => {
    const nodes = annals.correlation.causes(id, { ...reachOf(options), depth, signal: invocation.signal });
    await showAround(id, nodes, options, invocation);
  });
}
