/** The `annals` command run as a script runs it: arguments and stdin in; output and exit code out. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { annalsCommand, listeningAddress } from './annals-process';
import { awaitValue } from './await-fact';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningCommand {
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly stdin: Writable;
  readonly done: Promise<Ran>;
  signal(name: NodeJS.Signals): void;
}

/** Milliseconds for a server with a MongoDB of its own to listen. */
const START_WITHIN_MS = 40_000;

/** The environment without what would lead a command elsewhere, or have it speak as npx runs it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { ANNALS_URL: _url, ANNALS_MONGODB_URL: _mongodb, npm_command: _npm, ...env } = process.env;
  return env;
}

/** Starts the command and lets it run. */
export function launch(args: readonly string[], { env = {} }: Omit<RunOptions, 'stdin'> = {}): RunningCommand {
  return observed(
    spawn(process.execPath, [annalsCommand(), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...env },
    }),
  );
}

/** Runs the command to its end. */
export async function annals(args: readonly string[], { stdin = '', ...options }: RunOptions = {}): Promise<Ran> {
  const command = launch(args, options);
  command.stdin.end(stdin);
  return command.done;
}

/** Runs a shell line in which `annals` is the command. */
export async function shell(line: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const script = `annals() { '${process.execPath}' '${annalsCommand()}' "$@"; }\n${line}`;
  const child = spawn('bash', ['-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), ...env },
  });
  child.stdin.end();
  return observed(child).done;
}

export interface CliServer {
  readonly address: string;
  readonly process: RunningCommand;
}

/** `annals start` on a folder, with a MongoDB of its own; resolves when it listens. */
export async function startOnFolder(folder: string, args: readonly string[] = []): Promise<CliServer> {
  const command = launch(['start', '--data', folder, '--listen', '127.0.0.1:0', '--json', ...args]);
  let ended: Ran | undefined;
  void command.done.then((ran) => (ended = ran));
  const output = () => command.stdout() + command.stderr();
  const address = await awaitValue(
    'the server listens',
    () => {
      if (ended !== undefined) throw new Error(`the server stopped with ${ended.code}:\n${output()}`);
      return command
        .stdout()
        .split('\n')
        .map(listeningAddress)
        .find((found) => found !== undefined);
    },
    { withinMs: START_WITHIN_MS, instead: output },
  );
  return { address, process: command };
}

function observed(child: ChildProcessByStdio<Writable, Readable, Readable>): RunningCommand {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // It may have ended before it read everything.
  child.stdin.on('error', () => undefined);
  const done = new Promise<Ran>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    stdin: child.stdin,
    done,
    signal: (name) => void child.kill(name),
  };
}

/** The lines of NDJSON output, parsed. */
export const ndjson = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
