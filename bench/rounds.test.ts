import { figures, inRounds, type Round, type Side, type TimedTurn } from './rounds';

const NO_CPU = { client: 0, server: 0, mongod: 0 };
const processes = { cpu: () => NO_CPU, cpuSince: () => NO_CPU, serverMemoryBytes: () => 0 };

const turn = (events: number, ms: number, waitsMs: number[] = [1]): TimedTurn => ({ events, ms, waitsMs, cpu: NO_CPU });
const options = {
  rounds: 3,
  patienceMs: 60_000,
  processes,
  around: async <T>(work: () => Promise<T>) => work(),
  onRound: () => undefined,
};
const side = (how: string): Side => ({ how, run: async () => ({ events: 1, waitsMs: [] }) });

describe('rounds', () => {
  it('warm up both sides, then let them take turns, with another one first each time', async () => {
    const order: string[] = [];
    const noting = (how: string): Side => ({
      how,
      run: async (share) => {
        order.push(share === 1 ? how : `${how} warms up`);
        return { events: 1, waitsMs: [] };
      },
    });
    expect(await inRounds(noting('floor'), noting('annals'), options)).toHaveLength(3);
    expect(order).toEqual([
      'floor warms up',
      'annals warms up',
      ...['floor', 'annals'],
      ...['annals', 'floor'],
      ...['floor', 'annals'],
    ]);
  });

  it('end when patience does, after at least one', async () => {
    expect(await inRounds(side('floor'), side('annals'), { ...options, patienceMs: 0 })).toHaveLength(1);
  });
});

describe('figures', () => {
  it('take the ratio within each round, so that a machine that slows down for both changes nothing', () => {
    const rounds: Round[] = [
      { floor: turn(1000, 100), annals: turn(1000, 200) },
      { floor: turn(1000, 1000), annals: turn(1000, 2000) },
      { floor: turn(1000, 50), annals: turn(1000, 100) },
    ];
    const { ratio, floor, annals } = figures(side('raw'), side('annals'), rounds);
    expect(ratio).toEqual({ median: 0.5, low: 0.5, high: 0.5 });
    expect(floor.eventsPerSecond).toEqual({ median: 10_000, low: 1_000, high: 20_000 });
    expect(annals.eventsPerSecond.median).toBe(5_000);
  });

  it('take percentiles over the waits of all rounds', () => {
    const rounds: Round[] = [
      { floor: turn(2, 10, [1, 2]), annals: turn(2, 10, [5, 6]) },
      { floor: turn(2, 10, [3, 4]), annals: turn(2, 10, [7, 8]) },
    ];
    expect(figures(side('raw'), side('annals'), rounds).annals.waitsMs).toEqual({
      p50: 6,
      p99: 8,
      longest: 8,
      count: 4,
    });
  });

  it('tell the CPU of each event by process, in microseconds', () => {
    const cpu = { client: 20, server: 40, mongod: 10 };
    const rounds: Round[] = [{ floor: turn(1000, 10), annals: { ...turn(1000, 10), cpu } }];
    expect(figures(side('raw'), side('annals'), rounds).annals.cpuMicros).toEqual(cpu);
  });
});
