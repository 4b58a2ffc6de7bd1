/** `annals effects`: what came of an event. */
import type { Command } from 'commander';
import { positiveNumber, withAnnals } from '../connection-options';
import type { Invocation } from '../invocation';
import { addNodesOptions, checkForm, FORMS_HELP, reachOf, showAround, type NodesOptions } from './nodes-shown';

interface EffectsOptions extends NodesOptions {
  readonly depth?: number;
  readonly limit?: number;
}

const EXAMPLES = `
Examples:
  annals effects 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f
  annals effects 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f --depth 1        what it caused directly
  annals effects 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f --peer annals://mail:4400

Where there is more than --limit or --depth allow, the node says so. \`annals causes\` looks the other way.
${FORMS_HELP}`;

export function addEffects(program: Command, invocation: Invocation): void {
  const command = program
    .command('effects')
    .description('show what came of an event')
    .argument('<event-id>', 'the event')
    .option('--depth <number>', 'how far down (default 1000)', positiveNumber)
    .option('--limit <number>', 'nodes to show (default 1000, at most 10000)', positiveNumber)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: EffectsOptions) => effects(id, options, invocation));
  addNodesOptions(command);
}

async function effects(id: string, options: EffectsOptions, invocation: Invocation): Promise<void> {
  checkForm(options);
  const { depth, limit } = options;
  await withAnnals(options, async (annals) => {
    const nodes = annals.correlation.effects(id, { ...reachOf(options), depth, limit, signal: invocation.signal });
    await showAround(id, nodes, options, invocation);
  });
}
