/**
 * Ctrl-C, a plain `kill`, or a terminal that was closed: the demo puts away what it made and ends with
 * the exit code that shells have for it. Once more ends it at once; its server goes with it.
 */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export interface Interruption {
  /** Aborted when somebody wants the demo to end. */
  readonly signal: AbortSignal;
  /** The exit code for it; undefined while nobody does. */
  readonly exitCode: () => number | undefined;
  /** Resolves once somebody does. */
  readonly wanted: Promise<void>;
}

export function listenForInterruption(): Interruption {
  const ending = new AbortController();
  let exitCode: number | undefined;
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (exitCode !== undefined) process.exit(code);
      exitCode = code;
      ending.abort();
    });
  }
  return {
    signal: ending.signal,
    exitCode: () => exitCode,
    wanted: new Promise((resolve) => ending.signal.addEventListener('abort', () => resolve())),
  };
}
