/** `annals types register`: definitions from files, all of them or none. */
import type { Command } from 'commander';
import type { RegisteredType } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND, plural, printable, type Colors } from '../terminal';
import { atDefinition, readDefinitions } from './definition-file';

interface RegisterOptions extends StoreOptions {
  readonly dryRun?: boolean;
}

const EXAMPLES = `
A file holds one definition, or an array of them:
  {
    "type": "order.placed",
    "generations": [
      { "generation": 1, "schema": { "type": "object", "properties": { "total": { "type": "number" } } } },
      { "generation": 2, "schema": { "type": "object", "properties": { "amount": { "type": "number" } } } }
    ],
    "migrations": [
      { "from": 1, "to": 2, "steps": [{ "rename": { "from": "total", "to": "amount" } }] },
      { "from": 2, "to": 1, "steps": [{ "rename": { "from": "amount", "to": "total" } }] }
    ]
  }

Steps, over paths such as customer.id and lines[].price:
  { "rename":     { "from": "total", "to": "amount" } }
  { "default":    { "property": "currency", "value": "EUR" } }        where it is absent
  { "remove":     { "property": "note" } }
  { "split":      { "property": "name", "separator": " ", "into": ["first", "last"] } }
  { "join":       { "properties": ["first", "last"], "separator": " ", "into": "name" } }
  { "convert":    { "property": "at", "to": "date" } }                string, integer, number, boolean or date
  { "expression": { "property": "total", "expression": "content.amount * 100" } }      CEL

Examples:
  annals types register shop.json
  annals types register types/*.json --dry-run        checks all, and registers nothing
  annals types show order.placed --json | annals types register - --store other

The same again changes nothing. A generation that is registered may change only so that content that fits it still fits.`;

export function addRegister(types: Command, invocation: Invocation): void {
  addStoreOptions(types.command('register').description('register types from files: all of them or none'))
    .argument('<file...>', 'files of JSON; `-` for stdin')
    .option('--dry-run', 'check all, and register nothing')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], options: RegisterOptions) => register(files, options, invocation));
}

async function register(files: readonly string[], options: RegisterOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const dryRun = options.dryRun === true;
  const definitions = await readDefinitions(files);
  const registered = await withAnnals(options, async (annals) => {
    try {
      const types = definitions.map(({ definition }) => definition);
      return await annals.eventTypes.registerAll(types, { dryRun });
    } catch (error) {
      throw atDefinition(error, definitions);
    }
  });
  const lines =
    options.json === true
      ? registered.map((type) => JSON.stringify({ ...type, dryRun }))
      : registered.flatMap((type) => registeredLines(type, colors));
  for (const line of lines) await output.line(line);
  if (options.json === true) return;
  const news = registered.filter(({ unchanged }) => !unchanged);
  await output.line(conclusion(registered.length, news.length, dryRun));
  const [first] = news;
  if (first !== undefined) {
    invocation.note(
      errorColors.dim(`Next: ${COMMAND} ${dryRun ? `types register ${files.join(' ')}` : `types show ${first.type}`}`),
    );
  }
}

function registeredLines({ type, latestGeneration, unchanged, changes }: RegisteredType, colors: Colors): string[] {
  if (unchanged) return [colors.dim(`= ${printable(type)}, as it was`)];
  return [
    `${colors.green('+')} ${colors.bold(printable(type))}, ${plural(latestGeneration, 'generation')}`,
    ...changes.map((change) => `    ${printable(change)}`),
  ];
}

function conclusion(all: number, news: number, dryRun: boolean): string {
  if (news === 0) return `Nothing new: ${plural(all, 'type is', 'types are')} as before.`;
  const done = dryRun ? 'would be registered; nothing is' : 'registered';
  return `${plural(news, 'type')} ${done}${news === all ? '' : `, ${plural(all - news, 'other')} as before`}.`;
}
