/**
 * Fetches `mongod` from MongoDB's download site with the downloader of mongodb-memory-server, which knows
 * the archive for each system. It runs in a process of its own: it prints to the console, takes its
 * settings from the environment, and must be stoppable when the network only swallows packets.
 */

import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkBinary } from './mongod-binary';
import { installBinary, withStaging } from './mongod-cache';
import type { OnProgress } from './progress';
import { lastLine, runTool } from './run-tool';

/** A network that lets nothing out often drops packets without a word. An open one sends the first bytes within a second or two. */
const FIRST_BYTES_WITHIN_MS = 20_000;

const MIB = 1024 * 1024;

/** What the other process runs: arguments are the downloader's module and the folder to download to. */
const DOWNLOADER = `
const [, downloader, downloadDir] = process.argv;
require(downloader).MongoBinary.getPath({ downloadDir }).then(
  (path) => console.log('\\n' + JSON.stringify({ path })),
  (error) => { console.error(String(error && error.message || error)); process.exit(1); },
);`;

/** Resolves to the binary's place in the cache. Rejects with the reason, after one attempt. */
export async function fetchByDownload(options: {
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
}): Promise<{ path: string; version: string }> {
  return withStaging(options.cache, async (staging) => {
    const downloaded = await download(staging, options.env, options.onProgress);
    const check = await checkBinary(downloaded, options.env);
    if (!check.usable) throw new Error(check.reason);
    // Settings of the downloader's own can put the file elsewhere; that one stays where its owner wants it.
    const ready = dirname(downloaded) === staging ? downloaded : join(staging, 'mongod');
    if (ready !== downloaded) await copyFile(downloaded, ready, constants.COPYFILE_FICLONE);
    return { path: await installBinary(options.cache, ready, check.version), version: check.version };
  });
}

async function download(staging: string, env: NodeJS.ProcessEnv, onProgress: OnProgress): Promise<string> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), FIRST_BYTES_WITHIN_MS);
  const result = await runTool(
    process.execPath,
    ['-e', DOWNLOADER, require.resolve('mongodb-memory-server-core'), staging],
    {
      cwd: staging,
      signal: silence.signal,
      env: {
        ...env,
        MONGOMS_MAX_RETRIES: '1',
        // Left alone, the downloader accepts any certificate, and we would run what anybody sent us.
        npm_config_strict_ssl: env['npm_config_strict_ssl'] ?? 'true',
      },
      onStdout: (text) => {
        const bytes = parseProgress(text);
        if (bytes === undefined) return;
        clearTimeout(timer);
        onProgress({ kind: 'bytes', what: 'MongoDB', ...bytes });
      },
    },
  );
  clearTimeout(timer);
  if (result.kind === 'missing') throw new Error(result.reason);
  if (result.kind === 'killed') {
    throw new Error(`nothing came within ${FIRST_BYTES_WITHIN_MS / 1000} s`);
  }
  if (result.code !== 0) throw new Error(lastLine(result.stderr) || `the download ended with ${result.code}`);
  const path = /\{"path":(".*")\}\s*$/.exec(result.stdout)?.[1];
  if (path === undefined) throw new Error('the download did not say where it is');
  // The line is made by DOWNLOADER above, of one string.
  return JSON.parse(path) as string;
}

/** Bytes from a line such as `Downloading MongoDB "8.2.6": 12.3% (9.8mb / 80.1mb)`; its "mb" are MiB. */
export function parseProgress(text: string): { done: number; total: number } | undefined {
  const parts = /\((\d+(?:\.\d+)?)mb \/ (\d+(?:\.\d+)?)mb\)/.exec(text);
  return parts === null
    ? undefined
    : { done: Math.round(Number(parts[1]) * MIB), total: Math.round(Number(parts[2]) * MIB) };
}
