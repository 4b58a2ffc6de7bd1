/** `annals links prove`: what became of every source number, as both logs say. */
import type { Command } from 'commander';
import type { ProofRange } from '../../client';
import { addStoreOptions, wholeNumber, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { progress } from '../progress';
import { ProgressLine } from '../terminal';
import { proofLines, rangeLine } from './link-lines';

interface ProveOptions extends StoreOptions {
  readonly from?: number;
  readonly to?: number;
  readonly ranges?: boolean;
}

const EXAMPLES = `
Examples:
  annals links prove shop
  annals links prove shop --from 100000 --to 200000 --ranges
  annals links prove shop --json | tail -1 | jq .proven

Both logs are read; the checkpoint is not believed. Shown are the ranges that are not in the inbox and were not filtered
out, with --ranges all of them. The exit code is 1 when an event is missing, conflicting or out of order.`;

export function addProve(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('prove').description('look into both logs and say what became of every event'))
    .argument('<id>', "the link's id")
    .option('--from <number>', 'the first source number (default: where the link began)', wholeNumber)
    .option('--to <number>', 'the last source number, inclusive (default: as far as the link has come)', wholeNumber)
    .option('--ranges', 'show every range, also those that are in the inbox')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: ProveOptions) => proveLink(id, options, invocation));
}

async function proveLink(id: string, options: ProveOptions, invocation: Invocation): Promise<void> {
  const { output, colors, signal } = invocation;
  const { from, to, json = false } = options;
  const line = new ProgressLine();
  const shown: ProofRange[] = [];
  const isShown = ({ outcome }: ProofRange): boolean =>
    options.ranges === true || (outcome !== 'in-inbox' && outcome !== 'filtered');
  try {
    const proof = await withAnnals(options, (annals) =>
      annals.links.prove(id, {
        from,
        to,
        signal,
        onProgress: (done, total) => {
          line.show(() => progress({ done, total, timeLeftMs: undefined }));
        },
        onRanges: (ranges) => shown.push(...ranges.filter(isShown)),
      }),
    );
    line.clear();
    for (const range of shown) await output.line(json ? JSON.stringify(range) : rangeLine(range, colors));
    const lines = json ? [JSON.stringify({ link: id, ...proof, to: proof.to ?? null })] : proofLines(proof, colors);
    for (const said of lines) await output.line(said);
    if (!proof.proven) invocation.exitCode = Exit.FAILED;
  } finally {
    line.clear();
  }
}
