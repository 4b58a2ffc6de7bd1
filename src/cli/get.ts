/** `annals get`: one event, whole. */
import type { Command } from 'commander';
import { addSequenceOptions, withSequence, type SequenceOptions } from './connection-options';
import { eventDetails, eventJson } from './event-lines';
import type { Invocation } from './invocation';

interface GetOptions extends SequenceOptions {
  readonly id?: boolean;
}

const EXAMPLES = `
Examples:
  annals get 17                                        by number
  annals get 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f      by event id
  annals get --id 17                                   an event id that looks like a number
  annals get 17 --json | jq .content`;

export function addGet(program: Command, invocation: Invocation): void {
  const command = program
    .command('get')
    .description('show one event, by its number or its event id')
    .argument('<number-or-id>', 'digits are a number, anything else is an event id')
    .option('--id', 'take it for an event id, even when it is digits')
    .addHelpText('after', EXAMPLES)
    .action((key: string, options: GetOptions) => get(key, options, invocation));
  addSequenceOptions(command);
}

async function get(key: string, options: GetOptions, { output, colors }: Invocation): Promise<void> {
  await withSequence(options, async (sequence) => {
    const isNumber = options.id !== true && /^\d+$/.test(key) && Number.isSafeInteger(Number(key));
    const event = await sequence.get(isNumber ? { sequenceNumber: Number(key) } : { eventId: key }, { as: 'json' });
    await output.line(options.json === true ? eventJson(event) : eventDetails(event, colors));
  });
}
