/** `annals jobs`: long work that a server does. One file for its verbs: each is a few lines. */
import type { Command } from 'commander';
import type { Annals, JobInfo } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import { Exit } from '../exit-codes';
import type { Invocation } from '../invocation';
import { progress } from '../progress';
import { COMMAND, ProgressLine } from '../terminal';
import { endWords, isRunning, jobFacts, jobJson, jobTable } from './job-lines';

const EXAMPLES = `
Examples:
  annals jobs                             what runs, how far it is, and how it ended
  annals jobs watch JOB                   until it has ended; the exit code says how
  annals jobs show JOB                    with what stands against it
  annals jobs cancel JOB

Registering a constraint and writing generations are jobs. They survive their server: another one takes them over
where they were. Those that ended more than a week ago are gone.`;

const LIST_EXAMPLES = `
Examples:
  annals jobs
  annals jobs list --json | jq -c 'select(.state == "failed")'`;

const SHOW_EXAMPLES = `
Examples:
  annals jobs show JOB
  annals jobs show JOB --json | jq .findings`;

const WATCH_EXAMPLES = `
Examples:
  annals jobs watch JOB && echo done
  annals jobs watch JOB --json            a line for each change

It ends with the job: exit code 0 when it succeeded, 1 when not. Ctrl-C ends the watching alone.`;

const CANCEL_EXAMPLES = `
Examples:
  annals jobs cancel JOB

It ends where it stands. What it has written stays and does no harm; start it again to go on.`;

export function addJobs(program: Command, invocation: Invocation): void {
  const jobs = program
    .command('jobs')
    .description('look after long work: checks of constraints, writing of generations')
    .addHelpText('after', EXAMPLES);
  const verb = (name: string, description: string, examples: string): Command =>
    addStoreOptions(jobs.command(name).description(description))
      .argument('<job>', "the job's id")
      .addHelpText('after', examples);

  addStoreOptions(jobs.command('list', { isDefault: true }).description('list the jobs, the newest first'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((options: StoreOptions) => list(options, invocation));
  verb('show', 'show one job, with what stands against it', SHOW_EXAMPLES).action((id: string, options: StoreOptions) =>
    withAnnals(options, async (annals) => tell(await annals.jobs.get(id), options, invocation)),
  );
  verb('watch', 'follow a job until it has ended', WATCH_EXAMPLES).action((id: string, options: StoreOptions) =>
    withAnnals(options, (annals) => watch(annals, id, options, invocation)),
  );
  verb('cancel', 'end a job where it stands', CANCEL_EXAMPLES).action((id: string, options: StoreOptions) =>
    withAnnals(options, async (annals) => tell(await annals.jobs.cancel(id), options, invocation)),
  );
}

async function list(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const jobs = await withAnnals(options, (annals) => annals.jobs.list());
  const lines = options.json === true ? jobs.map(jobJson) : jobTable(jobs, colors);
  for (const line of lines) await output.line(line);
  if (jobs.length === 0 && options.json !== true) invocation.note(errorColors.dim('There is none.'));
}

async function tell(job: JobInfo, options: StoreOptions, { output, colors }: Invocation): Promise<void> {
  const lines = options.json === true ? [jobJson(job)] : jobFacts(job, colors);
  for (const line of lines) await output.line(line);
}

async function watch(annals: Annals, id: string, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors, errorColors, signal } = invocation;
  const line = new ProgressLine();
  let last: JobInfo | undefined;
  try {
    for await (const job of annals.jobs.watch(id, { signal })) {
      last = job;
      if (options.json === true) await output.line(jobJson(job));
      line.show(() => `${job.kind} ${job.subject}  ${progress(job)}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    line.clear();
  }
  if (last === undefined || isRunning(last)) return;
  if (last.state !== 'succeeded') invocation.exitCode = Exit.FAILED;
  if (options.json === true) return;
  await output.line(last.state === 'succeeded' ? endWords(last) : colors.red(endWords(last)));
  if (last.findings.length > 0) invocation.note(errorColors.dim(`Next: ${COMMAND} jobs show ${id}`));
}
