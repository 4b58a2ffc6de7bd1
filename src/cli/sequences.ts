/** `annals sequences`: the event sequences of a namespace and how far each has come. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from './connection-options';
import type { Invocation } from './invocation';
import { table } from './table';
import { count } from './terminal';

const EXAMPLES = `
Examples:
  annals sequences
  annals sequences --store orders --namespace acme --json`;

export function addSequences(program: Command, invocation: Invocation): void {
  const command = program
    .command('sequences')
    .description('list the event sequences and how far each has come')
    .addHelpText('after', EXAMPLES)
    .action((options: StoreOptions) => sequences(options, invocation));
  addStoreOptions(command);
}

async function sequences(options: StoreOptions, { output, colors }: Invocation): Promise<void> {
  await withAnnals(options, async (annals) => {
    const all = await annals.listSequences();
    // Numbers have no gap, so the tail says how many events there are.
    const events = (tail: number | undefined): number => (tail === undefined ? 0 : tail + 1);
    const lines =
      options.json === true
        ? all.map(({ name, tail }) => JSON.stringify({ name, tail: tail ?? null, events: events(tail) }))
        : table(
            ['SEQUENCE', 'EVENTS', 'TAIL'],
            all.map(({ name, tail }) => [name, count(events(tail)), tail === undefined ? '-' : String(tail)]),
            colors,
          );
    for (const line of lines) await output.line(line);
  });
}
