/** `annals tail`: the last number, of the sequence or of what a filter selects. */
import type { Command } from 'commander';
import { addSequenceOptions, withSequence, type SequenceOptions } from './connection-options';
import { addFilterOptions, filterOf, type FilterOptions } from './filter-options';
import type { Invocation } from './invocation';

const EXAMPLES = `
Examples:
  annals tail                       the last number of the event log
  annals tail --source order-17     the last number about one order: its version,
                                    which \`annals append --expect-last\` takes`;

export function addTail(program: Command, invocation: Invocation): void {
  const command = program
    .command('tail')
    .description('show the number of the last event')
    .addHelpText('after', EXAMPLES)
    .action((options: SequenceOptions & FilterOptions) => tail(options, invocation));
  addSequenceOptions(addFilterOptions(command));
}

async function tail(options: SequenceOptions & FilterOptions, invocation: Invocation): Promise<void> {
  await withSequence(options, async (sequence) => {
    const number = await sequence.tail(filterOf(options));
    if (options.json === true) {
      await invocation.output.line(JSON.stringify({ sequence: options.sequence, tail: number ?? null }));
    } else if (number === undefined) invocation.note('No such event yet.');
    else await invocation.output.line(String(number));
  });
}
