/** `annals types preview`: what a migration does to content, before anything depends on it. */
import { Option, type Command } from 'commander';
import type { Annals, EventTypeDefinition, MigrationPreview } from '../../client';
import { addSequenceOptions, positiveNumber, withAnnals, type SequenceOptions } from '../connection-options';
import { Exit, UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { readInput } from '../json-input';
import { sideBySide } from '../side-by-side';
import { plural } from '../terminal';
import { readDefinitions } from './definition-file';

interface PreviewOptions extends SequenceOptions {
  readonly from: number;
  readonly to?: number;
  readonly content?: string;
  readonly last?: number;
  readonly definition?: string;
  readonly all?: boolean;
}

/** Events that are tried unless told otherwise. */
const DEFAULT_LAST = 10;

const EXAMPLES = `
Examples:
  annals types preview order.placed --from 1 --to 3                        the last ${DEFAULT_LAST} events, before and after
  annals types preview order.placed --from 1 --to 3 --last 500 --json | jq 'select(.faults != [])'
  echo '{"total":42}' | annals types preview order.placed --from 1 --content -
  annals types preview order.placed --definition new.json --from 2 --to 3  a definition that is not registered yet

Nothing is written. Exit code 1 says that something cannot be cast, or does not fit its schema afterwards.`;

export function addPreview(types: Command, invocation: Invocation): void {
  const command = types
    .command('preview')
    .description('show what migrations do to content or to the last events, side by side')
    .argument('<type>', "the type's name")
    .option('--from <generation>', 'the generation to begin with', positiveNumber, 1)
    .option('--to <generation>', 'the generation wanted (default the latest)', positiveNumber)
    .addOption(new Option('--content <file>', 'content from a file of JSON; `-` for stdin').conflicts('last'))
    .option('--last <n>', `the last events of the type (default ${DEFAULT_LAST})`, positiveNumber)
    .option('--definition <file>', 'the type as this file has it, instead of the one that is registered')
    .option('--all', 'also properties that stay as they are, however many')
    .addHelpText('after', EXAMPLES)
    .action((type: string, options: PreviewOptions) => preview(type, options, invocation));
  addSequenceOptions(command);
}

async function preview(type: string, options: PreviewOptions, invocation: Invocation): Promise<void> {
  const definition = options.definition === undefined ? undefined : await definitionIn(options.definition, type);
  const content = options.content === undefined ? undefined : (await readInput(options.content)).bytes.toString();
  await withAnnals(options, async (annals) => {
    const { from } = options;
    const to = options.to ?? (await latest(annals, type, definition));
    const previews = await annals.eventTypes.previewMigration({
      type: definition ?? type,
      from,
      to,
      ...(content === undefined
        ? { lastEvents: options.last ?? DEFAULT_LAST, sequence: options.sequence }
        : { content }),
    });
    const lines =
      options.json === true
        ? previews.map(previewJson)
        : previews.flatMap((one) => previewLines(one, { from, to }, options, invocation));
    for (const line of lines) await invocation.output.line(line);
    conclude(previews, options, invocation);
  });
}

async function definitionIn(file: string, type: string): Promise<EventTypeDefinition> {
  const definitions = await readDefinitions([file]);
  const found = definitions.find(({ definition }) => definition.type === type);
  if (found === undefined) throw new UsageError(`${file} has no type ${type}`, 'Name the file that defines it.');
  return found.definition;
}

const latest = async (annals: Annals, type: string, definition: EventTypeDefinition | undefined): Promise<number> =>
  definition?.generations.length ?? (await annals.eventTypes.get(type)).latestGeneration;

const previewJson = ({ sequenceNumber, before, after, faults }: MigrationPreview): string =>
  JSON.stringify({ sequenceNumber: sequenceNumber ?? null, before, after: after ?? null, faults });

function previewLines(
  { sequenceNumber, before, after, faults }: MigrationPreview,
  { from, to }: { readonly from: number; readonly to: number },
  options: PreviewOptions,
  { colors, columns }: Invocation,
): string[] {
  const title = sequenceNumber === undefined ? [] : [colors.dim(`event ${sequenceNumber}`)];
  const note = faults.length === 0 ? undefined : faults.join('; ');
  const contents = [
    { title: `generation ${from}`, content: before },
    { title: `generation ${to}`, content: after, note },
  ];
  return [...title, ...sideBySide(contents, { columns, colors, all: options.all }), ''];
}

function conclude(previews: readonly MigrationPreview[], options: PreviewOptions, invocation: Invocation): void {
  const faulty = previews.filter(({ faults }) => faults.length > 0).length;
  if (faulty > 0) invocation.exitCode = Exit.FAILED;
  if (options.json === true) return;
  if (previews.length === 0) return invocation.note('There is no event of this type yet; give --content.');
  invocation.note(
    faulty === 0
      ? `${plural(previews.length, 'content')} cast, all fit.`
      : invocation.errorColors.red(`${plural(faulty, 'content')} of ${previews.length} with faults.`),
  );
}
