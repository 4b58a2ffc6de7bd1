/** A command on a terminal, as a person has it: util-linux's `script` gives it one. Where there is none, ask first. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export const hasTerminals = process.platform === 'linux' && existsSync('/usr/bin/script');

export interface OnTerminal {
  /** Everything that the terminal has shown so far. */
  readonly shown: () => string;
  type(text: string): void;
  /** Resolves to the command's exit code. */
  readonly done: Promise<number | null>;
}

/** Ctrl-C as a keyboard sends it. */
export const CTRL_C = '\u0003';

export function onTerminal(command: readonly string[], env: Readonly<Record<string, string>> = {}): OnTerminal {
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('/usr/bin/script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  child.stdin.on('error', () => undefined);
  return {
    shown: () => shown,
    type: (text) => void child.stdin.write(text),
    done: new Promise((resolve) => child.once('close', resolve)),
  };
}
