/**
 * Loaded into the server before its own code (`node --require`): instruments that look when they are
 * told to, so that what they see holds what is measured and no start or warm-up. Until then they cost nothing.
 */
import { writeFile } from 'node:fs/promises';
import { CpuProfiler } from './cpu-profile';
import { LoopWatch } from './loop-watch';
import type { Answer, Command } from './server-process';

const profiler = new CpuProfiler();
const loop = new LoopWatch();

async function obey(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'start-profile':
      await profiler.start();
      return {};
    case 'stop-profile':
      await writeFile(command.file, JSON.stringify(await profiler.stop()));
      return {};
    case 'watch-loop':
      loop.start();
      return {};
    case 'unwatch-loop':
      return { longestBlock: loop.stop() };
  }
}

process.on('message', (command: Command) => {
  void obey(command).then((answer) => process.send?.(answer));
});
// The server ends when it has nothing left to do; our channel to it is nothing to do.
process.channel?.unref();
