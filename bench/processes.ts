/**
 * What the processes under measurement use: this one (the client), the server and its `mongod`, or two of each.
 * Read from /proc, which costs nothing to what is measured; elsewhere CPU is not told.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** CPU time of each process, user and system, in ms. NaN where it cannot be told. */
export interface CpuUse {
  readonly client: number;
  readonly server: number;
  readonly mongod: number;
}

export interface Processes {
  /** Since each process started. */
  cpu(): CpuUse;
  cpuSince(before: CpuUse): CpuUse;
  /** The server's resident memory, in bytes. */
  serverMemoryBytes(): number;
}

/** Linux counts CPU time in hundredths of a second on every architecture that Node runs on. */
const TICK_MS = 10;
/** Places in /proc/PID/stat, counted from the first field behind the command's closing parenthesis. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

const KIB = 1024;

/**
 * @param serverPids several are told together; memory is that of the first.
 * @param mongodPids undefined for a MongoDB that is not ours.
 */
export function processes(
  serverPids: readonly [number, ...number[]],
  mongodPids: readonly (number | undefined)[],
): Processes {
  const cpu = (): CpuUse => {
    const { user, system } = process.cpuUsage();
    return {
      client: (user + system) / 1000,
      server: sum(serverPids.map(cpuMs)),
      mongod: sum(mongodPids.map((pid) => (pid === undefined ? Number.NaN : cpuMs(pid)))),
    };
  };
  return {
    cpu,
    cpuSince: (before) => {
      const now = cpu();
      return {
        client: now.client - before.client,
        server: now.server - before.server,
        mongod: now.mongod - before.mongod,
      };
    },
    serverMemoryBytes: () => memoryBytes(serverPids[0]),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

function memoryBytes(pid: number): number {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * KIB;
  }
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'latin1' })) * KIB;
}
