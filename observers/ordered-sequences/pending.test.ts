import { Pending } from './pending';
import { STORED } from './projection-tuning';
import { event, stateOfOne } from './sequence-state.testing';

/** Whether a promise has resolved by now. */
const resolved = async (promise: Promise<void>) =>
  Promise.race([promise.then(() => true), Promise.resolve().then(async () => Promise.resolve(false))]);

it('of several states of a sequence the newest alone is written, with the numbers of all', () => {
  const pending = new Pending();
  pending.set('a', stateOfOne('a', 1), 1);
  pending.set('b', stateOfOne('b', 2), 2);
  const newest = stateOfOne('a', 1, {}, { last: 4 });
  pending.set('a', newest, 3);
  expect(pending.take()).toEqual([
    {
      sequenceId: 'a',
      state: newest,
      ranges: [
        { from: 1, to: 1 },
        { from: 3, to: 4 },
      ],
    },
    { sequenceId: 'b', state: stateOfOne('b', 2), ranges: [{ from: 2, to: 2 }] },
  ]);
  expect(pending.size).toBe(0);
});

it('who waits for a number goes on when it and all lower ones are written, and not when they are taken', async () => {
  const pending = new Pending();
  pending.set('a', stateOfOne('a', 1), 1);
  pending.take();
  pending.set('b', stateOfOne('b', 2), 2);
  const [one, two] = [pending.written(1), pending.written(2)];
  expect(await resolved(pending.written(0))).toBe(true);
  expect(await resolved(one)).toBe(false);
  pending.done();
  expect(await resolved(one)).toBe(true);
  expect(await resolved(two)).toBe(false);
  pending.take();
  pending.done();
  expect(await resolved(two)).toBe(true);
});

it('there is room until as much waits as memory should hold, and again when some of it is written', async () => {
  const pending = new Pending();
  const events = Array.from({ length: 1_000 }, (_, i) => event(`e${i}`));
  for (let i = 0; i * 1_001 < STORED.waiting; i++) pending.set(`s${i}`, stateOfOne(`s${i}`, i, { events }), i);
  const room = pending.room();
  expect(await resolved(room)).toBe(false);
  expect(pending.take()).toHaveLength(STORED.batchSteps / 1_000);
  pending.done();
  expect(await resolved(room)).toBe(true);
});

it('who waits when it ends is told so', async () => {
  const pending = new Pending();
  pending.set('a', stateOfOne('a', 1), 1);
  const written = pending.written(1);
  pending.end(new Error('over'));
  await expect(written).rejects.toThrow('over');
});
