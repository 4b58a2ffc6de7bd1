/** `annals ordered audit`: the transaction log of one sequence, in words that an auditor can read. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { auditLine } from './sequence-lines';

const EXAMPLES = `
Examples:
  annals ordered audit seq_invoice_17
  annals ordered audit seq_invoice_17 --json | jq -c '{recorded, type, facts}'

Every decision, attempt, answer, rendering, emission and act of a person, from the event sequence ordered-sequences.`;

export function addAudit(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('audit').description('everything that was decided, tried and done'))
    .argument('<id>', 'its sequenceId')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: StoreOptions) => audit(id, options, invocation));
}

async function audit(id: string, options: StoreOptions, { output, colors, signal }: Invocation): Promise<void> {
  await withAnnals(options, async (annals) => {
    for await (const entry of annals.orderedSequences.audit(id, { signal })) {
      await output.line(options.json === true ? JSON.stringify(entry) : auditLine(entry, colors));
    }
  });
}
