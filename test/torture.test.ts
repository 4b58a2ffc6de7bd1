/**
 * Guarantees 1 to 7 under fire: clients append through two servers on one database while servers
 * and the database are killed, wires are cut and answers held back; then the history checker judges
 * what every client was told, and every subscriber given, against the log.
 */
import { torture, type Verdict } from './torture/torture';

const SECONDS = Number(process.env['ANNALS_TORTURE_SECONDS'] ?? '60');
const SEED = Number(process.env['ANNALS_TORTURE_SEED'] ?? Math.floor(Math.random() * 1_000_000));

/** Milliseconds for starting, for peace to return, and for the judgement, beside the run itself. */
const AROUND_MS = 180_000;

describe(`under fire for ${SECONDS} s (ANNALS_TORTURE_SEED=${SEED})`, () => {
  let verdict: Verdict;
  beforeAll(
    async () => {
      verdict = await torture({ seconds: SECONDS, seed: SEED });
    },
    SECONDS * 1_000 + AROUND_MS,
  );

  it('every promise is kept', () => {
    expect(verdict.objections.slice(0, 20)).toEqual([]);
  });

  it('no call hangs, no server falls over, no subscriber is left behind', () => {
    expect(verdict.problems).toEqual([]);
  });

  it('there was fire, and work was done in it', () => {
    const { counts, troubles } = verdict;
    expect(Object.keys(troubles).length).toBeGreaterThan(3);
    expect(counts.appended).toBeGreaterThan(SECONDS);
    expect(counts.refused).toBeGreaterThan(0);
    expect(counts.duplicates).toBeGreaterThan(0);
    expect(counts.delivered).toBeGreaterThan(verdict.log.length);
  });
});
