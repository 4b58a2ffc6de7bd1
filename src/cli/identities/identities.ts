/** `annals identities`: who the ids in `causedBy` are. One file a verb. */
import type { Command } from 'commander';
import type { Invocation } from '../invocation';
import { addDescribe } from './describe';
import { addErase } from './erase';
import { addList } from './list';
import { addShow } from './show';

const EXAMPLES = `
Examples:
  annals identities describe u-17 --kind person --name 'Ann Ash' --subject 'auth0|5f2a'
  annals identities                                   who there is
  annals identities show u-17                         and what it was before
  annals identities erase u-17 --reason 'asked for'

An identity belongs to a store. Events name it by its id (\`causedBy\`), whether anybody described it or not.`;

/** The verbs, in the order that the help has them. */
const VERBS = [addDescribe, addList, addShow, addErase];

export function addIdentities(program: Command, invocation: Invocation): void {
  const identities = program
    .command('identities')
    .description('say who the ids are that events name as their cause')
    .addHelpText('after', EXAMPLES);
  for (const add of VERBS) add(identities, invocation);
}
