/**
 * Runs a program to its end and keeps what it said. A program that is missing is an answer here and no
 * exception, since most of the search for a `mongod` is asking for programs that may not be there.
 */

import { spawn } from 'node:child_process';

export interface ToolOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds after which the program is killed; without it, it may take its time. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onStdout?: (text: string) => void;
}

export type ToolResult =
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'killed'; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'missing'; readonly reason: string };

export async function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    // By hand, since the `signal` option of spawn reports its abort as an error of its own.
    const abort = () => child.kill();
    options.signal?.addEventListener('abort', abort, { once: true });

    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      options.onStdout?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (error) => resolve({ kind: 'missing', reason: error.message }));
    child.once('close', (code) => {
      options.signal?.removeEventListener('abort', abort);
      resolve(code === null ? { kind: 'killed', stdout, stderr } : { kind: 'ended', code, stdout, stderr });
    });
  });
}

/** The last line that says something: tools put the reason there. */
export const lastLine = (text: string): string =>
  text
    .trim()
    .split(/[\r\n]+/)
    .at(-1)
    ?.trim() ?? '';
