/** `annals get`: one event, whole. */
import type { Command } from 'commander';
import { addSequenceOptions, positiveNumber, withSequence, type SequenceOptions } from './connection-options';
import { addViewOption, type ViewOption } from './content-options';
import { addEventKeyOption, eventKey, type EventKeyOptions } from './event-key';
import { eventDetails, eventJson } from './event-lines';
import type { Invocation } from './invocation';

interface GetOptions extends SequenceOptions, EventKeyOptions, ViewOption {
  readonly generation?: number;
}

const EXAMPLES = `
Examples:
  annals get 17                                        by number
  annals get 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f      by event id
  annals get --id 17                                   an event id that looks like a number
  annals get 17 --generation 1                         its content in an earlier generation
  annals get 17 --view effective                       what its last compensation says
  annals get 17 --json | jq .content

\`annals show\` has an event's generations and compensations side by side.`;

export function addGet(program: Command, invocation: Invocation): void {
  const command = program
    .command('get')
    .description('show one event, by its number or its event id')
    .argument('<number-or-id>', 'digits are a number, anything else is an event id')
    .option('--generation <n>', 'the generation in which its content is wanted (default the latest)', positiveNumber)
    .addHelpText('after', EXAMPLES)
    .action((key: string, options: GetOptions) => get(key, options, invocation));
  addSequenceOptions(addViewOption(addEventKeyOption(command)));
}

async function get(key: string, options: GetOptions, { output, colors }: Invocation): Promise<void> {
  await withSequence(options, async (sequence) => {
    const { generation, view } = options;
    const event = await sequence.get(eventKey(key, options), { as: 'json', generation, view });
    await output.line(options.json === true ? eventJson(event) : eventDetails(event, colors));
  });
}
