/**
 * Rounds in which the floor and Annals take turns, so that whatever else the machine does meets both
 * alike. A ratio is taken within a round, between neighbours in time, and only then the middle of all.
 */
import type { CpuUse, Processes } from './processes';
import { spread, waits, type Spread, type Waits } from './statistics';

/** One side's turn in a round. */
export interface Turn {
  readonly events: number;
  /** What each caller waited for: an answer to an append, an event at a subscriber. */
  readonly waitsMs: readonly number[];
}

export interface Side {
  /** How it is done, in a few words. */
  readonly how: string;
  /** What has to be there before a turn with such a share begins, and is not measured. */
  readonly prepare?: (share: number) => Promise<void>;
  /** Does it once with about this share of a round's events: 1 in a round, less to warm up. */
  readonly run: (share: number) => Promise<Turn>;
}

/** A turn with what it took. */
export interface TimedTurn extends Turn {
  readonly ms: number;
  readonly cpu: CpuUse;
}

export interface Round {
  readonly floor: TimedTurn;
  readonly annals: TimedTurn;
}

/** Around Annals' turn of a round that counts: profiling. */
export type Around = <T>(turn: () => Promise<T>) => Promise<T>;

export interface RoundsOptions {
  readonly rounds: number;
  /** After so many milliseconds no further round begins: a busy machine is told of fewer rounds, not of a longer run. */
  readonly patienceMs: number;
  readonly processes: Processes;
  readonly around: Around;
  readonly onRound: (round: number) => void;
}

/** Share of a round that is run first and not counted: compilers and caches on both sides warm up on it. */
const WARM_UP_SHARE = 0.5;

export async function inRounds(floor: Side, annals: Side, options: RoundsOptions): Promise<Round[]> {
  const { rounds, patienceMs, processes, around, onRound } = options;
  const begun = performance.now();
  for (const side of [floor, annals]) {
    await side.prepare?.(WARM_UP_SHARE);
    await side.run(WARM_UP_SHARE);
  }
  const timed = async (side: Side): Promise<TimedTurn> => {
    const before = processes.cpu();
    const started = performance.now();
    const turn = await side.run(1);
    return { ...turn, ms: performance.now() - started, cpu: processes.cpuSince(before) };
  };
  const done: Round[] = [];
  for (let round = 0; round < rounds && (round === 0 || performance.now() - begun < patienceMs); round++) {
    onRound(round);
    await floor.prepare?.(1);
    await annals.prepare?.(1);
    // Who goes first changes, so that neither always meets what the other left behind.
    if (round % 2 === 0) {
      const first = await timed(floor);
      done.push({ floor: first, annals: await around(() => timed(annals)) });
    } else {
      const first = await around(() => timed(annals));
      done.push({ floor: await timed(floor), annals: first });
    }
  }
  return done;
}

/** One side over all rounds. */
export interface SideFigures {
  readonly how: string;
  readonly eventsPerSecond: Spread;
  readonly waitsMs: Waits;
  /** Microseconds of CPU for each event, by process. */
  readonly cpuMicros: CpuUse;
}

export interface Figures {
  readonly rounds: number;
  readonly floor: SideFigures;
  readonly annals: SideFigures;
  /** Annals' rate as a part of the floor's. */
  readonly ratio: Spread;
}

const rate = ({ events, ms }: TimedTurn): number => (events * 1000) / ms;

export function figures(floor: Side, annals: Side, rounds: readonly Round[]): Figures {
  return {
    rounds: rounds.length,
    floor: sideFigures(
      floor.how,
      rounds.map((round) => round.floor),
    ),
    annals: sideFigures(
      annals.how,
      rounds.map((round) => round.annals),
    ),
    ratio: spread(rounds.map((round) => rate(round.annals) / rate(round.floor))),
  };
}

function sideFigures(how: string, turns: readonly TimedTurn[]): SideFigures {
  const events = turns.reduce((sum, turn) => sum + turn.events, 0);
  const micros = (of: (cpu: CpuUse) => number) => (turns.reduce((sum, { cpu }) => sum + of(cpu), 0) * 1000) / events;
  return {
    how,
    eventsPerSecond: spread(turns.map(rate)),
    waitsMs: waits(turns.flatMap((turn) => turn.waitsMs)),
    cpuMicros: {
      client: micros((cpu) => cpu.client),
      server: micros((cpu) => cpu.server),
      mongod: micros((cpu) => cpu.mongod),
    },
  };
}
