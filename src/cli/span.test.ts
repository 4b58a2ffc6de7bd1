import { span } from './span';

it.each([
  [0, '0.0 s'],
  [420, '0.4 s'],
  [9_999, '10.0 s'],
  [12_900, '12 s'],
  [200_000, '3 min 20 s'],
  [18_600_000, '5 h 10 min'],
  [1_047_600_000, '12 d 3 h'],
])('%d ms are told as %s', (ms, told) => {
  expect(span(ms)).toBe(told);
});
