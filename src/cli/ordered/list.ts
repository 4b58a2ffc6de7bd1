/** `annals ordered list`: which ordered sequences there are, and what they wait for. */
import { Option, type Command } from 'commander';
import type { SequenceSelection } from '../../client';
import { addStoreOptions, collect, positiveNumber, withAnnals, type StoreOptions } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { sequenceJson, sequenceTable } from './sequence-lines';

export interface SelectionOptions extends StoreOptions {
  readonly status?: SequenceSelection['statuses'];
  readonly correlation?: string;
  readonly causation?: string;
  readonly tag?: readonly string[];
  readonly sourceType?: NonNullable<SequenceSelection['source']>['type'];
  readonly sourceId?: string;
  readonly name?: string;
  readonly event?: string;
  readonly needsPerson?: boolean;
  readonly archived?: boolean;
}

interface ListOptions extends SelectionOptions {
  readonly limit: number;
}

/** Rows that a person reads. */
const DEFAULT_LIMIT = 100;

const EXAMPLES = `
Examples:
  annals ordered
  annals ordered list --needs-person                       what waits for you
  annals ordered list --status failed --archived --name 'invoice creation'
  annals ordered list --event invoice-17/created           the sequences that an event is a part of
  annals ordered list --tag customer=c-9 --json

Those that are settled are archived, and listed with --archived.`;

export function addList(ordered: Command, invocation: Invocation): void {
  addSelection(addStoreOptions(ordered.command('list', { isDefault: true }).description('list the ordered sequences')))
    .option('--limit <number>', 'at most so many', positiveNumber, DEFAULT_LIMIT)
    .addHelpText('after', EXAMPLES)
    .action((options: ListOptions) => list(options, invocation));
}

export const addSelection = (command: Command): Command =>
  command
    .addOption(
      new Option('--status <status>', 'only with this status (again for any of several)')
        .choices(['created', 'in_progress', 'completed', 'failed'])
        .argParser(collect),
    )
    .option('--correlation <id>', 'only of this business operation')
    .option('--causation <id>', 'only caused by this event')
    .option('--tag <key=value>', 'only with this tag (again for all of several)', collect)
    .option('--source-type <type>', 'only from a source of this type')
    .option('--source-id <id>', 'only from this source')
    .option('--name <name>', 'only with this name')
    .option('--event <id>', 'only those that this event is a part of')
    .option('--needs-person', 'only those that wait for a person')
    .option('--archived', 'archived ones too');

export function selectionOf(options: SelectionOptions): SequenceSelection {
  const { status, correlation, causation, tag = [], sourceType, sourceId, name, event } = options;
  return {
    statuses: status,
    correlationId: correlation,
    causationId: causation,
    tags: Object.fromEntries(tag.map(keyAndValue)),
    source: { type: sourceType, id: sourceId },
    name,
    eventId: event,
    needsPerson: options.needsPerson,
    archived: options.archived,
  };
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--tag ${text} is not KEY=VALUE`, 'See `annals ordered list --help`.');
  return [text.slice(0, at), text.slice(at + 1)];
}

async function list(options: ListOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors, signal } = invocation;
  const { limit } = options;
  const found = await withAnnals(options, async (annals) => {
    const some = [];
    for await (const one of annals.orderedSequences.list({ ...selectionOf(options), signal })) {
      some.push(one);
      if (some.length > limit) break;
    }
    return some;
  });
  const shown = found.slice(0, limit);
  const lines = options.json === true ? shown.map(sequenceJson) : sequenceTable(shown, colors);
  for (const line of lines) await output.line(line);
  if (options.json === true) return;
  if (found.length > limit) invocation.note(errorColors.dim(`There are more: --limit shows more than ${limit}.`));
  if (found.length === 0) {
    invocation.note(errorColors.dim('There is none like that: `annals ordered create --help` shows how one is begun.'));
  }
}
