/** The benchmark: Annals beside the raw driver, in one run. `npm run bench -- --help`. */
import { writeFile } from 'node:fs/promises';
import { goals } from './goals';
import { machine } from './machine';
import type { Measure } from './measure';
import { parseOptions, type Options } from './options';
import { profileLines, Profiles } from './profile';
import { goalLines, headLines, resultLines } from './report';
import type { Result } from './result';
import { FULL, QUICK, type Sizes } from './sizes';
import { startSurroundings, type Surroundings } from './surroundings';

/** Progress goes where it does not mix with figures that are kept. */
const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

async function main(): Promise<void> {
  const options = parseOptions(process.argv);
  const { mongodbUrl } = options;
  const surroundings = await startSurroundings({ mongodbUrl, tell });
  process.once('SIGINT', () => void surroundings.stop().finally(() => process.exit(INTERRUPTED)));
  try {
    await benchmark(options, surroundings);
  } finally {
    await surroundings.stop();
  }
}

async function benchmark(options: Options, surroundings: Surroundings): Promise<void> {
  const base = options.quick ? QUICK : FULL;
  const sizes = { ...base, rounds: options.rounds ?? base.rounds };
  const facts = machine(await surroundings.floor.version());
  print(headLines(facts, sizes));
  const { profileFolder, jsonFile } = options;
  const profiles = profileFolder === undefined ? undefined : await Profiles.into(profileFolder, surroundings.server);
  const results: Result[] = [];
  for (const measure of options.measures) results.push(await run(measure, sizes, surroundings, profiles));
  const judged = goals(results);
  print([...resultLines(results), ...goalLines(judged), ...profileLines(profiles?.done ?? [])]);
  if (jsonFile !== undefined) {
    const whole = { machine: facts, quick: options.quick, sizes, results, goals: judged, profiles: profiles?.done };
    await writeFile(jsonFile, `${JSON.stringify(whole, undefined, 2)}\n`);
    tell(`figures in ${jsonFile}`);
  }
  if (profileFolder !== undefined) tell(`profiles in ${profileFolder}`);
}

async function run(
  measure: Measure,
  sizes: Sizes,
  surroundings: Surroundings,
  profiles: Profiles | undefined,
): Promise<Result> {
  tell(`${measure.name}: ${measure.title}`);
  const onRound = (round: number): void => tell(`  round ${round + 1} of ${sizes.rounds}`);
  if (profiles === undefined) {
    return measure.run({ ...surroundings, sizes, onRound, around: async (turn) => turn() });
  }
  return profiles.of(measure.name, (around) => measure.run({ ...surroundings, sizes, onRound, around }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
