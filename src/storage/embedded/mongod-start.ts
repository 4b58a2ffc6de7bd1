/**
 * Starts the embedded `mongod` on its data: on the port it had before where that is free, after waiting
 * for a predecessor that is still ending. A server that was killed takes up to two seconds to be missed
 * by the process that ends its `mongod`, which then writes its files; a restart must not fail for that.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AnnalsError } from '../../kernel/annals-error';
import { inUse } from './data-folder-lock';
import type { FoundMongod } from './find-mongod';
import { MongodProcess, MongodStartError } from './mongod-process';
import { freePort, isPortFree } from './ports';
import type { OnProgress } from './progress';
import { reachPrimary } from './replica-set-state';

export const REPLICA_SET = 'annals';

/** The predecessor has been seen to end within 2.5 s; a busy disk and a large cache need longer. */
const PREDECESSOR_ENDS_WITHIN_MS = 30_000;

/** Each look is a `mongod` started and refused, which costs a tenth of a second of CPU. */
const LOOK_AGAIN_MS = 300;

/** Tries with another port when somebody is quicker to take the one that was free. */
const PORT_TRIES = 5;

/** A start that takes longer than this is worth a word: it is recovering. */
const RECOVERING_AFTER_MS = 5_000;

/** From listening to primary takes half a second; what needs longer than this has no majority. */
const PRIMARY_WITHIN_MS = 180_000;

export interface StartOptions {
  readonly dataFolder: string;
  readonly binary: FoundMongod;
  readonly onProgress: OnProgress;
  readonly cacheGb: number;
  /** A port that must be used; without it the one before, or a free one. */
  readonly port?: number;
  /** Milliseconds to wait for a `mongod` that is still on the data. */
  readonly predecessorEndsWithinMs?: number;
  readonly signal: AbortSignal;
}

export const databasePath = (dataFolder: string): string => join(dataFolder, 'mongodb');

/** Resolves when it is primary. @throws AnnalsError MONGOD_FAILED, DATA_FOLDER_IN_USE. */
export async function startOnData(options: StartOptions): Promise<MongodProcess> {
  const before = await recall(options.dataFolder);
  const deadline = Date.now() + (options.predecessorEndsWithinMs ?? PREDECESSOR_ENDS_WITHIN_MS);
  let port = options.port ?? before?.port ?? (await freePort());
  let waiting = false;
  for (let portTries = 0; ;) {
    options.signal.throwIfAborted();
    const outcome = await tryStart(port, options);
    if (outcome instanceof MongodProcess) {
      await remember(options.dataFolder, { port, version: options.binary.version });
      return outcome;
    }
    if (outcome.failure === 'other') throw failed(outcome.lines, options, before);
    const holder = await lockedBy(options.dataFolder);
    // A taken port tells nothing about the data, unless the process that is recorded on the data still
    // lives, or has ended since: then the port is free again.
    const ofOurs = port === before?.port && (holder !== undefined || (await isPortFree(port)));
    const predecessor = outcome.failure === 'data-in-use' || ofOurs;
    if (predecessor && Date.now() < deadline) {
      if (!waiting) options.onProgress({ kind: 'step', text: 'Waiting for the mongod before to end' });
      waiting = true;
      await delay(LOOK_AGAIN_MS, undefined, { signal: options.signal });
    } else if (outcome.failure === 'data-in-use') {
      throw inUse(options.dataFolder, holder === undefined ? {} : { pid: holder });
    } else if (options.port !== undefined || portTries >= PORT_TRIES) {
      throw failed([`port ${port} is in use`], options, before);
    } else {
      portTries += 1;
      port = await freePort();
    }
  }
}

async function tryStart(port: number, options: StartOptions): Promise<MongodProcess | MongodStartError> {
  // Asked first, since a mongod that finds its port taken needs a second to say so.
  if (!(await isPortFree(port))) return new MongodStartError('port-taken', [], undefined);
  const patience = setTimeout(() => {
    options.onProgress({ kind: 'step', text: 'mongod is still recovering its data' });
  }, RECOVERING_AFTER_MS);
  try {
    const mongod = await MongodProcess.launch({
      binary: options.binary,
      dbPath: databasePath(options.dataFolder),
      port,
      replicaSet: REPLICA_SET,
      cacheGb: options.cacheGb,
    });
    await untilPrimary(mongod, options);
    return mongod;
  } catch (error) {
    if (error instanceof MongodStartError) return error;
    throw error;
  } finally {
    clearTimeout(patience);
  }
}

async function untilPrimary(mongod: MongodProcess, options: StartOptions): Promise<void> {
  const ended = new AbortController();
  void mongod.exit.then(() => ended.abort());
  try {
    await reachPrimary({
      name: REPLICA_SET,
      hosts: [mongod.host],
      signal: AbortSignal.any([ended.signal, options.signal, AbortSignal.timeout(PRIMARY_WITHIN_MS)]),
    });
  } catch (error) {
    await mongod.stop();
    options.signal.throwIfAborted();
    throw new MongodStartError('other', [...mongod.lastLines, `It listened, but: ${String(error)}`], error);
  }
}

function failed(lines: readonly string[], options: StartOptions, before: Remembered | undefined): AnnalsError {
  const { binary, dataFolder } = options;
  const otherVersion =
    before === undefined || before.version === binary.version
      ? []
      : [
          `The data was last written by mongod ${before.version}; one major version further is the most that MongoDB ` +
            'opens. Name a fitting binary with ANNALS_MONGOD.',
        ];
  return new AnnalsError(
    'MONGOD_FAILED',
    [
      `mongod ${binary.version} (${binary.path}) did not start on ${databasePath(dataFolder)}:`,
      ...lines,
      ...otherVersion,
    ].join('\n  '),
    { metadata: { dataFolder, binary: binary.path } },
  );
}

/** The process recorded in `mongod`'s lock file, when it lives. A `mongod` that ends well empties the file. */
async function lockedBy(dataFolder: string): Promise<number | undefined> {
  const text = await readFile(join(databasePath(dataFolder), 'mongod.lock'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!(pid > 0)) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

/** What is kept about the `mongod` beside its data: its port, so that URLs go on working, and its version. */
const Remembered = z.object({ port: z.int().min(1).max(65_535), version: z.string() });
type Remembered = z.infer<typeof Remembered>;

const rememberedPath = (dataFolder: string): string => join(dataFolder, 'mongod.json');

async function recall(dataFolder: string): Promise<Remembered | undefined> {
  try {
    return Remembered.parse(JSON.parse(await readFile(rememberedPath(dataFolder), 'utf8')));
  } catch {
    return undefined; // the first start, or a file that a crash cut short: another port is all that is lost
  }
}

async function remember(dataFolder: string, facts: Remembered): Promise<void> {
  await writeFile(rememberedPath(dataFolder), `${JSON.stringify(facts)}\n`);
}
