import { decimal, megabytes, percent, table, whole } from './table';

describe('a table', () => {
  it('has columns as wide as their widest cell, figures to the right', () => {
    const columns = [{ heading: 'measure' }, { heading: 'events/s', align: 'right' as const }, { heading: '' }];
    expect(
      table(columns, [
        ['serial', '950', 'met'],
        ['calls-1000', '41,000', ''],
      ]),
    ).toEqual(['measure     events/s', 'serial           950  met', 'calls-1000    41,000']);
  });
});

describe('figures', () => {
  it('have as many decimals as matter at their size', () => {
    expect([0.123, 9.876, 12.34, 123.4].map(decimal)).toEqual(['0.12', '9.88', '12.3', '123']);
    expect(whole(12_345.6)).toBe('12,346');
    expect(percent(0.1234)).toBe('12.3 %');
    expect(megabytes(249_600_000)).toBe('250 MB');
  });

  it('that could not be told are a dash', () => {
    expect([decimal(Number.NaN), whole(Number.NaN), percent(Number.NaN)]).toEqual(['–', '–', '–']);
  });
});
