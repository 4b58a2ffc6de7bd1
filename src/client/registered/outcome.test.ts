import { AnnalsError } from '../../kernel/annals-error';
import { Outcome } from './outcome';
import type { Registered } from '../observe/registration';

const REGISTERED: Registered = {
  clientId: 'c',
  position: 0,
  definitionChanged: false,
  replayAdvised: false,
  changes: '',
  heartbeatMs: 1,
};
const failure = new AnnalsError('UNKNOWN_STORE');

test('an end that was asked for is nobody’s failure', async () => {
  const outcome = new Outcome<object>();
  outcome.register(REGISTERED);
  outcome.end(new AnnalsError('CANCELLED'), undefined);
  expect(await outcome.registered).toBe(REGISTERED);
  await outcome.done;
});

test('a failure reaches who asked for either promise', async () => {
  const outcome = new Outcome<object>();
  const heard = expect(outcome.registered).rejects.toBe(failure);
  outcome.end(failure, failure);
  await heard;
  await expect(outcome.done).rejects.toBe(failure);
});
