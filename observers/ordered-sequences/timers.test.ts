import { Timers } from './timers';

beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
});
afterEach(() => {
  jest.useRealTimers();
});

function started() {
  const rung: string[] = [];
  const timers = new Timers((key) => rung.push(`${key} at ${Date.now()}`));
  return { rung, timers };
}

it('rings each key once, in the order of their times, however they were set', () => {
  const { rung, timers } = started();
  for (const [key, at] of Object.entries({ c: 300, a: 100, d: 400, b: 200 })) timers.set(key, at);
  jest.advanceTimersByTime(1_000);
  expect(rung).toEqual(['a at 100', 'b at 200', 'c at 300', 'd at 400']);
});

it('a key that is set anew rings at its new time alone, earlier or later, and not at all without one', () => {
  const { rung, timers } = started();
  for (const key of ['sooner', 'later', 'never']) timers.set(key, 500);
  timers.set('sooner', 100);
  timers.set('later', 900);
  timers.set('never', null);
  jest.advanceTimersByTime(2_000);
  expect(rung).toEqual(['sooner at 100', 'later at 900']);
});

it('rings for what is past already, and for a time beyond the longest timer', () => {
  const { rung, timers } = started();
  const year = 365 * 24 * 3_600_000;
  timers.set('past', -5);
  timers.set('far', year);
  jest.advanceTimersByTime(1);
  expect(rung).toHaveLength(1);
  jest.advanceTimersByTime(year);
  expect(rung.at(-1)).toBe(`far at ${year}`);
});

it('ten thousand that are set anew a hundred times each ring once each', () => {
  const { rung, timers } = started();
  for (let round = 1; round <= 100; round++) {
    for (let i = 0; i < 100; i++) timers.set(`k${i}`, round * 10 + i);
  }
  jest.advanceTimersByTime(10_000);
  expect(new Set(rung)).toEqual(new Set(Array.from({ length: 100 }, (_, i) => `k${i} at ${1_000 + i}`)));
  expect(rung).toHaveLength(100);
});

it('rings no more once it is stopped', () => {
  const { rung, timers } = started();
  timers.set('a', 100);
  timers.stop();
  jest.advanceTimersByTime(1_000);
  expect(rung).toEqual([]);
});
