import { atRate, keepInFlight } from './in-flight';

describe('calls in flight', () => {
  it('are each made once, in order, and never more at once than asked for', async () => {
    const begun: number[] = [];
    let open = 0;
    let most = 0;
    const waits = await keepInFlight(50, 8, async (index) => {
      begun.push(index);
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
    });
    expect(begun).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(most).toBe(8);
    expect(waits).toHaveLength(50);
  });

  it('fail as the first of them that fails', async () => {
    await expect(keepInFlight(3, 2, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});

describe('calls at a rate', () => {
  it('do not wait for the answers of those before', async () => {
    let answer = (): void => undefined;
    const first = new Promise<void>((resolve) => (answer = resolve));
    const begun: number[] = [];
    await atRate(3, 1_000, async (index) => {
      begun.push(index);
      if (index === 2) answer();
      await first;
    });
    expect(begun).toEqual([0, 1, 2]);
  });
});
