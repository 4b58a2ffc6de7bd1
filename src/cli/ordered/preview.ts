/** `annals ordered preview`: what the templates of a sequence give with its real events. */
import type { Command } from 'commander';
import type { Json } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit, InputError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { readInput } from '../json-input';
import { printable } from '../terminal';

interface PreviewOptions extends StoreOptions {
  readonly template?: string;
  readonly error?: string;
}

const EXAMPLES = `
Examples:
  annals ordered preview seq_invoice_17                        its own templates, and which a rollback would append
  annals ordered preview seq_invoice_17 --template new.json --error 'ledger closed'

Nothing is appended. The exit code is 1 when something cannot be rendered.`;

export function addPreview(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('preview').description('render templates against real events'))
    .argument('<id>', 'its sequenceId')
    .option('--template <file>', 'another template, as JSON, or - for stdin')
    .option('--error <message>', 'stands for ${error.message}')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: PreviewOptions) => preview(id, options, invocation));
}

async function preview(id: string, options: PreviewOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const template = options.template === undefined ? undefined : await templateOf(options.template);
  const error = options.error === undefined ? undefined : { message: options.error };
  const rendered = await withAnnals(options, (annals) =>
    annals.orderedSequences.previewTemplate(id, { template, error }),
  );
  for (const one of rendered) {
    if (options.json === true) {
      await output.line(JSON.stringify({ ...one, content: one.content ?? null }));
      continue;
    }
    const heading = one.eventType === '' ? 'the template' : printable(one.eventType);
    const left =
      one.emitted || template !== undefined ? '' : colors.dim(`  not appended: ${printable(one.notEmitted)}`);
    await output.line(`${colors.bold(heading)}${left}`);
    if (one.content !== undefined) await output.line(`  ${printable(JSON.stringify(one.content))}`);
    for (const fault of one.faults) await output.line(`  ${colors.red(printable(fault))}`);
  }
  if (rendered.some(({ content }) => content === undefined)) invocation.exitCode = Exit.FAILED;
}

async function templateOf(file: string): Promise<Json> {
  const { bytes, name } = await readInput(file);
  try {
    return JSON.parse(bytes.toString()) as Json;
  } catch (error) {
    throw new InputError(`${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
