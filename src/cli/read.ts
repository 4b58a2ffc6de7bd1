/** `annals read`: a range of the log, and ends. */
import type { Command } from 'commander';
import {
  addSequenceOptions,
  positiveNumber,
  wholeNumber,
  withSequence,
  type SequenceOptions,
} from './connection-options';
import {
  addGenerationOptions,
  addViewOption,
  contentWanted,
  type GenerationOptions,
  type ViewOption,
} from './content-options';
import { eventJson, timeline } from './event-lines';
import { addFilterOptions, filterOf, type FilterOptions } from './filter-options';
import type { Invocation } from './invocation';
import { plural, ProgressLine } from './terminal';

interface ReadOptions extends SequenceOptions, FilterOptions, GenerationOptions, ViewOption {
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly backwards?: boolean;
  readonly content?: boolean;
}

const EXAMPLES = `
Examples:
  annals read                                 the whole event log
  annals read --backwards --limit 10          the last ten events
  annals read --from 100 --to 199             a range, both ends included
  annals read --source order-17 --content     one order's history, with content whole
  annals read --type order.placed --json | jq .content.total
  annals read --view effective                what compensations made of the events
  annals read --generation order.placed=1     content in an earlier generation
  annals read --announcements                 with what happened to events later
  annals read --json > backup.ndjson          \`annals append backup.ndjson\` takes it back`;

export function addRead(program: Command, invocation: Invocation): void {
  const command = program
    .command('read')
    .description('read events that are recorded')
    .option('--from <number>', 'the first number, inclusive', wholeNumber)
    .option('--to <number>', 'the last number, inclusive', wholeNumber)
    .option('--limit <n>', 'at most so many events', positiveNumber)
    .option('--backwards', 'from the end towards the beginning')
    .option('--content', 'show content whole')
    .addHelpText('after', EXAMPLES)
    .action((options: ReadOptions) => read(options, invocation));
  addSequenceOptions(addViewOption(addGenerationOptions(addFilterOptions(command))));
}

async function read(options: ReadOptions, invocation: Invocation): Promise<void> {
  const { output, colors, columns, signal } = invocation;
  const line = options.json === true ? eventJson : timeline({ colors, columns, content: options.content === true });
  // Lines on the terminal show by themselves that work goes on.
  const progress = process.stdout.isTTY === true ? undefined : new ProgressLine();
  await withSequence(options, async (sequence) => {
    let events = 0;
    const wanted = {
      ...filterOf(options),
      ...contentWanted(options),
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.to === undefined ? {} : { to: options.to }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      backwards: options.backwards === true,
      as: 'json' as const,
      signal,
    };
    try {
      for await (const event of sequence.read(wanted)) {
        await output.line(line(event));
        events++;
        progress?.show(() => `read ${plural(events, 'event')}`);
      }
    } finally {
      progress?.clear();
    }
    if (events === 0 && options.json !== true) invocation.note('No event matches.');
  });
}
