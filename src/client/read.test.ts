import fc from 'fast-check';
import { serviceDefinition } from '../contract/services';
import type { ReadRequest__Output } from '../contract/generated/annals/v1/ReadRequest';
import type { WireEvent } from '../contract/messages';
import { ReadCursor } from './read';

const SEQUENCE = { store: 'default', namespace: 'default', sequence: 'event-log' };
const TAIL = 30;

// A cursor looks at nothing but numbers.
const event = (sequenceNumber: number) => ({ sequenceNumber }) as WireEvent;

const requestOf = (cursor: ReadCursor): ReadRequest__Output | undefined => {
  const bytes = cursor.request();
  // The generated type says what this deserializer gives.
  return bytes && (serviceDefinition('EventSequences')['Read']?.requestDeserialize(bytes) as ReadRequest__Output);
};

/** The numbers that a server would read for the request, where every third event matches. */
function answerTo({ from, to, limit, direction }: ReadRequest__Output): number[] {
  const backwards = direction === 'DIRECTION_BACKWARDS';
  const [low, high] = backwards ? [to ?? 0, from ?? TAIL] : [from ?? 0, to ?? TAIL];
  const all = Array.from({ length: TAIL + 1 }, (_, n) => n).filter((n) => n >= low && n <= high && n % 3 === 0);
  const ordered = backwards ? all.reverse() : all;
  return limit === 0 ? ordered : ordered.slice(0, limit);
}

test('a read that is cut off again and again reads what one call reads: no gap, nothing twice', () => {
  const options = fc.record({
    from: fc.option(fc.nat(TAIL + 5), { nil: undefined }),
    to: fc.option(fc.nat(TAIL + 5), { nil: undefined }),
    limit: fc.option(fc.nat(12), { nil: undefined }),
    backwards: fc.boolean(),
  });
  fc.assert(
    fc.property(options, fc.array(fc.nat(4), { minLength: 40, maxLength: 40 }), (wanted, cuts) => {
      const whole = new ReadCursor(SEQUENCE, wanted);
      const single = requestOf(whole);
      const expected = single === undefined ? [] : answerTo(single);

      const cursor = new ReadCursor(SEQUENCE, wanted);
      const read: number[] = [];
      for (let calls = 0; calls < 40; calls++) {
        const request = requestOf(cursor);
        if (request === undefined) break;
        const numbers = answerTo(request).slice(0, (cuts[calls] ?? 0) + 1);
        if (numbers.length === 0) break;
        for (const number of numbers) cursor.moveOn({ events: [event(number)], position: number, state: 0 });
        read.push(...numbers);
      }
      expect(read).toEqual(expected);
    }),
  );
});

test('what was looked at and did not match is not looked at again', () => {
  const cursor = new ReadCursor(SEQUENCE, {});
  cursor.moveOn({ events: [], position: 1000, state: 0 });
  expect(requestOf(cursor)?.from).toBe(1001);
});

test.each([
  [{ from: -1 }, 'from'],
  [{ to: 1.5 }, 'to'],
  [{ limit: Number.NaN }, 'limit'],
])('%j is refused', (options, field) => {
  expect(() => new ReadCursor(SEQUENCE, options)).toThrow(expect.objectContaining({ code: 'INVALID_FIELD', field }));
});
