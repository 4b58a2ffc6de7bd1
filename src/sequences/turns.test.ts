import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { QueueBudget } from './queue-budget';
import { TUNING } from './tuning';
import type { Steps } from '../kernel/steps';
import { InTurns, TurnBudget, type Held } from './turns';

const SMALL: Held = { events: 1, bytes: 100 };

/** Keeps the event loop busy. */
function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) continue;
}

/** Work of so many steps, each of which takes a while. */
function* steps<Result>(
  count: number,
  ms: number,
  result: Result,
  onStep: () => void = () => undefined,
): Steps<Result> {
  for (let i = 0; i < count; i++) {
    spin(ms);
    onStep();
    yield;
  }
  return result;
}

// eslint-disable-next-line require-yield -- it fails at its first step
function* failing(): Steps<never> {
  throw new Error('it cannot be read');
}

/** Work that nothing lets go on before it is let: a step that takes more than a turn's time. */
const LONG_STEP_MS = TUNING.checkTurnMs + 1;

let room: QueueBudget;
let budget: TurnBudget;
beforeEach(() => {
  room = new QueueBudget(TUNING.allQueuesBytes);
  budget = new TurnBudget();
});
const sequence = () => new InTurns(budget, room);

/** Runs work whose result is noted when it is handed over. */
const noted =
  (turns: InTurns, order: string[]) =>
  async (work: Steps<string>, held: Held = SMALL): Promise<string> =>
    turns.run(
      work,
      () => held,
      async (result) => {
        order.push(result);
        return Promise.resolve(result);
      },
    );

describe('work of one sequence', () => {
  it('that fits into the turn is handed over at once', () => {
    const order: string[] = [];
    void noted(sequence(), order)(steps(3, 0, 'small'));
    expect(order).toEqual(['small']);
  });

  it('is handed over in the order in which it came, whatever each piece takes', async () => {
    const pieces = fc.array(fc.constantFrom(0, 0, 1, 3, 12), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, async (counts) => {
        const order: string[] = [];
        const run = noted(sequence(), order);
        await Promise.all(counts.map(async (count, i) => run(steps(count, 1, String(i)))));
        expect(order).toEqual(counts.map((_, i) => String(i)));
      }),
      { numRuns: 15 },
    );
  });

  it('is in order with what comes while earlier work goes on', async () => {
    const order: string[] = [];
    const run = noted(sequence(), order);
    const large = run(steps(20, 1, 'large'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    await Promise.all([large, run(steps(0, 0, 'next'))]);
    expect(order).toEqual(['large', 'next']);
  });

  it('does not wait for the answers of what came before', async () => {
    const order: string[] = [];
    const turns = sequence();
    let answer = (_: string): void => undefined;
    const large = turns.run(
      steps(2, LONG_STEP_MS, 'large'),
      () => SMALL,
      async () => new Promise<string>((resolve) => (answer = resolve)),
    );
    await noted(turns, order)(steps(1, 0, 'next'));
    answer('answered at last');
    expect(await large).toBe('answered at last');
  });

  it('that fails fails alone, at once and in its turn', async () => {
    const order: string[] = [];
    const run = noted(sequence(), order);
    await expect(run(failing())).rejects.toThrow('it cannot be read');
    const large = run(steps(2, LONG_STEP_MS, 'large'));
    const failed = expect(run(failing())).rejects.toThrow('it cannot be read');
    await Promise.all([large, failed, run(steps(0, 0, 'next'))]);
    expect(order).toEqual(['large', 'next']);
  });
});

describe('the event loop', () => {
  it('has its turns while a large piece of work goes on', async () => {
    let turns = 0;
    let longest = 0;
    let stepsOfTurn = 0;
    let done = false;
    const count = () => {
      turns++;
      longest = Math.max(longest, stepsOfTurn);
      stepsOfTurn = 0;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await noted(sequence(), [])(steps(60, 1, 'large', () => stepsOfTurn++));
    done = true;
    expect(turns).toBeGreaterThan(60 / TUNING.checkTurnMs / 2);
    // A step takes a millisecond or more, so no turn has many.
    expect(longest).toBeLessThanOrEqual(2 * TUNING.checkTurnMs);
  });
});

describe('several sequences', () => {
  it('work that comes while another sequence has a large piece is done before that is', async () => {
    const order: string[] = [];
    const large = noted(sequence(), order)(steps(40, LONG_STEP_MS / 4, 'large'));
    // When the other's time of this turn is spent.
    await new Promise((resolve) => setImmediate(resolve));
    for (const name of ['one', 'two', 'three']) await noted(sequence(), order)(steps(2, 0, name));
    expect(order).toEqual(['one', 'two', 'three']);
    await large;
  });

  it('have their share by turns', async () => {
    const shares: string[] = [];
    const run = async (name: string) => noted(sequence(), [])(steps(6, LONG_STEP_MS, name, () => shares.push(name)));
    await Promise.all([run('a'), run('b'), run('c')]);
    // The first is begun at once; from then on each has a share before any has the next.
    const after = shares.slice(1, 16);
    for (let i = 0; i + 3 <= after.length; i += 3) expect(new Set(after.slice(i, i + 3)).size).toBe(3);
  });
});

describe('what waits', () => {
  const half = { events: 2, bytes: TUNING.queueBytes / 2 };

  it('is bounded in each sequence, and the bound is given back', async () => {
    const order: string[] = [];
    const run = noted(sequence(), order);
    const waiting = ['first', 'second'].map(async (name) => run(steps(2, LONG_STEP_MS, name), half));
    const overload = run(steps(1, 0, 'third'), half);
    await expect(overload).rejects.toThrow(AnnalsError);
    await expect(overload).rejects.toMatchObject({ code: 'OVERLOADED' });
    await Promise.all(waiting);
    await run(steps(2, LONG_STEP_MS, 'again'), half);
    expect(order).toEqual(['first', 'second', 'again']);
    expect(room.fits(TUNING.allQueuesBytes)).toBe(true);
  });

  it('is bounded in number, however small', async () => {
    const run = noted(sequence(), []);
    const many = run(steps(2, LONG_STEP_MS, 'many'), { events: TUNING.queueEvents, bytes: 1 });
    await expect(run(steps(1, 0, 'more'))).rejects.toMatchObject({ code: 'OVERLOADED' });
    await many;
  });

  it('is bounded in all sequences together, but for one piece of each', async () => {
    room = new QueueBudget(TUNING.queueBytes);
    const [a, b] = [noted(sequence(), []), noted(sequence(), [])];
    const waiting = [a(steps(2, LONG_STEP_MS, 'a'), half), a(steps(2, LONG_STEP_MS, 'a'), half)];
    waiting.push(b(steps(2, LONG_STEP_MS, 'b'), half));
    await expect(b(steps(1, 0, 'b'), half)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await Promise.all(waiting);
  });
});
