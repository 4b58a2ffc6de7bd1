/** The command line of the benchmark. */
import { Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import { MEASURES } from './measures';
import type { Measure } from './measure';

export interface Options {
  readonly quick: boolean;
  readonly measures: readonly Measure[];
  /** Rounds, when it is not for the sizes to say. */
  readonly rounds: number | undefined;
  readonly jsonFile: string | undefined;
  readonly profileFolder: string | undefined;
  readonly mongodbUrl: string | undefined;
}

const widest = Math.max(...MEASURES.map(({ name }) => name.length));

const HELP = `
Measures:
${MEASURES.map(({ name, title }) => `  ${name.padEnd(widest)}  ${title}`).join('\n')}

Examples:
  npm run bench                                            everything, in a quarter of an hour
  npm run bench -- --quick                                 everything, within some minutes
  npm run bench -- --only serial,latency --rounds 9
  npm run bench -- --only in-flight-64 --profile profiles  with what the time went into
  npm run bench -- --json figures.json

What is measured and how to read it: docs/benchmark.md`;

function measuresNamed(list: string): readonly Measure[] {
  return list.split(',').map((name) => {
    const found = MEASURES.find((measure) => measure.name === name.trim());
    if (found === undefined) throw new InvalidArgumentError(`There is no measure ${JSON.stringify(name)}; see --help.`);
    return found;
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number of at least 1.');
  return value;
}

/** Ends the process with a word about it when the command line is not understood. */
export function parseOptions(argv: readonly string[]): Options {
  const program = new Command('npm run bench --')
    .description('Measures Annals beside the raw MongoDB driver doing the same.')
    .option('--quick', 'smaller rounds, and fewer: within some minutes')
    .option('--only <names>', 'these measures, separated by commas', measuresNamed)
    .option('--rounds <n>', 'rounds in which floor and Annals take turns', positive)
    .option('--json <file>', 'writes all figures, and the machine they are from')
    .option(
      '--profile <folder>',
      'profiles server and client, leaves .cpuprofile files there, prints the top functions',
    )
    .option('--mongodb <url>', 'a replica set of yours, instead of one on a temporary folder (or ANNALS_MONGODB_URL)')
    .helpOption('--help', 'show this')
    .addHelpText('after', HELP)
    .parse([...argv]);
  const given = program.opts<{
    quick?: boolean;
    only?: readonly Measure[];
    rounds?: number;
    json?: string;
    profile?: string;
    mongodb?: string;
  }>();
  return {
    quick: given.quick === true,
    measures: given.only ?? MEASURES,
    rounds: given.rounds,
    jsonFile: given.json === undefined ? undefined : resolve(given.json),
    profileFolder: given.profile === undefined ? undefined : resolve(given.profile),
    // An empty variable is how shells say that there is none.
    mongodbUrl: given.mongodb ?? (process.env['ANNALS_MONGODB_URL'] || undefined),
  };
}
