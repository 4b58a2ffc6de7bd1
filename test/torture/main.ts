/**
 * `npm run torture -- --minutes N [--seed S] [--relay]`: a torture run for as long as wanted, with its verdict as exit
 * code. With `--relay` it is the relay's: two deployments and a link between them.
 */
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { TroubleCounts } from './nemesis';
import { writeRecords } from './recorder';
import { tortureRelay } from './relay-torture';
import { torture, type Progress, type Verdict } from './torture';

/** Objections printed: the first ones tell what broke, the rest is mostly what follows from it. */
const OBJECTIONS_SHOWN = 20;
/** Of what each server said last, when there was a problem. */
const OUTPUT_LINES = 40;
const OUTPUT_COLUMNS = 400;
const SECONDS_A_MINUTE = 60;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      relay: { type: 'boolean', default: false },
    },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: npm run torture -- [--minutes N] [--seed WHOLE-NUMBER] [--relay]');
  }
  if (values.relay) {
    process.exitCode = await relayed(minutes, seed);
    return;
  }
  console.log(`Torture for ${minutes} min with seed ${seed}: two servers, one mongod, and a nemesis.`);
  const verdict = await torture({
    seconds: minutes * SECONDS_A_MINUTE,
    seed,
    onProgress: (progress) => console.log(progressLine(progress)),
  });
  console.log(progressLine(verdict));
  process.exitCode = await report(verdict, seed);
}

async function relayed(minutes: number, seed: number): Promise<number> {
  console.log(`Torture of a link for ${minutes} min with seed ${seed}: two servers, two mongods, each killed in turn.`);
  const { appended, troubles, proof, objections, problems } = await tortureRelay({
    seconds: minutes * SECONDS_A_MINUTE,
    seed,
  });
  console.log(`${appended} events appended; ${troubleLine(troubles)}; proof: ${JSON.stringify(proof)}`);
  for (const problem of problems) console.error(`Problem: ${problem}`);
  for (const objection of objections.slice(0, OBJECTIONS_SHOWN)) console.error(`Objection: ${objection}`);
  return objections.length === 0 && problems.length === 0 && proof.proven && proof.pending === 0 ? 0 : 1;
}

function progressLine({ seconds, counts: c, troubles }: Progress): string {
  return (
    `${Math.round(seconds)} s: ${c.ops} calls (${c.events} events), ${c.appended} acknowledged (${c.duplicates} as duplicates), ` +
    `${c.refused} refused, ${c.unknown} unknown, ${c.failed} failed; ${c.delivered} delivered; ${troubleLine(troubles)}`
  );
}

const troubleLine = (troubles: Readonly<Record<string, number>> | TroubleCounts): string =>
  Object.entries(troubles)
    .map(([trouble, count]) => `${trouble} ${count}×`)
    .join(', ') || 'no trouble yet';

async function report(verdict: Verdict, seed: number): Promise<number> {
  const { objections, problems, history, log, troubleNotes, outputs } = verdict;
  if (objections.length === 0 && problems.length === 0) {
    console.log(`Every promise was kept: ${log.length} events in the log, ${history.length} records of history.`);
    return 0;
  }
  const file = join(tmpdir(), `annals-torture-${seed}-${process.pid}.ndjson`);
  await writeRecords(file, [...history, ...troubleNotes, ...log.map((event) => ({ kind: 'log', ...event }))]);
  for (const output of outputs) console.error(lastLines(output));
  for (const problem of problems) console.error(`Problem: ${problem}`);
  for (const { rule, sentence } of objections.slice(0, OBJECTIONS_SHOWN))
    console.error(`Objection (${rule}): ${sentence}`);
  const more = objections.length - OBJECTIONS_SHOWN;
  if (more > 0) console.error(`… and ${more} objections more.`);
  console.error(`Seed ${seed}. The whole history, and the log after it, is in ${file}.`);
  return 1;
}

/** The last lines of what a server said, each cut to what a person reads. */
const lastLines = (output: string): string =>
  output
    .split('\n')
    .slice(-OUTPUT_LINES)
    .map((line) => line.slice(0, OUTPUT_COLUMNS))
    .join('\n');

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
