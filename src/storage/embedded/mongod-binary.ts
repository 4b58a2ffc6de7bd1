/**
 * Asks a file whether it is a `mongod` that runs on this machine and is new enough. A binary of another
 * system, or one that lacks a library, shows here and not in the middle of a start.
 */

import { lastLine, runTool } from './run-tool';

/** Clustered collections came with 5.3; the first release line that has them is 6.0. */
export const OLDEST_MAJOR = 6;

/** A binary on a cold network disk may take seconds to load; one that takes longer than this hangs. */
const VERSION_WITHIN_MS = 15_000;

export type BinaryCheck =
  { readonly usable: true; readonly version: string } | { readonly usable: false; readonly reason: string };

export async function checkBinary(path: string, env: NodeJS.ProcessEnv): Promise<BinaryCheck> {
  const result = await runTool(path, ['--version'], { env, timeoutMs: VERSION_WITHIN_MS });
  if (result.kind === 'missing') return { usable: false, reason: result.reason };
  const version = /db version v(\d+\.\d+\.\d+)/.exec(result.stdout)?.[1];
  if (version === undefined) {
    const said = lastLine(result.stderr) || lastLine(result.stdout) || 'it said nothing';
    return { usable: false, reason: `it does not run here: ${said}` };
  }
  return Number.parseInt(version, 10) >= OLDEST_MAJOR
    ? { usable: true, version }
    : { usable: false, reason: `it is version ${version}; Annals needs ${OLDEST_MAJOR}.0 or newer` };
}
