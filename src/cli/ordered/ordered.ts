/** `annals ordered`: ordered sequences (sagas), from their beginning to their audit. One file a verb. */
import type { Command } from 'commander';
import type { Invocation } from '../invocation';
import { addAudit } from './audit';
import { addCreate } from './create';
import { addDefine, addDefinitions } from './define';
import { addList } from './list';
import { addPreview } from './preview';
import { addRebuild } from './rebuild';
import { addResolve } from './resolve';
import { addShow } from './show';
import { addStatistics } from './statistics';
import { addWatch } from './watch';

const EXAMPLES = `
Examples:
  annals ordered create invoice-17.json               begin a sequence from its document
  annals ordered                                      which are active, and what they wait for
  annals ordered show seq_invoice_17                  its steps, attempts and compensations
  annals ordered audit seq_invoice_17                 everything that was decided, tried and done
  annals ordered list --needs-person
  annals ordered resolve seq_invoice_17 skip --dry-run

A program works the steps: see docs/ordered-sequences.md. Every verb has --help with examples.`;

/** The verbs, in the order that the help has them: beginning, looking, acting. */
const VERBS = [
  addDefine,
  addDefinitions,
  addCreate,
  addList,
  addShow,
  addWatch,
  addAudit,
  addPreview,
  addResolve,
  addStatistics,
  addRebuild,
];

export function addOrdered(program: Command, invocation: Invocation): void {
  const ordered = program
    .command('ordered')
    .alias('sagas')
    .description('ordered sequences: steps in order, all or nothing, rollback')
    .addHelpText('after', EXAMPLES);
  for (const add of VERBS) add(ordered, invocation);
}
