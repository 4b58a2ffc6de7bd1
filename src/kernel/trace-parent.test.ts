import fc from 'fast-check';
import { formatTraceParent, isTraceParent, parseTraceParent } from './trace-parent';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a trace parent', () => {
  it('is a version, a trace, a span and flags', () => {
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
  });

  it.each([
    ['another version', `01-${TRACE}-${SPAN}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['something behind it', `00-${TRACE}-${SPAN}-01-x`],
    ['a line behind it', `00-${TRACE}-${SPAN}-01\n`],
    ['one digit less', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['nothing', ''],
  ])('is none with %s', (_, text) => {
    expect(isTraceParent(text)).toBe(false);
    expect(parseTraceParent(text)).toBeUndefined();
  });

  it('comes back as it was written', () => {
    const hex = (length: number) =>
      fc
        .string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length })
        .filter((id) => /[^0]/.test(id));
    fc.assert(
      fc.property(fc.record({ traceId: hex(32), spanId: hex(16), flags: fc.nat(255) }), (parent) => {
        expect(parseTraceParent(formatTraceParent(parent))).toEqual(parent);
      }),
      { numRuns: 50 },
    );
  });
});
