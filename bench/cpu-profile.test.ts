import type { Profiler } from 'node:inspector';
import { CpuProfiler, shortPath, summarise } from './cpu-profile';

const frame = (functionName: string, url = '', lineNumber = -1) => ({
  functionName,
  url,
  lineNumber,
  scriptId: '0',
  columnNumber: 0,
});

const PROFILE: Profiler.Profile = {
  startTime: 0,
  endTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('decode', 'file:///home/me/annals/dist/src/contract/codec.js', 9) },
    { id: 3, callFrame: frame('write', 'node:net', 99) },
    // The same function under another caller.
    { id: 4, callFrame: frame('decode', 'file:///home/me/annals/dist/src/contract/codec.js', 9) },
  ],
  samples: [1, 2, 3, 4],
  timeDeltas: [5, 200, 300, 100, 400],
};

describe('the summary of a profile', () => {
  it('tells the part of the time that the process had work, and of that the part of each function', () => {
    expect(summarise([PROFILE])).toEqual({
      busy: 0.8,
      functions: [
        { name: 'decode', place: 'dist/src/contract/codec.js:10', share: 700 / 800 },
        { name: 'write', place: 'node:net:100', share: 100 / 800 },
      ],
    });
  });

  it('adds up several profiles of one process', () => {
    expect(summarise([PROFILE, PROFILE])).toEqual(summarise([PROFILE]));
  });

  it('of nothing is nothing', () => {
    expect(summarise([])).toEqual({ busy: 0, functions: [] });
  });
});

describe('a place in a profile', () => {
  it('is named without what lies above the project', () => {
    expect(shortPath('file:///home/me/annals/dist/src/a.js')).toBe('dist/src/a.js');
    expect(shortPath('/home/me/annals/node_modules/bson/lib/bson.cjs')).toBe('node_modules/bson/lib/bson.cjs');
    expect(shortPath('node:net')).toBe('node:net');
  });
});

describe('the profiler', () => {
  it('finds the function that the time was spent in', async () => {
    const profiler = new CpuProfiler();
    await profiler.start();
    const until = performance.now() + 100;
    function burnsTime(): void {
      while (performance.now() < until) Math.sqrt(until);
    }
    burnsTime();
    const { functions } = summarise([await profiler.stop()]);
    expect(functions.map(({ name }) => name)).toContain('burnsTime');
  });
});
