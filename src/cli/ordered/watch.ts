/** `annals ordered watch`: ordered sequences as they change, until it is ended. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals } from '../connection-options';
import type { Invocation } from '../invocation';
import { addSelection, selectionOf, type SelectionOptions } from './list';
import { sequenceJson, sequenceLines, sequenceTable } from './sequence-lines';

interface WatchOptions extends SelectionOptions {
  readonly untilSettled?: boolean;
}

const EXAMPLES = `
Examples:
  annals ordered watch
  annals ordered watch seq_invoice_17                    one, with its steps
  annals ordered watch seq_invoice_17 --until-settled    ends when nothing more happens to it
  annals ordered watch --name order --json | jq -c '{id: .document.sequenceId, status: .document.status}'

Ctrl-C ends it.`;

export function addWatch(ordered: Command, invocation: Invocation): void {
  addSelection(addStoreOptions(ordered.command('watch').description('show them and stay, with every change')))
    .argument('[id]', 'one alone; it need not be there yet')
    .option('--until-settled', 'with an id: end once nothing more happens to it')
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: WatchOptions) => watch(id, options, invocation));
}

async function watch(sequenceId: string | undefined, options: WatchOptions, invocation: Invocation): Promise<void> {
  const { output, colors, signal } = invocation;
  let headed = false;
  await withAnnals(options, async (annals) => {
    try {
      const selection = { ...selectionOf(options), sequenceId, signal };
      for await (const news of annals.orderedSequences.watch(selection)) {
        const lines =
          options.json === true
            ? news.map(sequenceJson)
            : sequenceId === undefined
              ? sequenceTable(news, colors).slice(headed ? 1 : 0)
              : news.flatMap((one) => sequenceLines(one, colors));
        headed ||= news.length > 0;
        if (news.length > 0) for (const line of lines) await output.line(line);
        const [one] = news;
        if (sequenceId !== undefined && options.untilSettled === true && one?.phase === 'settled') return;
      }
    } catch (error) {
      // Ended by Ctrl-C or by a reader that left: that is how watching ends.
      if (!signal.aborted) throw error;
    }
  });
  if (invocation.endedBy === 'interrupt') invocation.endedBy = undefined;
}
