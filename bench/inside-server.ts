/**
 * Loaded into the server before its own code (`node --require`): instruments that look when they are
 * told to, so that what they see holds what is measured and no start or warm-up. Until then they cost nothing.
 */
import { writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CpuProfiler } from './cpu-profile';
import type { Answer, Command } from './server-process';

const profiler = new CpuProfiler();

/** Milliseconds between two looks at the loop: what it sees is as much too long at most. */
const LOOK_EVERY_MS = 1;
const loop = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });

const NANOSECONDS_PER_MS = 1e6;

async function obey(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'start-profile':
      await profiler.start();
      return {};
    case 'stop-profile':
      await writeFile(command.file, JSON.stringify(await profiler.stop()));
      return {};
    case 'watch-loop':
      loop.reset();
      loop.enable();
      return {};
    case 'unwatch-loop':
      loop.disable();
      return { longestBlockMs: loop.max / NANOSECONDS_PER_MS };
  }
}

process.on('message', (command: Command) => {
  void obey(command).then((answer) => process.send?.(answer));
});
// The server ends when it has nothing left to do; our channel to it is nothing to do.
process.channel?.unref();
