/** `annals constraints`: rules that hold across event sources. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { COMMAND } from '../terminal';
import { constraintJson, constraintTable } from './constraint-lines';
import { addRegister } from './register';

const EXAMPLES = `
Examples:
  annals constraints                                     which there are, where each is in force
  annals constraints register --name order-numbers --unique order.placed:number
  annals constraints remove order-numbers

Every verb has --help with examples; docs/event-types.md says exactly what is compared with what.`;

const LIST_EXAMPLES = `
Examples:
  annals constraints
  annals constraints list --json > constraints.ndjson

CLAIMS counts the values that are held at this moment, in each namespace.`;

const REMOVE_EXAMPLES = `
Examples:
  annals constraints remove order-numbers

It is out of force in every namespace, and its claims are forgotten. Registering it again checks everything again.`;

export function addConstraints(program: Command, invocation: Invocation): void {
  const constraints = program
    .command('constraints')
    .description('put rules into force that hold across event sources: unique values, unique event types')
    .addHelpText('after', EXAMPLES);
  addRegister(constraints, invocation);
  addStoreOptions(constraints.command('list', { isDefault: true }).description('list the constraints and their states'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((options: StoreOptions) => list(options, invocation));
  addStoreOptions(constraints.command('remove').description('take a constraint out of force'))
    .argument('<name>', "the constraint's name")
    .addHelpText('after', REMOVE_EXAMPLES)
    .action((name: string, options: StoreOptions) => remove(name, options, invocation));
}

async function list(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const constraints = await withAnnals(options, (annals) => annals.constraints.list());
  const lines = options.json === true ? constraints.map(constraintJson) : constraintTable(constraints, colors);
  for (const line of lines) await output.line(line);
  if (constraints.length === 0 && options.json !== true) {
    invocation.note(errorColors.dim(`There is none yet. Next: ${COMMAND} constraints register --help`));
  }
}

async function remove(name: string, options: StoreOptions, invocation: Invocation): Promise<void> {
  const removed = await withAnnals(options, (annals) => annals.constraints.remove(name));
  if (!removed) invocation.exitCode = Exit.NOT_FOUND;
  await invocation.output.line(
    options.json === true
      ? JSON.stringify({ constraint: name, removed })
      : removed
        ? `${name} is out of force, and its claims are forgotten.`
        : `There is no constraint ${name}.`,
  );
}
