/** `annals ordered create`: begins an ordered sequence from a document, or as an instance of a definition. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { readInput } from '../json-input';
import { COMMAND, printable } from '../terminal';
import { sequenceJson, stepLines } from './sequence-lines';

interface CreateOptions extends StoreOptions {
  readonly definition?: string;
  readonly key?: string;
  readonly id?: string;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  annals ordered create invoice-17.json
  annals ordered create invoice-17.json --dry-run             check it whole, and begin nothing
  annals ordered create --definition order --key order-17     an instance; @1.0.0 behind the name for a version

A document:
  { "sequenceId": "seq_invoice_17", "name": "invoice creation", "version": "1.0.0",
    "events": [ { "eventId": "invoice-17/created", "order": 1, "required": true },
                { "eventId": "invoice-17/booked", "order": 2, "required": true } ],
    "rollback_strategy": { "type": "compensating_events", "max_retries": 3,
      "compensating_events": [ { "eventId": "InvoiceEvents.cancelled",
        "payload_template": { "invoice_id": "\${events[0].payload.invoice_id}" } } ] } }

The same again is the same sequence; another document under the same id is refused.`;

export function addCreate(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('create').description('begin an ordered sequence'))
    .argument('[file]', 'its document as JSON, or - for stdin')
    .option('--definition <name[@version]>', 'instead of a document: an instance of this definition')
    .option('--key <value>', 'what ties events to the instance, as its definition says')
    .option('--id <sequenceId>', 'the id of the instance (default: made of definition and key)')
    .option('--dry-run', 'check it whole, and begin nothing')
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: CreateOptions) => create(file, options, invocation));
}

async function create(file: string | undefined, options: CreateOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const { dryRun = false } = options;
  const from = await fromOf(file, options);
  const { sequence, created } = await withAnnals(options, (annals) => annals.orderedSequences.create(from, { dryRun }));
  if (options.json === true) {
    await output.line(JSON.stringify({ created, dryRun, ...(JSON.parse(sequenceJson(sequence)) as object) }));
    return;
  }
  const { sequenceId } = sequence.document;
  const id = printable(sequenceId);
  await output.line(
    dryRun
      ? `${id} would be begun.`
      : created
        ? `${id} is begun. Next: ${COMMAND} ordered watch ${id}`
        : `${id} was there already.`,
  );
  for (const line of stepLines(sequence, colors)) await output.line(line);
}

async function fromOf(file: string | undefined, { definition, key, id }: CreateOptions) {
  const help = 'See `annals ordered create --help`.';
  if (definition === undefined) {
    if (file === undefined) throw new UsageError('there is neither a document nor --definition', help);
    if (key !== undefined || id !== undefined) throw new UsageError('--key and --id belong to --definition', help);
    return (await readInput(file)).bytes;
  }
  if (file !== undefined) throw new UsageError('a document stands beside --definition', help);
  if (key === undefined) throw new UsageError('--definition needs --key', help);
  const at = definition.lastIndexOf('@');
  const [name, version] = at < 1 ? [definition, undefined] : [definition.slice(0, at), definition.slice(at + 1)];
  return { definition: name, version, key, sequenceId: id };
}
