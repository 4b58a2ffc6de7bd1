/** `annals links`: what brings other stores' outboxes into this one's inbox. One file a verb. */
import type { Command } from 'commander';
import type { Invocation } from '../invocation';
import { addAdd } from './add';
import { addHeld } from './held';
import { addList } from './list';
import { addPause, addResume } from './pause';
import { addProve } from './prove';
import { addRedrive } from './redrive';
import { addRemove } from './remove';
import { addWatch } from './watch';

const EXAMPLES = `
Examples:
  annals links add shop --from annals://shop:4400/shop --dry-run
  annals links                                        how far each has come
  annals links held shop                              what the target refused, and why
  annals links redrive shop
  annals links prove shop                             nothing is missing, or exit code 1

A link lives with its target: --store and --namespace name whose inbox it fills. Every verb has --help with examples.`;

/** The verbs, in the order that the help has them: making, looking, healing, proving. */
const VERBS = [addAdd, addList, addWatch, addHeld, addRedrive, addPause, addResume, addProve, addRemove];

export function addLinks(program: Command, invocation: Invocation): void {
  const links = program
    .command('links')
    .description("look after the links that fill a store's inbox")
    .addHelpText('after', EXAMPLES);
  for (const add of VERBS) add(links, invocation);
}
