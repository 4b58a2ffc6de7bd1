/**
 * What one run of the command has at hand: where its lines go, and a signal that says that it
 * shall end, because somebody pressed Ctrl-C or because nobody reads its output any more.
 */
import { Exit } from './exit-codes';
import { Output } from './output';
import { colorsFor, columnsOf, type Colors } from './terminal';

export class Invocation {
  private readonly ending = new AbortController();
  /** Why it ends early, when it does. */
  endedBy: 'interrupt' | 'pipe' | undefined;
  /** What a verb that throws nothing exits with. */
  exitCode: Exit = Exit.OK;

  readonly output: Output;
  readonly colors: Colors = colorsFor(process.stdout);
  readonly errorColors: Colors = colorsFor(process.stderr);
  readonly columns: number = columnsOf(process.stdout);

  constructor() {
    this.output = new Output(process.stdout, () => this.endBy('pipe'));
  }

  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** Ctrl-C or a plain `kill` ends the work in order; once more ends it at once. */
  listenForSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (this.endedBy !== undefined) process.exit(Exit.INTERRUPTED);
        this.endBy('interrupt');
      });
    }
  }

  /** A line for the person, beside the output. */
  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  private endBy(reason: 'interrupt' | 'pipe'): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = reason;
    this.ending.abort();
  }
}
