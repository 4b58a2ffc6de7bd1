/**
 * One run of one `mongod`, as a member of a replica set. It stands on mongodb-memory-server's
 * `MongoInstance`, which spawns it, starts the process that ends it when we are gone, and shuts it down
 * by command. What is changed here is what a database that keeps its data needs: the log read line by
 * line and kept, the exit told, and a terminal's Ctrl-C kept away from it.
 */

import { StringDecoder } from 'node:string_decoder';
import { MongoInstance } from 'mongodb-memory-server-core';
import type { ChildProcess } from 'node:child_process';
import type { FoundMongod } from './find-mongod';
import { MongodLog, type StartFailure } from './mongod-log';
import { LOOPBACK } from './ports';

/**
 * Room for WiredTiger to recover a large journal after a crash. A start that fails is seen by its exit,
 * so this bounds only a `mongod` that hangs.
 */
const START_WITHIN_MS = 5 * 60_000;

/** The oplog's bound; without it, it takes 5 % of the disk. One node has nobody to feed, and change streams here are wake-ups. */
const OPLOG_MB = 990;

/**
 * How long a `mongod` told to end by a signal goes on answering. Its default of 15 s is for members that
 * step in; here it would be the time for which a killed server's successor waits.
 */
const QUIESCE_MS = 100;

/** Room for the last checkpoint of a busy disk. After it the journal has to do, which is made for that. */
const STOP_WITHIN_MS = 30_000;

/**
 * How long a transaction may stay open. One that a killed server leaves behind holds the next number of its log, and
 * with it every append of every server, until the database ends it; MongoDB's default is a minute and a half in effect.
 * Ours take milliseconds, and the largest less than a second.
 */
const TRANSACTION_LIFETIME_S = 5;

export interface MongodOptions {
  readonly binary: Pick<FoundMongod, 'path' | 'version'>;
  readonly dbPath: string;
  readonly port: number;
  readonly replicaSet: string;
  /** WiredTiger's cache in GiB; at least 0.25. */
  readonly cacheGb: number;
}

export interface MongodExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Thrown by `MongodProcess.launch` when the `mongod` ended instead of listening. */
export class MongodStartError extends Error {
  override readonly name = 'MongodStartError';

  constructor(
    readonly failure: StartFailure,
    readonly lines: readonly string[],
    cause: unknown,
  ) {
    super(`mongod did not start: ${lines.at(-1) ?? 'it said nothing'}`, { cause });
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

export class MongodProcess extends MongoInstance {
  readonly #binary: string;
  readonly #log = new MongodLog();
  readonly #decoder = new StringDecoder('utf8');
  #unfinished = '';
  #listening = false;
  #pid = 0;
  #onExit: (exit: MongodExit) => void = () => undefined;
  /** Settles when the process has ended, for whatever reason. */
  readonly exit: Promise<MongodExit>;

  private constructor(options: MongodOptions) {
    super({
      instance: {
        dbPath: options.dbPath,
        port: options.port,
        ip: LOOPBACK,
        replSet: options.replicaSet,
        storageEngine: 'wiredTiger',
        launchTimeout: START_WITHIN_MS,
        args: [
          '--wiredTigerCacheSizeGB',
          String(options.cacheGb),
          '--oplogSize',
          String(OPLOG_MB),
          '--setParameter',
          `shutdownTimeoutMillisForSignaledShutdown=${QUIESCE_MS}`,
          '--setParameter',
          `transactionLifetimeLimitSeconds=${TRANSACTION_LIFETIME_S}`,
          '--quiet',
          // A socket file in /tmp that a `kill -9` leaves behind can keep another user's mongod from starting.
          ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
        ],
      },
      // The version is told so that it isn't compared with another one, and warned about.
      binary: { systemBinary: options.binary.path, version: options.binary.version },
      // A process group of its own: Ctrl-C is for the server, which drains and then stops its mongod.
      spawn: { detached: true },
    });
    this.#binary = options.binary.path;
    this.exit = new Promise((resolve) => {
      this.#onExit = resolve;
    });
  }

  /** Resolves when it listens. @throws MongodStartError when it ends before. */
  static async launch(options: MongodOptions): Promise<MongodProcess> {
    const mongod = new MongodProcess(options);
    try {
      await mongod.start();
    } catch (error) {
      await mongod.stop();
      throw new MongodStartError(mongod.#log.failure, mongod.#log.telling, error);
    }
    mongod.#listening = true;
    return mongod;
  }

  get pid(): number {
    return this.#pid;
  }

  get host(): string {
    return `${LOOPBACK}:${this.instanceOpts.port}`;
  }

  /** The lines that matter of what it printed last. */
  get lastLines(): readonly string[] {
    return this.#log.telling;
  }

  /**
   * By signal where there are signals, which is a clean shutdown to `mongod`: the library's way connects
   * first, and waits and warns where the process is dying already.
   */
  override async stop(): Promise<boolean> {
    const child = this.mongodProcess;
    if (process.platform !== 'win32' && child !== undefined && !hasEnded(child)) {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await this.exit;
      clearTimeout(impatience);
    }
    return super.stop();
  }

  /** The binary is the one that was found, whatever other settings of the library say. */
  override _launchMongod(_found: string): ChildProcess {
    const child = super._launchMongod(this.#binary);
    this.#pid = child.pid ?? 0;
    return child;
  }

  override closeHandler(code: number | null, signal: string | null): void {
    super.closeHandler(code, signal);
    this.#onExit({ code, signal });
  }

  /** In whole lines: the library looks for its words in chunks, which can end in the middle of one. */
  override stdoutHandler(chunk: string | Buffer): void {
    const lines = (this.#unfinished + (typeof chunk === 'string' ? chunk : this.#decoder.write(chunk))).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) {
      this.#log.add(line);
      // Once it listens the library has nothing more to learn, and a logged query could hold its words.
      if (!this.#listening) super.stdoutHandler(line);
    }
  }

  override stderrHandler(chunk: string | Buffer): void {
    for (const line of chunk.toString().trim().split('\n')) this.#log.add(line);
  }

  /** Failures are read from the log once the process has ended; the library would begin to stop it while it still ends. */
  protected override checkErrorInLine(_line: string): void {
    // Nothing on purpose.
  }
}
