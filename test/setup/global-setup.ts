/**
 * Before any suite: one `mongod` binary is found, or fetched with its progress shown, so that two workers never race to
 * download the same one and no test's time is spent on it. Workers inherit the variable and look no further.
 */
import { findMongod } from '../../src/storage/embedded/find-mongod';
import type { Progress } from '../../src/storage/embedded/progress';

const MIB = 1024 * 1024;

/** MiB between two lines of progress: four or five lines for the smallest archive, and a log stays readable. */
const LINE_EVERY_MIB = 10;

export default async function globalSetup(): Promise<void> {
  const { path } = await findMongod({ env: process.env, onProgress: progressLines() });
  process.env['ANNALS_MONGOD'] = path;
}

function progressLines(): (progress: Progress) => void {
  let told = 0;
  return (progress) => {
    if (progress.kind === 'step') {
      told = 0;
      process.stderr.write(`${progress.text}\n`);
      return;
    }
    const done = Math.floor(progress.done / MIB);
    if (done < told + LINE_EVERY_MIB) return;
    told = done;
    const total = progress.total === undefined ? '' : ` of ${Math.ceil(progress.total / MIB)}`;
    process.stderr.write(`${progress.what}: ${done}${total} MiB\n`);
  };
}
