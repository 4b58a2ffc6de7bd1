/** The server of the demo: the real `annals start` in a process of its own, on a folder of its own. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPLICA_SET } from '../src/storage/embedded/mongod-start';

/** The command as it was compiled beside this file. */
const COMMAND = join(__dirname, '..', 'src', 'cli', 'main.js');

/** Log lines kept to be shown when the server does not start. */
const LINES_KEPT = 20;

export interface DemoServer {
  readonly address: string;
  /** Asks it to drain and stop; resolves to its exit code. */
  readonly stop: () => Promise<number>;
  /** `kill -9` of the server and of its MongoDB. */
  readonly kill: () => Promise<void>;
  /** Resolves when it ends, to its exit code. */
  readonly exited: Promise<number>;
}

/** Any free port of this machine. */
const ANYWHERE = '127.0.0.1:0';

/**
 * Starts it; `onLine` gets what it says on its way, such as the progress of a download. When the signal
 * is aborted before it listens, it is stopped in order, and this rejects.
 */
export async function startDemoServer(
  dataFolder: string,
  onLine: (text: string) => void,
  signal: AbortSignal,
  listen = ANYWHERE,
): Promise<DemoServer> {
  signal.throwIfAborted();
  // A MongoDB that the environment names is somebody's own: the demo leaves it alone.
  const { ANNALS_MONGODB_URL: _, ...env } = process.env;
  const options = ['--data', dataFolder, '--listen', listen, '--log-level', 'info', '--json'];
  const child = spawn(process.execPath, [COMMAND, 'start', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    // Ctrl-C is for the demo, which stops the server when it has let go of it.
    detached: true,
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const exited = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const stop = async (): Promise<number> => {
    child.kill('SIGTERM');
    const code = await exited;
    process.off('exit', end);
    return code;
  };
  const kill = async (): Promise<void> => {
    const mongod = await mongodPid(dataFolder);
    child.kill('SIGKILL');
    process.kill(mongod, 'SIGKILL');
    await exited;
    process.off('exit', end);
  };
  const stopEarly = (): void => void stop();
  signal.addEventListener('abort', stopEarly);
  const lines: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    const read = (line: string): void => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
      const { msg, address: listening } = logLine(line);
      if (msg === 'listening' && listening !== undefined) resolve(listening);
      else if (msg !== undefined) onLine(msg);
    };
    createInterface(child.stdout).on('line', read);
    createInterface(child.stderr).on('line', read);
    void exited.then((code) => reject(new Error(whyItEnded(code, lines))));
  });
  signal.removeEventListener('abort', stopEarly);
  return { address, stop, kill, exited };
}

/** Where the server's own MongoDB is: the data folder remembers its port. */
export async function mongodbOf(dataFolder: string): Promise<string> {
  // Our own file, as storage.md has it.
  const { port } = JSON.parse(await readFile(join(dataFolder, 'mongod.json'), 'utf8')) as { port: number };
  return `mongodb://127.0.0.1:${port}/?replicaSet=${REPLICA_SET}`;
}

/** As `mongod` itself keeps it while it runs. */
const mongodPid = async (dataFolder: string): Promise<number> =>
  Number.parseInt(await readFile(join(dataFolder, 'mongodb', 'mongod.lock'), 'utf8'), 10);

/** The server's own words when it said why, and otherwise its last lines. */
function whyItEnded(code: number, lines: readonly string[]): string {
  const { error } = logLine(lines.at(-1) ?? '');
  if (error !== undefined) return `the server did not start: ${error.message}\n  → ${error.remedy}`;
  return `the server ended with ${code}:\n${lines.join('\n')}`;
}

interface LogLine {
  readonly msg?: string;
  readonly address?: string;
  readonly error?: { readonly message: string; readonly remedy: string };
}

function logLine(line: string): LogLine {
  try {
    // A line of our own server's log; what is missing is undefined.
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}
