/** `annals ordered resolve`: a person's act on a sequence, said beforehand, and kept with who and why. */
import { Argument, type Command } from 'commander';
import { userInfo } from 'node:os';
import type { Json, ResolveAction } from '../../client';
import { ACTIONS } from '../../contract/sequence-document';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { printable } from '../terminal';
import { sequenceJson, sequenceLines } from './sequence-lines';

interface ResolveOptions extends StoreOptions {
  readonly event?: string;
  readonly who?: string;
  readonly why?: string;
  readonly dryRun?: boolean;
  readonly output?: string;
}

const EXAMPLES = `
Examples:
  annals ordered resolve seq_invoice_17 retry --dry-run                     what it would do
  annals ordered resolve seq_invoice_17 retry --why 'the ledger is back'
  annals ordered resolve seq_invoice_17 complete --event invoice-17/booked --why 'booked by hand' \\
      --output '{"entry_id":"e-9"}'
  annals ordered resolve seq_invoice_17 compensate --why 'customer withdrew'

  retry       try the failed step again, with its attempts counted anew, or a rollback that stopped
  skip        go past the failed step, or past an entry of a rollback
  complete    the step was done by hand
  fail        the step has failed for good; or a waiting sequence ends as failed
  compensate  roll back what was processed, now
  cancel      end it as failed, with nothing compensated
  pause, resume

What would make no progress is refused. Who and why are kept for ever; a dry run needs neither.`;

export function addResolve(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('resolve').description("a person's act: retry, skip, complete, fail, …"))
    .argument('<id>', 'its sequenceId')
    .addArgument(new Argument('<action>', 'what is done').choices(ACTIONS))
    .option('--event <id>', 'the step that it is about (default: the one that stands in the way)')
    .option('--who <name>', 'who does it (default: your name on this machine)')
    .option('--why <text>', 'why; it is kept')
    .option('--output <json>', 'with complete: what templates may use')
    .option('--dry-run', 'say what it would do, and do nothing')
    .addHelpText('after', EXAMPLES)
    .action((id: string, action: ResolveAction, options: ResolveOptions) => resolve(id, action, options, invocation));
}

async function resolve(
  id: string,
  action: ResolveAction,
  options: ResolveOptions,
  invocation: Invocation,
): Promise<void> {
  const { output, colors } = invocation;
  const { dryRun = false, why, event: eventId } = options;
  if (!dryRun && why === undefined) throw new UsageError('there is no --why', 'It is kept; --dry-run needs none.');
  const { consequences, sequence } = await withAnnals(options, (annals) =>
    annals.orderedSequences.resolve(id, action, {
      eventId,
      dryRun,
      who: options.who ?? userInfo().username,
      why,
      output: options.output === undefined ? undefined : outputOf(options.output),
    }),
  );
  if (options.json === true) {
    await output.line(JSON.stringify({ dryRun, consequences, ...(JSON.parse(sequenceJson(sequence)) as object) }));
    return;
  }
  for (const consequence of consequences) await output.line(printable(consequence));
  if (dryRun) invocation.note('Nothing was done: it was a dry run.');
  else for (const line of sequenceLines(sequence, colors)) await output.line(line);
}

function outputOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new UsageError('--output is not JSON', 'Put it into single quotes.');
  }
}
