/** `annals ordered rebuild`: the projections anew from the log. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { count, ProgressLine } from '../terminal';

const EXAMPLES = `
Examples:
  annals ordered rebuild

The collections of ordered sequences are dropped and made anew from the event sequence ordered-sequences. Nothing
happens to the sequences meanwhile, and nothing is lost.`;

export function addRebuild(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('rebuild').description('make the projections anew from the log'))
    .addHelpText('after', EXAMPLES)
    .action((options: StoreOptions) => rebuild(options, invocation));
}

async function rebuild(options: StoreOptions, { output, signal }: Invocation): Promise<void> {
  const progress = new ProgressLine();
  let read = 0;
  await withAnnals(options, async (annals) => {
    for await (const { done, of } of annals.orderedSequences.rebuild({ signal })) {
      read = done;
      progress.show(() => `${count(done)} of ${count(of)} entries of the log`);
    }
  });
  progress.clear();
  await output.line(
    options.json === true ? JSON.stringify({ read }) : `Made anew from ${count(read)} entries of the log.`,
  );
}
