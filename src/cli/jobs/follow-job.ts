/** Waiting for long work, with how far it is on the terminal, or a line of JSON for each change. */
import type { JobInfo, RunningJob } from '../../client';
import { JobFailedError } from '../../client';
import type { Invocation } from '../invocation';
import { progress } from '../progress';
import { COMMAND, ProgressLine } from '../terminal';
import { jobJson } from './job-lines';

/**
 * Resolves to how it ended, whether well or not; to undefined when Ctrl-C ended the waiting: the job goes on.
 * @param told whether each change is a line of JSON on stdout
 */
export async function followJob(job: RunningJob, told: boolean, invocation: Invocation): Promise<JobInfo | undefined> {
  const { output, signal } = invocation;
  const line = new ProgressLine();
  let lines = Promise.resolve();
  const onProgress = (info: JobInfo): void => {
    if (told) lines = lines.then(() => output.line(jobJson(info)));
    line.show(
      () => `${info.kind} ${info.subject}  ${info.state === 'waiting' ? 'waits for a server' : progress(info)}`,
    );
  };
  try {
    return await job.done({ onProgress, signal });
  } catch (error) {
    if (error instanceof JobFailedError) return error.job;
    if (!signal.aborted) throw error;
    line.clear();
    if (!told) invocation.note(`It goes on. Next: ${COMMAND} jobs watch ${job.id}`);
    return undefined;
  } finally {
    line.clear();
    await lines;
  }
}
