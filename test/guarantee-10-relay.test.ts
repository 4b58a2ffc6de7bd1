/**
 * Guarantee 10 under fire: the relay puts each outbox event into the inbox exactly once, in outbox order for each
 * partition, with its metadata whole; and it can prove it. Two servers and two databases, each killed in turn.
 */
import { tortureRelay, type RelayVerdict } from './torture/relay-torture';

const SECONDS = Number(process.env['ANNALS_RELAY_TORTURE_SECONDS'] ?? '60');
const SEED = Number(process.env['ANNALS_TORTURE_SEED'] ?? Math.floor(Math.random() * 1_000_000));

/** Milliseconds for starting, for peace to return, and for the judgement, beside the run itself. */
const AROUND_MS = 240_000;

describe(`a link under fire for ${SECONDS} s (ANNALS_TORTURE_SEED=${SEED})`, () => {
  let verdict: RelayVerdict;
  beforeAll(
    async () => {
      verdict = await tortureRelay({ seconds: SECONDS, seed: SEED });
    },
    SECONDS * 1_000 + AROUND_MS,
  );

  it('both logs agree that nothing is missing, twice, or out of order in its partition', () => {
    expect(verdict.objections.slice(0, 20)).toEqual([]);
  });

  it('the proof says the same', () => {
    const { proof, appended } = verdict;
    expect(proof).toMatchObject({ missing: 0, conflicting: 0, outOfOrder: 0, pending: 0, held: 0, proven: true });
    expect(proof.inInbox).toBeGreaterThanOrEqual(appended);
  });

  it('there was fire, and work was done in it', () => {
    expect(Object.keys(verdict.troubles).length).toBeGreaterThan(SECONDS >= 60 ? 7 : 3);
    expect(verdict.appended).toBeGreaterThan(SECONDS * 20);
    expect(verdict.problems).toEqual([]);
  });
});
