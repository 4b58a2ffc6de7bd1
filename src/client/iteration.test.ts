import { Elements, Iteration } from './iteration';
import { unlessAborted } from './cancellation';

const never = new Promise<never>(() => undefined);

const of = (...batches: number[][]) =>
  new Iteration<number[]>(async function* () {
    yield* batches;
  }, []);

const drain = async <T>(iterable: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of iterable) all.push(one);
  return all;
};

test('elements come one by one in the order of their batches', async () => {
  expect(await drain(new Elements(of([1, 2], [], [3])))).toEqual([1, 2, 3]);
});

test('elements asked for all at once come each to one asker, in order', async () => {
  const elements = new Elements(of([1, 2], [3], [4, 5]));
  const asked = Array.from({ length: 7 }, () => elements.next());
  const results = await Promise.all(asked);
  expect(results.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, undefined, undefined]);
});

test('returning ends a wait for an event that never comes', async () => {
  let cleanedUp = false;
  const waiting = new Iteration<number[]>(async function* (signal) {
    try {
      yield await unlessAborted(never, signal);
    } finally {
      cleanedUp = true;
    }
  }, []);
  const elements = new Elements(waiting);
  const pending = elements.next();
  await elements.return();
  expect(await pending).toEqual({ done: true, value: undefined });
  expect(cleanedUp).toBe(true);
  expect(await elements.next()).toEqual({ done: true, value: undefined });
});

test('aborting rejects a wait with CANCELLED, and the iteration is over', async () => {
  const stop = new AbortController();
  const waiting = new Iteration<number[]>(
    async function* (signal) {
      yield await unlessAborted(never, signal);
    },
    [stop.signal],
  );
  const pending = waiting.next();
  stop.abort(new Error('enough'));
  await expect(pending).rejects.toMatchObject({
    code: 'CANCELLED',
    cause: expect.objectContaining({ message: 'enough' }),
  });
  expect(await waiting.next()).toEqual({ done: true, value: undefined });
});

test('leaving the loop runs what the source does at its end', async () => {
  let cleanedUp = false;
  const source = new Iteration<number[]>(async function* () {
    try {
      yield [1, 2];
      yield [3];
    } finally {
      cleanedUp = true;
    }
  }, []);
  for await (const one of new Elements(source)) if (one === 1) break;
  expect(cleanedUp).toBe(true);
});
