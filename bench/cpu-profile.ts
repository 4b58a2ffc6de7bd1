/** V8's sampling profiler in this process, and what its samples say: which functions the time was spent in. */
import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** Microseconds between two samples: fine enough for rounds of about a second, and hardly felt. */
const SAMPLE_EVERY_US = 250;

export class CpuProfiler {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await this.#session.post('Profiler.start');
  }

  async stop(): Promise<Profiler.Profile> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    return profile;
  }
}

export interface FunctionShare {
  readonly name: string;
  readonly place: string;
  /** Part of the time in which the process was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  /** Part of the whole time in which the process had work. */
  readonly busy: number;
  /** By self time, the most first. */
  readonly functions: readonly FunctionShare[];
}

/** V8's name for having nothing to do. */
const IDLE = '(idle)';

/** Self time by function over several profiles of one process. */
export function summarise(profiles: readonly Profiler.Profile[]): ProfileSummary {
  const self = new Map<string, { name: string; place: string; micros: number }>();
  let total = 0;
  let idle = 0;
  for (const profile of profiles) {
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
    profile.samples?.forEach((id, i) => {
      // The delta before the next sample is what this one stands for.
      const micros = profile.timeDeltas?.[i + 1] ?? 0;
      const frame = frames.get(id);
      total += micros;
      if (frame === undefined || frame.functionName === IDLE) {
        idle += micros;
        return;
      }
      const name = frame.functionName || '(anonymous)';
      const place = frame.url === '' ? '' : `${shortPath(frame.url)}:${frame.lineNumber + 1}`;
      const known = self.get(`${name} ${place}`);
      if (known === undefined) self.set(`${name} ${place}`, { name, place, micros });
      else known.micros += micros;
    });
  }
  const busy = Math.max(total - idle, 1);
  const functions = [...self.values()]
    .sort((a, b) => b.micros - a.micros)
    .map(({ name, place, micros }) => ({ name, place, share: micros / busy }));
  return { busy: total === 0 ? 0 : (total - idle) / total, functions };
}

/** A file as a person names it: without what lies above the project or its packages. */
export const shortPath = (url: string): string => url.replace(/^(file:\/\/)?\/.*?\/(?=dist\/|node_modules\/)/, '');
