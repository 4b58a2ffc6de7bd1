import { Intake } from './intake';
import type { SourceEvent } from './source-event';
import { someEvent } from './source-event.testing';
import { RELAY } from './tuning';

const event = (sequenceNumber: number, bytes = 10): SourceEvent =>
  someEvent({ sequenceNumber, contents: [{ generation: 1, content: Buffer.alloc(bytes) }] });

/** Batches that say how many of them were asked for. */
function supply(batches: readonly (readonly SourceEvent[])[], end: Promise<void> = new Promise(() => undefined)) {
  const asked = { count: 0 };
  async function* give(): AsyncGenerator<readonly SourceEvent[]> {
    for (const batch of batches) {
      asked.count++;
      yield batch;
    }
    await end;
  }
  return { batches: give(), asked };
}

const numbers = (events: readonly SourceEvent[]): number[] => events.map(({ sequenceNumber }) => sequenceNumber);

it('gives what is there, in order, and no more than a batch', async () => {
  const all = Array.from({ length: RELAY.batchEvents + 5 }, (_, i) => event(i));
  const intake = new Intake(supply([all.slice(0, 3), all.slice(3)]).batches);
  const first = await intake.take(1_000);
  const taken = [...numbers(first)];
  while (taken.length < all.length) {
    const next = await intake.take(1_000);
    expect(next.length).toBeLessThanOrEqual(RELAY.batchEvents);
    taken.push(...numbers(next));
  }
  expect(taken).toEqual(numbers(all));
});

it('bounds a batch by bytes too, and lets a single event through that is larger', async () => {
  const half = RELAY.batchBytes / 2;
  const intake = new Intake(supply([[event(0, half), event(1, half), event(2, RELAY.batchBytes * 2)]]).batches);
  expect(numbers(await intake.take(1_000))).toEqual([0]);
  expect(numbers(await intake.take(1_000))).toEqual([1]);
  expect(numbers(await intake.take(1_000))).toEqual([2]);
});

it('reads no further ahead than it may, and goes on when there is room', async () => {
  const batch = Array.from({ length: RELAY.aheadEvents }, (_, i) => event(i));
  const { batches, asked } = supply([batch, batch, batch]);
  const intake = new Intake(batches);
  await intake.take(1_000);
  // Everything that the reading could do by itself it has done by then.
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(asked.count).toBe(2);
});

it('has nothing when nothing comes in time', async () => {
  const intake = new Intake(supply([]).batches);
  expect(await intake.take(1)).toEqual([]);
});

it('hands on what ended the reading, behind what came before it', async () => {
  const intake = new Intake(supply([[event(0)]], Promise.reject(new Error('away'))).batches);
  expect(numbers(await intake.take(1_000))).toEqual([0]);
  await expect(intake.take(1_000)).rejects.toThrow('away');
});

it('a failure from outside ends it at once, whatever waits', async () => {
  const intake = new Intake(supply([[event(0)]]).batches);
  intake.fail(new Error('interrupted'));
  await expect(intake.take(1_000)).rejects.toThrow('interrupted');
});
