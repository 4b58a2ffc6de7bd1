import { Readable } from 'node:stream';
import { batches, type BatchOptions } from './input-batches';
import { LIMITS } from '../kernel/limits';

const toEvent: BatchOptions['toEvent'] = ({ bytes }) => ({ type: 't', eventSourceId: 's', json: bytes });

async function sizes(chunks: string[], options: Partial<BatchOptions>, live = false): Promise<number[]> {
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const found: number[] = [];
  for await (const batch of batches({ stream, name: 'x', live }, { toEvent, ...options }))
    found.push(batch.events.length);
  return found;
}

const lines = (n: number): string => '{"a":1}\n'.repeat(n);

describe('input becomes calls', () => {
  it('of exactly the size asked for, the rest at the end', async () => {
    expect(await sizes([lines(3), lines(4)], { size: 3 })).toEqual([3, 3, 1]);
  });

  it('of up to the default size', async () => {
    expect(await sizes([lines(1_001)], {})).toEqual([500, 500, 1]);
  });

  it('that stay under the bytes of a call', async () => {
    const large = `{"a":"${'x'.repeat(1_000_000)}"}\n`;
    expect(await sizes([large.repeat(9)], {})).toEqual([4, 4, 1]);
  });

  it('without those that are skipped', async () => {
    expect(await sizes([lines(5)], { skip: 3 })).toEqual([2]);
  });

  it('at once when a live input pauses', async () => {
    expect(await sizes([lines(2), lines(3)], {}, true)).toEqual([2, 3]);
  });

  it('in one when an expectation is to hold, or is refused', async () => {
    expect(await sizes([lines(LIMITS.eventsPerAppend)], { single: true })).toEqual([LIMITS.eventsPerAppend]);
    await expect(sizes([lines(LIMITS.eventsPerAppend + 1)], { single: true })).rejects.toThrow(
      'one call takes 2000 events',
    );
  });

  it('none from nothing', async () => {
    expect(await sizes([''], {})).toEqual([]);
  });
});
