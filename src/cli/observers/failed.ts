/** `annals observers failed`: which partitions are held, where, and why. */
import type { Command } from 'commander';
import type { FailedPartition } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { clip, COMMAND, count, plural, printable, type Colors } from '../terminal';
import { partitionName } from './observer-lines';
import { span } from '../span';

interface FailedOptions extends StoreOptions {
  readonly stack?: boolean;
}

const EXAMPLES = `
Examples:
  annals observers failed invoices
  annals observers failed invoices --stack
  annals observers failed invoices --json | jq -r .partition

What to do: mend what is broken and retry the partition, or skip the event that it stands at.`;

/** Signs of a message in its line. */
const MESSAGE_LENGTH = 200;

export function addFailed(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('failed').description('list the partitions that a failure holds, with its message'))
    .argument('<id>', "the observer's id")
    .option('--stack', 'with the stack of the last attempt')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: FailedOptions) => failed(id, options, invocation));
}

async function failed(id: string, options: FailedOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const partitions = await withAnnals(options, (annals) => annals.observers.failedPartitions(id));
  if (options.json === true) {
    for (const partition of partitions) await output.line(JSON.stringify(partition));
    return;
  }
  for (const partition of partitions) {
    for (const line of failureLines(partition, options.stack === true, colors)) await output.line(line);
  }
  const [first] = partitions;
  invocation.note(
    first === undefined
      ? errorColors.dim('No partition is held.')
      : `${plural(partitions.length, 'partition')} held. ${errorColors.dim(`Next: ${COMMAND} observers retry ${id} ${partitionName(first.partition)}`)}`,
  );
}

function failureLines(failure: FailedPartition, stack: boolean, colors: Colors): string[] {
  const { partition, heldFrom, attempts, attemptCount } = failure;
  const last = attempts.at(-1);
  const head = `${colors.bold(printable(partitionName(partition)))}  stands at ${heldFrom}, ${plural(attemptCount, 'attempt')}, ${nextWords(failure)}`;
  if (last === undefined) return [head];
  const [message = '', ...rest] = last.message.split('\n');
  const more = rest.length === 0 ? '' : colors.dim(` (and ${count(rest.length)} more lines)`);
  return [
    head,
    `  ${colors.red(clip(printable(message), MESSAGE_LENGTH))}${more}`,
    ...(stack ? last.stack.split('\n').map((line) => colors.dim(`    ${printable(line)}`)) : []),
  ];
}

function nextWords({ quarantined, nextRetry }: FailedPartition): string {
  if (quarantined || nextRetry === undefined) return 'not tried again by itself';
  const wait = nextRetry.getTime() - Date.now();
  return wait <= 0 ? 'being tried again' : `tried again in ${span(wait)}`;
}
