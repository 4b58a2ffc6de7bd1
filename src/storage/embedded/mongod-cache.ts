/**
 * The folder in which fetched `mongod`s are kept for the next start. A binary is made ready in a staging
 * folder beside its place and renamed into it, so that of two processes that fetch at once neither ever
 * sees half a file.
 */

import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const NAME = /^mongod-(\d+)\.(\d+)\.(\d+)(?:\.exe)?$/;
const STAGING = 'fetching-';

/** What a killed fetch left is swept after this long; no fetch that still lives takes a day. */
const STAGING_KEPT_MS = 24 * 60 * 60 * 1000;

/** `$XDG_CACHE_HOME/annals` or `~/.cache/annals`; a relative XDG_CACHE_HOME is ignored, as its specification says. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CACHE_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env['HOME'] || homedir(), '.cache');
  return join(base, 'annals');
}

/** Paths of the binaries in the cache, newest version first. */
export async function cachedBinaries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => {
      const parts = NAME.exec(name);
      return parts === null ? [] : [{ name, version: parts.slice(1, 4).map(Number) }];
    })
    .sort((a, b) => compareVersions(b.version, a.version))
    .map(({ name }) => join(folder, name));
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((part, index) => part !== b[index]);
  return differing < 0 ? 0 : (a[differing] ?? 0) - (b[differing] ?? 0);
}

/** Runs `work` with an empty folder inside the cache, on the same disk as the binary's place, and removes it after. */
export async function withStaging<T>(folder: string, work: (staging: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  await sweepStaging(folder);
  const staging = await mkdtemp(join(folder, STAGING));
  try {
    return await work(staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Moves a complete binary into the cache under its version. */
export async function installBinary(folder: string, ready: string, version: string): Promise<string> {
  const place = join(folder, `mongod-${version}${process.platform === 'win32' ? '.exe' : ''}`);
  await chmod(ready, 0o755);
  await rename(ready, place);
  return place;
}

async function sweepStaging(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((candidate) => candidate.startsWith(STAGING))) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined); // another process may have swept it just now
    if (facts !== undefined && Date.now() - facts.mtimeMs > STAGING_KEPT_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
