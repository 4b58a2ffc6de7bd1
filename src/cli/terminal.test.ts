import { bar, clip, colorsFor, printable } from './terminal';
import { summaryOf } from './event-lines';

describe('a terminal', () => {
  it('gets colours; a pipe, NO_COLOR and a dumb terminal do not', () => {
    expect(colorsFor({ isTTY: true }, {}).red('x')).not.toBe('x');
    expect(colorsFor({ isTTY: false }, {}).red('x')).toBe('x');
    expect(colorsFor({ isTTY: true }, { NO_COLOR: '1' }).red('x')).toBe('x');
    expect(colorsFor({ isTTY: true }, { TERM: 'dumb' }).red('x')).toBe('x');
  });

  it('cannot be steered by what stands in an event', () => {
    expect(printable('a\u001b[2Jb\u0007\n\u009b')).toBe('a\\u001b[2Jb\\u0007\\u000a\\u009b');
    expect(printable('\u202Etxt.exe')).toBe('\\u202etxt.exe');
    expect(printable('Grüße 世界 👋')).toBe('Grüße 世界 👋');
  });

  it('shows how far work is', () => {
    expect(bar(21e6, 42e6)).toBe(`${'█'.repeat(12)}${'░'.repeat(12)} 50 % of 42 MB`);
    expect(bar(1.5e6, undefined)).toBe('1.5 MB');
  });

  it('shows long text cut', () => {
    expect(clip('abcdef', 4)).toBe('abc…');
    expect(clip('abcd', 4)).toBe('abcd');
  });
});

describe("content's summary", () => {
  it('names plain members first, then which others there are', () => {
    expect(summaryOf({ order: { id: 1 }, total: 42, lines: [1, 2], note: null })).toBe(
      'total=42 note=null order{…} lines[2]',
    );
  });
});
