/** Profiles of the server and of the client during Annals' turns, left as files, and their top functions as lines. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Profiler } from 'node:inspector';
import { CpuProfiler, summarise, type ProfileSummary } from './cpu-profile';
import type { Around } from './rounds';
import type { ServerProcess } from './server-process';
import { percent, table } from './table';

/** Functions of each process that are printed. */
const FUNCTIONS_SHOWN = 25;

export interface MeasureProfile {
  readonly measure: string;
  readonly client: ProfileSummary;
  readonly server: ProfileSummary;
}

export class Profiles {
  readonly done: MeasureProfile[] = [];

  private constructor(
    private readonly folder: string,
    private readonly server: ServerProcess,
  ) {}

  static async into(folder: string, server: ServerProcess): Promise<Profiles> {
    await mkdir(folder, { recursive: true });
    return new Profiles(folder, server);
  }

  /** Runs a measure whose turns are profiled each by `around`. */
  async of<T>(measure: string, run: (around: Around) => Promise<T>): Promise<T> {
    const client: Profiler.Profile[] = [];
    const server: Profiler.Profile[] = [];
    const around: Around = async (turn) => {
      const file = (who: string): string => join(this.folder, `${measure}-${client.length + 1}-${who}.cpuprofile`);
      const profiler = new CpuProfiler();
      await this.server.startProfile();
      await profiler.start();
      const outcome = await turn();
      const [clientFile, serverFile] = [file('client'), file('server')];
      client.push(await profiler.stop());
      await this.server.stopProfile(serverFile);
      await writeFile(clientFile, JSON.stringify(client.at(-1)));
      // Written by our own profiler in the server.
      server.push(JSON.parse(await readFile(serverFile, 'utf8')) as Profiler.Profile);
      return outcome;
    };
    const outcome = await run(around);
    this.done.push({ measure, client: summarise(client), server: summarise(server) });
    return outcome;
  }
}

export function profileLines(profiles: readonly MeasureProfile[]): string[] {
  return profiles.flatMap(({ measure, client, server }) => [
    ...summaryLines(`${measure}, server`, server),
    ...summaryLines(`${measure}, client`, client),
  ]);
}

function summaryLines(title: string, { busy, functions }: ProfileSummary): string[] {
  const rows = functions.slice(0, FUNCTIONS_SHOWN).map(({ name, place, share }) => [percent(share), name, place]);
  return [
    '',
    `${title}: busy ${percent(busy)} of the time; of that by function (self time)`,
    ...table([{ heading: '', align: 'right' }, { heading: 'function' }, { heading: 'where' }], rows),
  ];
}
