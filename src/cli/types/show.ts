/** `annals types show`: one type's generations, and what leads from one to the next, in words. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { typeDetails, typeJson } from './type-lines';

interface ShowOptions extends StoreOptions {
  readonly schemas?: boolean;
}

const EXAMPLES = `
Examples:
  annals types show order.placed
  annals types show order.placed --schemas          the schemas whole
  annals types show order.placed --json             as \`annals types register\` takes it`;

export function addShow(types: Command, invocation: Invocation): void {
  addStoreOptions(types.command('show').description('show one type: its generations, and migrations in words'))
    .argument('<type>', "the type's name")
    .option('--schemas', 'show schemas whole, as JSON')
    .addHelpText('after', EXAMPLES)
    .action((type: string, options: ShowOptions) => show(type, options, invocation));
}

async function show(type: string, options: ShowOptions, { output, colors }: Invocation): Promise<void> {
  const info = await withAnnals(options, (annals) => annals.eventTypes.get(type));
  const lines =
    options.json === true ? [typeJson(info)] : typeDetails(info, colors, { schemas: options.schemas === true });
  for (const line of lines) await output.line(line);
}
