/** A program of the demo in a process of its own, which says in its first line that it is ready. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  /** What it said when it was ready. */
  readonly said: string;
  /** `kill -9`, or a plain one. Resolves when it is gone. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

/** @param program a compiled file beside this one, without its ending. */
export async function startChild(program: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [join(__dirname, `${program}.js`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for the demo, which ends them when it has let go of them.
    detached: true,
  });
  const exited = once(child, 'exit');
  const goesWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', goesWithUs);
  const said = await firstLine(child, program, exited);
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await exited;
    process.off('exit', goesWithUs);
  };
  return { said, end };
}

async function firstLine(child: ChildProcess, program: string, exited: Promise<readonly unknown[]>): Promise<string> {
  if (child.stdout === null) throw new Error(`${program} has no output`);
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const ended = exited.then((codes) => {
    throw new Error(`${program} ended with ${String(codes[0])} before it was ready`);
  });
  return (await Promise.race([line, ended]))[0];
}
