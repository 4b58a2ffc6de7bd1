/**
 * Loaded into the server before its own code (`node --require`) when the benchmark profiles: starts and
 * stops the profiler when told to, so that a profile holds what was measured and no start or warm-up.
 */
import { writeFile } from 'node:fs/promises';
import { CpuProfiler } from './cpu-profile';
import type { ProfilerCommand } from './server-process';

const profiler = new CpuProfiler();

async function obey(command: ProfilerCommand): Promise<void> {
  if (command.do === 'start') await profiler.start();
  else await writeFile(command.file, JSON.stringify(await profiler.stop()));
}

process.on('message', (command: ProfilerCommand) => {
  void obey(command).then(() => process.send?.({}));
});
// The server ends when it has nothing left to do; our channel to it is nothing to do.
process.channel?.unref();
