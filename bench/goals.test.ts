import type { Blocks } from './blocking';
import { goals } from './goals';
import type { Result } from './result';
import type { Figures, SideFigures } from './rounds';

interface Given {
  readonly rate?: number;
  readonly ratio?: number;
  readonly floorP50?: number;
  readonly p50?: number;
  readonly p99?: number;
}

function figures({ rate = 1, ratio = 1, floorP50 = 1, p50 = 1, p99 = 1 }: Given): Figures {
  const side = (median: number, waits: { p50: number; p99: number }): SideFigures => ({
    how: '',
    eventsPerSecond: { median, low: median, high: median },
    waitsMs: { ...waits, longest: waits.p99, count: 1 },
    cpuMicros: { client: 0, server: 0, mongod: 0 },
  });
  return {
    rounds: 1,
    floor: side(rate / ratio, { p50: floorP50, p99: floorP50 }),
    annals: side(rate, { p50, p99 }),
    ratio: { median: ratio, low: ratio, high: ratio },
  };
}

const rate = (name: string, given: Given): Result => ({ kind: 'rate', name, title: '', figures: figures(given) });
const met = (result: Result): boolean[] => goals([result]).map((goal) => goal.met);

describe('goals', () => {
  it('serial append: its p50 is at most 0.4 ms above the floor', () => {
    expect(met(rate('serial', { floorP50: 1, p50: 1.39 }))).toEqual([true]);
    expect(met(rate('serial', { floorP50: 1, p50: 1.41 }))).toEqual([false]);
  });

  it('64 in flight: 20,000 events a second', () => {
    expect(met(rate('in-flight-64', { rate: 20_000 }))).toEqual([true]);
    expect(met(rate('in-flight-64', { rate: 19_999 }))).toEqual([false]);
  });

  it('calls of 1000: 0.8 of raw inserts, whatever the rate', () => {
    expect(met(rate('calls-1000', { ratio: 0.8, rate: 10 }))).toEqual([true]);
    expect(met(rate('calls-1000', { ratio: 0.79, rate: 1e6 }))).toEqual([false]);
  });

  it('catch-up in BSON: 200,000 events a second', () => {
    expect(met(rate('catch-up-bson', { rate: 200_000 }))).toEqual([true]);
    expect(met(rate('catch-up-bson', { rate: 199_999 }))).toEqual([false]);
  });

  it('live: p99 within two raw commits', () => {
    const live = (p99: number): Result => ({
      ...{ kind: 'latency', name: 'latency', title: '', figures: figures({ floorP50: 1.5, p99 }) },
      acknowledgedMs: { p50: 1, p99: 1, longest: 1, count: 1 },
    });
    expect(met(live(3))).toEqual([true]);
    expect(met(live(3.1))).toEqual([false]);
  });

  it('a link between two servers: 20,000 events a second, and p99 within four raw commits', () => {
    expect(met(rate('relay-between', { rate: 20_000 }))).toEqual([true]);
    expect(met(rate('relay-between', { rate: 19_999 }))).toEqual([false]);
    const live = (p99: number): Result => ({
      ...{ kind: 'latency', name: 'relay-latency-between', title: '', figures: figures({ floorP50: 1.5, p99 }) },
      acknowledgedMs: { p50: 1, p99: 1, longest: 1, count: 1 },
    });
    expect(met(live(6))).toEqual([true]);
    expect(met(live(6.1))).toEqual([false]);
  });

  it('ordered sequences: a step within six raw commits, a sequence of three within ten, in 99 of 100 cases', () => {
    const live = (name: string, p99: number): Result => ({
      ...{ kind: 'latency', name, title: '', figures: figures({ floorP50: 1.5, p99 }) },
      acknowledgedMs: { p50: 1, p99: 1, longest: 1, count: 1 },
    });
    expect(met(live('step-latency', 9))).toEqual([true]);
    expect(met(live('step-latency', 9.1))).toEqual([false]);
    expect(met(live('saga-latency', 15))).toEqual([true]);
    expect(met(live('saga-latency', 15.1))).toEqual([false]);
  });

  it('an observer with one client: 100,000 events a second', () => {
    expect(met(rate('observe', { rate: 100_000 }))).toEqual([true]);
    expect(met(rate('observe', { rate: 99_999 }))).toEqual([false]);
  });

  it('append to handler: p99 within two raw commits and 2 ms', () => {
    const live = (p99: number): Result => ({
      ...{ kind: 'latency', name: 'observe-latency', title: '', figures: figures({ floorP50: 1.5, p99 }) },
      acknowledgedMs: { p50: 1, p99: 1, longest: 1, count: 1 },
    });
    expect(met(live(5))).toEqual([true]);
    expect(met(live(5.1))).toEqual([false]);
  });

  it('a hundred idle observers: appends keep 0.95 of their rate', () => {
    expect(met(rate('idle-observers', { ratio: 0.95 }))).toEqual([true]);
    expect(met(rate('idle-observers', { ratio: 0.94 }))).toEqual([false]);
  });

  it('blocking: no batch holds the event loop up for longer than 20 ms', () => {
    const all = (ms: number): Blocks => {
      const alike = { median: ms, low: ms, high: ms };
      return { own: alike, wall: { ...alike, high: 100 } };
    };
    const blocking = (longest: number): Result => ({
      ...{ kind: 'blocking', name: 'blocking', title: '' },
      figures: { batches: 2, plain: all(1), checked: all(longest) },
    });
    expect(met(blocking(20))).toEqual([true]);
    expect(met(blocking(20.1))).toEqual([false]);
  });

  it('memory: under 250 MB, and flat', () => {
    const memory = (peak: number, growth: number): Result => ({
      ...{ kind: 'memory', name: 'memory', title: '' },
      figures: { before: 0, peak, growth, events: 0, samples: [] },
    });
    expect(met(memory(249e6, 0.01))).toEqual([true, true]);
    expect(met(memory(250e6, 0.06))).toEqual([false, false]);
  });

  it('there is none for the other measures', () => {
    expect(met(rate('calls-10', {}))).toEqual([]);
  });
});
