/**
 * The server under measurement: `annals start` in a process of its own, as a person runs it. Asked to,
 * it is started with the profiler of `profiled-server.ts` in it, which sleeps until it is told to look.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The command and the profiler as they were compiled beside this file. */
const COMMAND = join(__dirname, '..', 'src', 'cli', 'main.js');
const PROFILER = join(__dirname, 'profiled-server.js');

/** Log lines kept to be shown when the server does not start. */
const LINES_KEPT = 20;

export interface ServerProcess {
  readonly pid: number;
  /** `host:port`. */
  readonly address: string;
  /** Begins to profile the server. */
  startProfile(): Promise<void>;
  /** Ends it and leaves what was seen in a file. */
  stopProfile(file: string): Promise<void>;
  stop(): Promise<void>;
}

/** What the profiler in the server is told. It answers each with an empty message once it is done. */
export type ProfilerCommand = { readonly do: 'start' } | { readonly do: 'stop'; readonly file: string };

export async function startServerProcess(mongodbUrl: string, profiled: boolean): Promise<ServerProcess> {
  const args = ['start', '--mongodb', mongodbUrl, '--listen', '127.0.0.1:0', '--json'];
  const child = spawn(process.execPath, [...(profiled ? ['--require', PROFILER] : []), COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...(profiled ? (['ipc'] as const) : [])],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const address = await listening(child, exited);
  const tell = async (command: ProfilerCommand): Promise<void> => {
    const done = new Promise((resolve) => child.once('message', resolve));
    child.send(command);
    await done;
  };
  return {
    // It has told where it listens, so it was spawned.
    pid: child.pid as number,
    address,
    startProfile: () => tell({ do: 'start' }),
    stopProfile: (file) => tell({ do: 'stop', file }),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      process.off('exit', end);
    },
  };
}

/** The address that it says it listens on. Rejects with its last lines when it ends instead. */
async function listening(child: ChildProcess, exited: Promise<number>): Promise<string> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const read = (line: string): void => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      const address = addressIn(line);
      if (address !== undefined) resolve(address);
    };
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface(stream).on('line', read);
    void exited.then((code) => reject(new Error(`the server ended with ${code}:\n${lines.join('\n')}`)));
  });
}

function addressIn(line: string): string | undefined {
  try {
    // A line of our own server's log; what is missing is undefined.
    const { msg, address } = JSON.parse(line) as { msg?: string; address?: string };
    return msg === 'listening' ? address : undefined;
  } catch {
    return undefined;
  }
}
