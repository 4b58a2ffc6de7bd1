/** `annals ordered define` and `definitions`: reusable definitions, by name and version. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { readInput } from '../json-input';
import { table } from '../table';

const DEFINE_EXAMPLES = `
Examples:
  annals ordered define order.saga.json
  jq '.version = "1.1.0"' order.saga.json | annals ordered define -

A definition:
  { "name": "order", "version": "1.0.0",
    "ties": { "by": "correlation_id" }, "starts": { "event_type": "order.placed" },
    "steps": [ { "event_type": "order.placed", "order": 1 },
               { "event_type": "order.paid", "order": 2 } ],
    "rollback_strategy": { "type": "retry", "max_retries": 3 } }

The same again changes nothing; a change needs another version.`;

const DEFINITIONS_EXAMPLES = `
Examples:
  annals ordered definitions
  annals ordered definitions order --json`;

export function addDefine(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('define').description('record a reusable definition'))
    .argument('<file>', 'the definition as JSON, or - for stdin')
    .addHelpText('after', DEFINE_EXAMPLES)
    .action((file: string, options: StoreOptions) => define(file, options, invocation));
}

export function addDefinitions(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('definitions').description('list the definitions and their versions'))
    .argument('[name]', 'one name alone')
    .addHelpText('after', DEFINITIONS_EXAMPLES)
    .action((name: string | undefined, options: StoreOptions) => definitions(name, options, invocation));
}

async function define(file: string, options: StoreOptions, { output }: Invocation): Promise<void> {
  const { bytes } = await readInput(file);
  const defined = await withAnnals(options, (annals) => annals.orderedSequences.define(bytes));
  const { name, version, created } = defined;
  await output.line(
    options.json === true
      ? JSON.stringify(defined)
      : `${name} ${version} ${created ? 'is defined.' : 'was defined already.'}`,
  );
}

const HEADING = ['NAME', 'VERSION', 'STARTS WITH', 'TIED BY', 'STEPS', 'ROLLBACK'];

async function definitions(name: string | undefined, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const all = await withAnnals(options, (annals) => annals.orderedSequences.definitions({ name: name ?? '' }));
  const lines =
    options.json === true
      ? all.map((one) => JSON.stringify(one))
      : table(
          HEADING,
          all.map((one) => [
            one.name,
            one.version,
            one.starts?.event_type ?? '-',
            one.ties.property ?? one.ties.by,
            String(one.steps.length),
            one.rollback_strategy.type,
          ]),
          colors,
        );
  for (const line of lines) await output.line(line);
}
