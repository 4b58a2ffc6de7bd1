/** `annals show`: one event with its generations and its compensations side by side. */
import type { Command } from 'commander';
import type { EventCompensation, RecordedEvent } from '../client';
import { addSequenceOptions, withSequence, type SequenceOptions } from './connection-options';
import { addEventKeyOption, eventKey, type EventKeyOptions } from './event-key';
import { eventFields, eventJson } from './event-lines';
import type { Invocation } from './invocation';
import { sideBySide, type Column } from './side-by-side';
import { printable } from './terminal';

interface ShowOptions extends SequenceOptions, EventKeyOptions {
  readonly all?: boolean;
}

const EXAMPLES = `
Examples:
  annals show 17                         its generations, then what compensations made of it
  annals show 17 --json | jq '.compensations[].content'

What differs from the column before is marked. Where the terminal is narrow, one stands below the other.
\`annals get\` shows one content alone.`;

export function addShow(program: Command, invocation: Invocation): void {
  const command = program
    .command('show')
    .description('show one event with its generations and compensations side by side')
    .argument('<number-or-id>', 'digits are a number, anything else is an event id')
    .option('--all', 'also properties that are alike, however many')
    .addHelpText('after', EXAMPLES)
    .action((key: string, options: ShowOptions) => show(key, options, invocation));
  addSequenceOptions(addEventKeyOption(command));
}

async function show(key: string, options: ShowOptions, invocation: Invocation): Promise<void> {
  const { output, colors, columns } = invocation;
  await withSequence(options, async (sequence) => {
    const event = await sequence.get(eventKey(key, options), { as: 'json', view: 'all', allGenerations: true });
    if (options.json === true) return output.line(eventJson(event));
    for (const line of eventFields(event, colors)) await output.line(line);
    const blocks = [generationsOf(event), compensationsOf(event)].filter((block) => block.length > 0);
    for (const block of blocks) {
      await output.line('');
      for (const line of sideBySide(block, { columns, colors, all: options.all })) await output.line(line);
    }
  });
}

/** The event's own content, in every generation that is stored and the one that it is read in. */
export function generationsOf(event: RecordedEvent): readonly Column[] {
  const stored = event.generations.map(({ generation, content }) => ({
    title: `generation ${generation}${generation === event.generation ? ', as appended' : ''}`,
    content,
  }));
  const isStored = event.generations.some(({ generation }) => generation === event.contentGeneration);
  const note = event.notCast;
  if (isStored && note === undefined) return stored;
  const cast = { title: `generation ${event.contentGeneration}, as read`, content: event.content, note };
  return isStored ? [...stored, { title: 'the latest', content: undefined, note }] : [...stored, cast];
}

/** What the event says, and what each compensation made of it, in one generation. */
export function compensationsOf(event: RecordedEvent): readonly Column[] {
  if (event.compensations.length === 0) return [];
  const original = { title: `original, generation ${event.contentGeneration}`, content: event.content };
  return [original, ...event.compensations.map(compensationColumn)];
}

const compensationColumn = (
  { content, compensationId, sequenceNumber, reason, notCast }: EventCompensation,
  i: number,
): Column => ({
  title: printable(`compensation ${i + 1}, at ${sequenceNumber}`),
  content,
  note: [reason, `(${compensationId})`, ...(notCast === undefined ? [] : [notCast])].join(' '),
});
