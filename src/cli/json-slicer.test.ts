import * as fc from 'fast-check';
import { JsonSlicer, memberSlices } from './json-slicer';

function slices(text: string, chunkBytes = text.length * 4 + 1): string[] {
  const slicer = new JsonSlicer();
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let i = 0; i < bytes.length; i += chunkBytes) {
    found.push(...slicer.push(bytes.subarray(i, i + chunkBytes)).map((slice) => slice.bytes.toString()));
  }
  slicer.end();
  return found;
}

const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });

describe('objects are cut out of JSON input', () => {
  it.each([
    ['NDJSON', (all: unknown[]) => all.map((o) => JSON.stringify(o)).join('\n')],
    ['an array', (all: unknown[]) => JSON.stringify(all)],
    ['a pretty-printed array', (all: unknown[]) => JSON.stringify(all, undefined, 2)],
    [
      'pretty-printed objects one after another',
      (all: unknown[]) => all.map((o) => JSON.stringify(o, null, 2)).join('\n'),
    ],
  ])('whole and in order from %s, however the bytes are chunked', (_, write) => {
    fc.assert(
      fc.property(objects, fc.integer({ min: 1, max: 40 }), (all, chunkBytes) => {
        const text = write(all);
        const found = slices(text, chunkBytes);
        expect(found.map((one) => JSON.parse(one))).toEqual(all.map((o) => JSON.parse(JSON.stringify(o))));
        for (const one of found) expect(text).toContain(one);
      }),
    );
  });

  it('with a byte order mark, blank lines and CRLF', () => {
    expect(slices('\ufeff{"a":1}\r\n\r\n{"b":2}\r\n')).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('keeping large integers and white space as they stand', () => {
    expect(slices('[ {"n": 12345678901234567890} ]')).toEqual(['{"n": 12345678901234567890}']);
  });

  it('none from nothing', () => {
    expect(slices('')).toEqual([]);
    expect(slices(' \n')).toEqual([]);
    expect(slices('[]')).toEqual([]);
  });

  it('with the line that each begins on', () => {
    const slicer = new JsonSlicer();
    const found = slicer.push(Buffer.from('{"a":\n1}\n\n{"b":2}'));
    expect(found.map((slice) => slice.line)).toEqual([1, 4]);
  });
});

describe('input that is no list of objects is refused with its line', () => {
  it.each([
    ['5', 'line 1: expected a JSON object, found `5`'],
    ['{"a":1}\n"b"', 'line 2: expected a JSON object, found `"`'],
    ['[{"a":1} {"b":2}]', 'line 1: expected a comma or the end of the array, found `{`'],
    ['[{"a":1},\n]', 'line 2: expected a JSON object, found `]`'],
    ['[{"a":1}]\n{"b":2}', 'line 2: expected nothing after the array, found `{`'],
    ['{"a":1}\n{"b":\n', 'line 2: the JSON object that begins here has no end'],
    ['[{"a":1}\n', 'line 2: the JSON array has no end'],
    ['{"a":"b\n"}', 'line 1: a JSON string has no end on its line'],
    ['\u0000', 'line 1: expected a JSON object, found byte 0x00'],
  ])('%j', (text, message) => {
    expect(() => slices(text)).toThrow(message);
  });
});

describe("an object's members", () => {
  it('are found with the bytes of each value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 2), (object, indent) => {
        const members = memberSlices(Buffer.from(JSON.stringify(object, undefined, indent)));
        const read = Object.fromEntries([...members].map(([key, bytes]) => [key, JSON.parse(bytes.toString())]));
        expect(read).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });
});
