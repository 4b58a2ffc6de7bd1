/**
 * A real server in a process of its own, started as a person starts it, so that it can be killed as
 * a machine kills it. Everything it says is kept for the message of a test that fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { awaitValue } from './await-fact';

export interface AnnalsProcess {
  readonly pid: number;
  /** Where it listens, `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Resolves when the process is gone. */
  readonly exited: Promise<Exit>;
  readonly hasExited: () => boolean;
  /** The last lines that it wrote, for a person. */
  readonly output: () => string;
  /** Ends it without warning; resolves when it is gone. */
  kill9(): Promise<Exit>;
  /** Asks it to drain and stop; `exited` tells when it has. */
  sigterm(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AnnalsOptions {
  readonly mongodb: string;
  readonly listen?: string;
  /** Further arguments of `annals start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds for a server to listen: the process's start, the connection, and a primary that is still being elected. */
const START_WITHIN_MS = 30_000;
/** Lines kept of what a server said: enough for the last things that it did. */
const LINES_KEPT = 400;

const alive = new Set<number>();
// A test run that dies must not leave servers behind.
process.once('exit', () => {
  for (const pid of alive) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was gone already.
    }
  }
});

/** The compiled command, seen from the sources and from what is compiled. */
export function annalsCommand(): string {
  const candidates = ['../../dist/src/cli/main.js', '../../src/cli/main.js'].map((path) => join(__dirname, path));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error('dist/src/cli/main.js is missing: run `npm run build` first');
  return found;
}

/** Resolves when the server listens; rejects with its output when it stops before. */
export async function startAnnals(options: AnnalsOptions): Promise<AnnalsProcess> {
  const { mongodb, listen = '127.0.0.1:0', args = [], env = {} } = options;
  const child = spawn(
    process.execPath,
    [annalsCommand(), 'start', '--mongodb', mongodb, '--listen', listen, '--json', ...args],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('the server process did not start');
  alive.add(pid);

  const lines: string[] = [];
  let address: string | undefined;
  let exit: Exit | undefined;
  const listenTo = (stream: NodeJS.ReadableStream) => {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        if (lines.length > LINES_KEPT) lines.shift();
        address ??= listeningAddress(line);
      }
    });
  };
  listenTo(child.stdout);
  listenTo(child.stderr);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      alive.delete(pid);
      exit = { code, signal };
      resolve(exit);
    });
  });
  const output = () => lines.join('\n');
  const kill9 = () => {
    if (exit === undefined) child.kill('SIGKILL');
    return exited;
  };

  try {
    const found = await awaitValue(
      'the server listens',
      () => {
        if (exit !== undefined) throw new Error(`the server stopped (${JSON.stringify(exit)}):\n${output()}`);
        return address;
      },
      { withinMs: START_WITHIN_MS, instead: output },
    );
    return {
      pid,
      address: found,
      port: Number(found.slice(found.lastIndexOf(':') + 1)),
      exited,
      hasExited: () => exit !== undefined,
      output,
      kill9,
      sigterm: () => void child.kill('SIGTERM'),
    };
  } catch (error) {
    await kill9();
    throw error;
  }
}

/** The address in the log line that says that the server listens; undefined for any other line. */
export function listeningAddress(line: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null || !('msg' in entry) || !('address' in entry)) return undefined;
  return entry.msg === 'listening' && typeof entry.address === 'string' ? entry.address : undefined;
}
