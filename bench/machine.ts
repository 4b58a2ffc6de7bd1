/** The machine and the versions that figures are from; without them a figure means nothing. */
import { cpus, loadavg, totalmem, type } from 'node:os';
import { VERSION } from '../src/server/version';

export interface Machine {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryBytes: number;
  readonly system: string;
  /** Processes that wanted a CPU in the minute before: what else was going on. */
  readonly loadBefore: number;
  readonly node: string;
  readonly mongod: string;
  readonly annals: string;
}

export function machine(mongodVersion: string): Machine {
  const all = cpus();
  return {
    cpus: all.length,
    cpuModel: all[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${type()} ${process.arch}`,
    loadBefore: loadavg()[0] ?? Number.NaN,
    node: process.versions.node,
    mongod: mongodVersion,
    annals: VERSION,
  };
}
