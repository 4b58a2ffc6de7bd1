import fc from 'fast-check';
import { AnnalsError } from '../../src/kernel/annals-error';
import { pageToken, parsedPageToken, placeInToken } from './page-token';

it('says again what it was made of', () => {
  const state = fc.record({
    correlationIds: fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
    cursors: fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string())).map((pairs) => new Map(pairs)),
  });
  fc.assert(
    fc.property(state, (said) => {
      expect(parsedPageToken(pageToken(said))).toEqual(said);
    }),
  );
});

it('anything else is refused', () => {
  const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
  fc.assert(
    fc.property(fc.oneof(fc.string(), json), (token) => {
      expect(() => parsedPageToken(token)).toThrow(AnnalsError);
    }),
  );
  const many = { correlationIds: Array.from({ length: 101 }, (_, i) => `${i}`), cursors: new Map<string, string>() };
  expect(() => parsedPageToken(pageToken(many))).toThrow('page_token');
});

it.each(['', '-1', '1.5', '1e9', 'Infinity', 'NaN', ' 7', `${2 ** 60}`, '11'])('no place in a stream is %j', (text) => {
  expect(() => placeInToken(text, 10)).toThrow('page_token');
});

it('a place is a number up to the most', () => {
  expect([placeInToken('0', 10), placeInToken('10', 10)]).toEqual([0, 10]);
});
