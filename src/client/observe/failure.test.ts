import { failureOf } from './failure';

const never = (): boolean => false;

test('message and stack are cut to what a server keeps', () => {
  const error = Object.assign(new Error('m'.repeat(100_000)), { stack: 's'.repeat(100_000) });
  expect(failureOf(error, never)).toEqual({ message: 'm'.repeat(8_000), stack: 's'.repeat(8_000), permanent: false });
  expect(failureOf('t'.repeat(100_000), never)).toMatchObject({ message: 't'.repeat(8_000), stack: '' });
});

test('a cut through a pair leaves no half that the wire could not hold', () => {
  const { message } = failureOf(new Error(`${'m'.repeat(7_999)}\u{1f600}`), never);
  expect(message).toBe(`${'m'.repeat(7_999)}\ufffd`);
});
