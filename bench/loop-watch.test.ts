import { setTimeout as pause } from 'node:timers/promises';
import { LoopWatch } from './loop-watch';

const BLOCK_MS = 60;

/** Nothing else runs meanwhile. */
function holdUp(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('the watch over an event loop', () => {
  it('sees the longest time for which it was held up', async () => {
    const watch = new LoopWatch();
    watch.start();
    await pause(1);
    holdUp(BLOCK_MS);
    await pause(1);
    const longest = watch.stop();
    expect(longest?.wallMs).toBeGreaterThanOrEqual(BLOCK_MS);
    expect(longest?.ownMs).toBeGreaterThan(0);
    expect(longest?.ownMs).toBeLessThanOrEqual(longest?.wallMs ?? 0);
  });

  it('begins anew each time', async () => {
    const watch = new LoopWatch();
    watch.start();
    await pause(1);
    holdUp(BLOCK_MS);
    watch.start();
    expect(watch.stop()).toEqual({ ownMs: 0, wallMs: 0 });
    expect(watch.stop()).toBeUndefined();
  });
});
