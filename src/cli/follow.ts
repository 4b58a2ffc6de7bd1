/** `annals follow`: what is recorded, and then what is being recorded, until it is ended. */
import type { Command } from 'commander';
import {
  addSequenceOptions,
  positiveNumber,
  wholeNumber,
  withSequence,
  type SequenceOptions,
} from './connection-options';
import { addGenerationOptions, contentWanted, type GenerationOptions } from './content-options';
import { eventJson, timeline } from './event-lines';
import { UsageError } from './exit-codes';
import { addFilterOptions, filterOf, type FilterOptions } from './filter-options';
import type { Invocation } from './invocation';
import { plural } from './terminal';

interface FollowOptions extends SequenceOptions, FilterOptions, GenerationOptions {
  readonly from?: number;
  readonly onlyNew?: boolean;
  readonly limit?: number;
  readonly content?: boolean;
}

const EXAMPLES = `
Examples:
  annals follow                               everything, then live
  annals follow --only-new                    live only
  annals follow --from 1200 --source order-17
  annals follow --only-new --limit 1 --json   wait for the next event, and end

Ctrl-C ends it. What it has come to is said then, with the number to go on from.`;

export function addFollow(program: Command, invocation: Invocation): void {
  const command = program
    .command('follow')
    .description('read events and stay, with every event that is recorded later')
    .option('--from <number>', 'the first number, inclusive (default 0)', wholeNumber)
    .option('--only-new', 'only what is recorded from now on')
    .option('--limit <n>', 'end after so many events', positiveNumber)
    .option('--content', 'show content whole')
    .addHelpText('after', EXAMPLES)
    .action((options: FollowOptions) => follow(options, invocation));
  addSequenceOptions(addGenerationOptions(addFilterOptions(command)));
}

async function follow(options: FollowOptions, invocation: Invocation): Promise<void> {
  if (options.from !== undefined && options.onlyNew === true) {
    throw new UsageError('--from and --only-new together', 'Give one of them.');
  }
  const { output, colors, errorColors, columns } = invocation;
  const line = options.json === true ? eventJson : timeline({ colors, columns, content: options.content === true });
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let events = 0;
  let last: number | undefined;
  await withSequence(options, async (sequence) => {
    const wanted = {
      ...filterOf(options),
      ...contentWanted(options),
      ...(options.from === undefined ? {} : { from: options.from }),
      ...(options.onlyNew === true ? { onlyNew: true } : {}),
      as: 'json' as const,
      signal: invocation.signal,
      onStateChange: (state: string) => {
        if (options.json !== true) invocation.note(errorColors.dim(stateLine(state)));
      },
    };
    try {
      for await (const event of sequence.subscribe(wanted)) {
        await output.line(line(event));
        last = event.sequenceNumber;
        if (++events >= limit) break;
      }
    } catch (error) {
      // Ended by Ctrl-C or by a reader that left: that is how following ends.
      if (!invocation.signal.aborted) throw error;
    }
  });
  if (invocation.endedBy === 'pipe') return;
  invocation.endedBy = undefined;
  await output.end();
  const next = last === undefined ? '' : `; go on with --from ${last + 1}`;
  if (options.json !== true) invocation.note(`Followed ${plural(events, 'event')}${next}.`);
}

const STATES: Readonly<Record<string, string>> = {
  live: '— caught up; what follows is live (Ctrl-C ends) —',
  'fell-behind': '— fell behind; reading from the database again —',
  reconnecting: '— connection lost; reconnecting —',
};

const stateLine = (state: string): string => STATES[state] ?? `— ${state} —`;
