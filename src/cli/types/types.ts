/** `annals types`: what each generation of an event type looks like, and how content gets from one to the next. One file a verb. */
import type { Command } from 'commander';
import type { Invocation } from '../invocation';
import { addList, addWatch } from './list';
import { addPreview } from './preview';
import { addRegister } from './register';
import { addShow } from './show';
import { addWriteGenerations } from './write-generations';

const EXAMPLES = `
Examples:
  annals types                                          which there are
  annals types register shop.json
  annals types show order.placed                        generations, and migrations in words
  annals types preview order.placed --from 1 --to 2     the last events, before and after

Events of types that are not registered are recorded as they are, unless the store is strict:
  annals stores configure shop --strict

Every verb has --help with examples; docs/event-types.md says how to evolve a type without stopping anything.`;

/** The verbs, in the order that the help has them: registering, looking, trying, catching up. */
const VERBS = [addRegister, addList, addShow, addWatch, addPreview, addWriteGenerations];

export function addTypes(program: Command, invocation: Invocation): void {
  const types = program
    .command('types')
    .description('register event types and look at them: schemas, generations, migrations')
    .addHelpText('after', EXAMPLES);
  for (const add of VERBS) add(types, invocation);
}
