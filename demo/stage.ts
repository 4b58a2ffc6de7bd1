/** What every demo has around its story: its options, a folder that goes with it, Ctrl-C, and how it ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { colorsFor, columnsOf } from '../src/cli/terminal';
import type { Check } from './checks';
import { listenForInterruption } from './interruption';

interface DemoOptions {
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly once?: boolean;
}

export class Stage {
  readonly colors = colorsFor(process.stdout);
  readonly columns = columnsOf(process.stdout);
  readonly interruption = listenForInterruption();
  /** The folder with the data is left. */
  readonly kept: boolean;
  /** Somebody looks on who can press Ctrl-C. */
  readonly stays: boolean;
  readonly #json: boolean;

  /** @param name as npm runs it. @param stay what happens on a terminal, such as `the server stays`. */
  constructor(
    private readonly name: string,
    description: string,
    stay: string,
  ) {
    const { keep, json, once } = new Command(name)
      .description(description)
      .option('--keep', 'leave the folder with the data')
      .option('--once', `end after the story, also on a terminal, where ${stay} until Ctrl-C otherwise`)
      .option('--json', 'write a summary as JSON instead of the story, and end')
      .parse()
      .opts<DemoOptions>();
    this.kept = keep === true;
    this.#json = json === true;
    this.stays = process.stdout.isTTY === true && !this.#json && once !== true;
  }

  /** Lines for a person. */
  readonly say = (...lines: readonly string[]): void => {
    if (!this.#json) process.stdout.write(`${lines.join('\n')}\n`);
  };

  /** The summary for a program that asked for it, and what is not so. */
  conclude(checks: readonly Check[], summary: () => object): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(summary())}\n`);
    const failed = checks.filter(({ ok }) => !ok);
    for (const { name, seen } of failed) process.stderr.write(`${this.name}: not so: ${name}: ${seen}\n`);
    if (failed.length > 0) process.exitCode = 1;
  }

  /** Runs the demo on a folder of its own. */
  run(demo: (folder: string) => Promise<void>): void {
    this.#run(demo).catch((error: unknown) => {
      process.stderr.write(`${this.name}: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    });
  }

  async #run(demo: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), `annals-${this.name.replace(':', '-')}-`));
    try {
      await demo(folder);
    } catch (error) {
      // What was interrupted does not end well, and nobody wants to know.
      if (!this.interruption.signal.aborted) throw error;
    } finally {
      if (!this.kept) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      process.exitCode = this.interruption.exitCode() ?? process.exitCode;
    }
  }
}
