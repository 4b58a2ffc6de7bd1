import { growth } from './memory';

describe('growth of memory', () => {
  it('is about nothing for a heap that goes up and down', () => {
    const saw = Array.from({ length: 400 }, (_, i) => 100 + (i % 10));
    expect(growth(saw)).toBeCloseTo(0, 2);
  });

  it('leaves out the beginning, in which buffers fill', () => {
    const filling = Array.from({ length: 400 }, (_, i) => Math.min(100, 10 + i));
    expect(growth(filling)).toBeCloseTo(0, 2);
  });

  it('shows a leak', () => {
    const leaking = Array.from({ length: 400 }, (_, i) => 100 + i);
    expect(growth(leaking)).toBeGreaterThan(0.5);
  });
});
