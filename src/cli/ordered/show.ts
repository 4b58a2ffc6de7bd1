/** `annals ordered show`: one ordered sequence, with its steps and compensations, or its document as it goes in. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { sequenceJson, sequenceLines } from './sequence-lines';

interface ShowOptions extends StoreOptions {
  readonly document?: boolean;
}

const EXAMPLES = `
Examples:
  annals ordered show seq_invoice_17
  annals ordered show seq_invoice_17 --document | jq .events
  annals ordered show seq_invoice_17 --json`;

export function addShow(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('show').alias('get').description('show one with its steps'))
    .argument('<id>', 'its sequenceId')
    .option('--document', 'its document alone, as JSON')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: ShowOptions) => show(id, options, invocation));
}

async function show(id: string, options: ShowOptions, { output, colors }: Invocation): Promise<void> {
  const sequence = await withAnnals(options, (annals) => annals.orderedSequences.get(id));
  const lines =
    options.document === true
      ? [JSON.stringify(sequence.document, null, options.json === true ? undefined : 2)]
      : options.json === true
        ? [sequenceJson(sequence)]
        : sequenceLines(sequence, colors);
  for (const line of lines) await output.line(line);
}
