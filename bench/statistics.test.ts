import { mean, median, percentile, spread, waits } from './statistics';

const oneToHundred = Array.from({ length: 100 }, (_, i) => i + 1);

describe('percentile', () => {
  it('is the value that this share of all lies at or under', () => {
    expect(percentile(oneToHundred, 0.5)).toBe(50);
    expect(percentile(oneToHundred, 0.99)).toBe(99);
    expect(percentile(oneToHundred, 1)).toBe(100);
  });

  it('does not depend on the order, and leaves it alone', () => {
    const values = [3, 1, 2];
    expect(percentile(values, 1)).toBe(3);
    expect(values).toEqual([3, 1, 2]);
  });

  it('sorts numbers as numbers', () => {
    expect(percentile([10, 9, 100], 0.5)).toBe(10);
  });

  it('is the lowest value for a share of nothing, and no number when there are no values', () => {
    expect(percentile([5, 7], 0)).toBe(5);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 10, 100])).toBe(6);
    expect(median([])).toBeNaN();
  });
});

describe('a few rounds together', () => {
  it('are told by their middle and how far apart they lie', () => {
    expect(spread([12, 10, 30])).toEqual({ median: 12, low: 10, high: 30 });
    expect(mean([1, 2, 6])).toBe(3);
  });

  it('keep the longest wait beside the percentiles, which hide it', () => {
    expect(waits([...oneToHundred, 5_000])).toEqual({ p50: 51, p99: 100, longest: 5_000, count: 101 });
  });
});
