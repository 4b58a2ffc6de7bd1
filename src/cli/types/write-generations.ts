/** `annals types write-generations`: stored events get the generations that they lack. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { followJob } from '../jobs/follow-job';
import { endWords, findingWords, jobJson } from '../jobs/job-lines';
import { COMMAND } from '../terminal';

interface WriteOptions extends StoreOptions {
  readonly wait: boolean;
}

const EXAMPLES = `
Examples:
  annals types write-generations                          every type; stays until it is done
  annals types write-generations order.placed --no-wait   \`annals jobs\` shows how far it is

Events that were recorded before a generation existed are cast when they are read. This writes what would be cast, so
that reading costs no more than it did. Nothing needs to stop for it, and it can be run again at any time.`;

export function addWriteGenerations(types: Command, invocation: Invocation): void {
  addStoreOptions(types.command('write-generations').description('write the generations that stored events lack'))
    .argument('[type]', 'one type alone')
    .option('--no-wait', 'do not stay until it is done')
    .addHelpText('after', EXAMPLES)
    .action((type: string | undefined, options: WriteOptions) => write(type, options, invocation));
}

async function write(type: string | undefined, options: WriteOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const json = options.json === true;
  await withAnnals(options, async (annals) => {
    const job = await annals.eventTypes.writeGenerations({ type });
    if (!options.wait) {
      await output.line(json ? jobJson(job.info) : `Begun. Next: ${COMMAND} jobs watch ${job.id}`);
      return;
    }
    const ended = await followJob(job, json, invocation);
    if (ended === undefined) return;
    if (ended.state !== 'succeeded') invocation.exitCode = Exit.FAILED;
    if (json) return;
    await output.line(ended.state === 'succeeded' ? endWords(ended) : colors.red(endWords(ended)));
    for (const finding of ended.findings) await output.line(`  ${findingWords(finding)}`);
  });
}
