/**
 * The MongoDB that comes with Annals: a replica set of one on a folder of the user's, found or fetched,
 * started, held by one server at a time, started again when it dies, and stopped with its data kept.
 */

import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AnnalsError } from '../../kernel/annals-error';
import { lockDataFolder, type DataFolderLock } from './data-folder-lock';
import { findMongod, type FoundMongod } from './find-mongod';
import type { MongodProcess } from './mongod-process';
import { databasePath, REPLICA_SET, startOnData } from './mongod-start';
import type { OnProgress } from './progress';

/**
 * WiredTiger's cache when none is asked for. Its own default is half of the machine's memory; the log is
 * read from its end, which fits half a GiB, and the rest is the file system's to cache.
 */
const DEFAULT_CACHE_GB = 0.5;

/**
 * Waits before each try to start a `mongod` that died: the first at once, then with room for whatever
 * kills it. When as many tries in a row have failed, it is given up; one that does start is never.
 */
const RESTART_AFTER_MS = [0, 500, 1_000, 2_000, 4_000, 8_000] as const;

/** One that stayed up this long is started again without a wait. */
const STEADY_AFTER_MS = 10_000;

/** What becomes of the `mongod` while the server lives. */
export type MongodEvent =
  | { readonly kind: 'died'; readonly pid: number; readonly reason: string }
  | { readonly kind: 'restarted'; readonly pid: number }
  | { readonly kind: 'restart-failed'; readonly reason: string };

export interface EmbeddedMongodOptions {
  readonly dataFolder: string;
  readonly onProgress: OnProgress;
  readonly onEvent?: (event: MongodEvent) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Must be free; without it, the port before or a free one is taken. */
  readonly port?: number;
  /** WiredTiger's cache in GiB, 0.25 or more. */
  readonly cacheGb?: number;
  /** Milliseconds to wait for a `mongod` of a killed server that is still on the data. */
  readonly predecessorEndsWithinMs?: number;
}

export interface EmbeddedMongod {
  readonly url: string;
  /** Of the `mongod` that runs now. */
  readonly pid: number;
  readonly binary: FoundMongod;
  readonly version: string;
  readonly dataFolder: string;
  /** Settles when there is no `mongod` any more: stopped, or dead with every try to start it used up. */
  readonly ended: Promise<{ readonly stopped: boolean; readonly reason: string }>;
  /** Tells the server's address to whoever tries the same data folder. */
  announce(address: string): void;
  /** Stops it with its data kept. May be called again. */
  stop(): Promise<void>;
}

/** @throws AnnalsError DATA_FOLDER_IN_USE, MONGOD_NOT_FOUND, MONGOD_FAILED. */
export async function startEmbeddedMongod(options: EmbeddedMongodOptions): Promise<EmbeddedMongod> {
  await makeFolder(options.dataFolder);
  const lock = await lockDataFolder(options.dataFolder);
  try {
    const binary = await findMongod({ env: options.env ?? process.env, onProgress: options.onProgress });
    options.onProgress({ kind: 'step', text: `Starting mongod ${binary.version} (${binary.path})` });
    const stopping = new AbortController();
    const start = async (port: number | undefined) =>
      startOnData({
        dataFolder: options.dataFolder,
        binary,
        onProgress: options.onProgress,
        cacheGb: options.cacheGb ?? DEFAULT_CACHE_GB,
        ...(port === undefined ? {} : { port }),
        ...(options.predecessorEndsWithinMs === undefined
          ? {}
          : { predecessorEndsWithinMs: options.predecessorEndsWithinMs }),
        signal: stopping.signal,
      });
    const first = await start(options.port);
    return new Supervisor(options, binary, lock, first, start, stopping);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function makeFolder(dataFolder: string): Promise<void> {
  try {
    await mkdir(databasePath(dataFolder), { recursive: true });
  } catch (error) {
    throw new AnnalsError('MONGOD_FAILED', `The data folder ${dataFolder} cannot be made: ${messageOf(error)}`, {
      metadata: { dataFolder },
      cause: error,
    });
  }
}

/** Keeps one `mongod` running on the same port and data until it is stopped. */
class Supervisor implements EmbeddedMongod {
  readonly url: string;
  readonly ended: EmbeddedMongod['ended'];
  readonly #port: number;
  readonly #watched: Promise<void>;
  #current: MongodProcess;
  #stopped: Promise<void> | undefined;
  #end: (facts: { stopped: boolean; reason: string }) => void = () => undefined;

  constructor(
    private readonly options: EmbeddedMongodOptions,
    readonly binary: FoundMongod,
    private readonly lock: DataFolderLock,
    first: MongodProcess,
    private readonly start: (port: number) => Promise<MongodProcess>,
    private readonly stopping: AbortController,
  ) {
    this.#current = first;
    this.#port = Number(first.host.split(':')[1]);
    this.url = `mongodb://${first.host}/?replicaSet=${REPLICA_SET}`;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#watched = this.#watch();
  }

  get pid(): number {
    return this.#current.pid;
  }

  get version(): string {
    return this.binary.version;
  }

  get dataFolder(): string {
    return this.options.dataFolder;
  }

  announce(address: string): void {
    this.lock.announce(address);
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async #stop(): Promise<void> {
    this.stopping.abort(); // first, so that its exit is not taken for a death, and a restart under way gives up
    await this.#current.stop();
    await this.#watched;
    await this.#current.stop(); // a restart may have won against the abort
    await this.lock.release();
    this.#end({ stopped: true, reason: 'it was stopped' });
  }

  async #watch(): Promise<void> {
    let deaths = 0;
    while (!this.stopping.signal.aborted) {
      const since = performance.now();
      const { code, signal } = await this.#current.exit;
      if (this.stopping.signal.aborted) return;
      deaths = performance.now() - since > STEADY_AFTER_MS ? 0 : deaths;
      const reason = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
      this.options.onEvent?.({ kind: 'died', pid: this.#current.pid, reason });
      if (!(await this.#restart(deaths))) {
        if (!this.stopping.signal.aborted) this.#end({ stopped: false, reason: `${reason}, and did not start again` });
        return;
      }
      deaths += 1;
    }
  }

  /** Whether it runs again. `deaths` is how often it died shortly before, for the wait. */
  async #restart(deaths: number): Promise<boolean> {
    for (let failures = 0; failures < RESTART_AFTER_MS.length; failures += 1) {
      const wait = RESTART_AFTER_MS[Math.min(deaths + failures, RESTART_AFTER_MS.length - 1)];
      try {
        await delay(wait, undefined, { signal: this.stopping.signal });
        this.#current = await this.start(this.#port);
        this.options.onEvent?.({ kind: 'restarted', pid: this.#current.pid });
        return true;
      } catch (error) {
        if (this.stopping.signal.aborted) return false;
        this.options.onEvent?.({ kind: 'restart-failed', reason: messageOf(error) });
      }
    }
    return false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
