/**
 * The server under measurement: `annals start` in a process of its own, as a person runs it, with the
 * instruments of `inside-server.ts` in it, which sleep until they are told to look.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LongestBlock } from './loop-watch';

/** The command and the instruments as they were compiled beside this file. */
const COMMAND = join(__dirname, '..', 'src', 'cli', 'main.js');
const INSTRUMENTS = join(__dirname, 'inside-server.js');

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
  /** Does the work; the longest time meanwhile for which the server's event loop was held up. */
  longestBlock(work: () => Promise<unknown>): Promise<LongestBlock>;
  stop(): Promise<void>;
}

/** What the instruments in the server are told. They answer each once it is done. */
export type Command =
  | { readonly do: 'start-profile' }
  | { readonly do: 'stop-profile'; readonly file: string }
  | { readonly do: 'watch-loop' }
  | { readonly do: 'unwatch-loop' };

/** An answer; the longest block only to `unwatch-loop`. */
export interface Answer {
  readonly longestBlock?: LongestBlock | undefined;
}

export async function startServerProcess(mongodbUrl: string): Promise<ServerProcess> {
  const args = ['start', '--mongodb', mongodbUrl, '--listen', '127.0.0.1:0', '--json'];
  const child = spawn(process.execPath, ['--require', INSTRUMENTS, COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const address = await listening(child, exited);
  const tell = async (command: Command): Promise<Answer> => {
    // Our own instruments send nothing else.
    const done = new Promise<Answer>((resolve) => child.once('message', (answer) => resolve(answer as Answer)));
    child.send(command);
    return done;
  };
  return {
    // It has told where it listens, so it was spawned.
    pid: child.pid as number,
    address,
    startProfile: async () => {
      await tell({ do: 'start-profile' });
    },
    stopProfile: async (file) => {
      await tell({ do: 'stop-profile', file });
    },
    longestBlock: async (work) => {
      await tell({ do: 'watch-loop' });
      await work();
      const { longestBlock = { ownMs: Number.NaN, wallMs: Number.NaN } } = await tell({ do: 'unwatch-loop' });
      return longestBlock;
    },
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
