/** A folder for one test, gone when it is done with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeTempFolder(purpose = 'test'): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `annals-${purpose}-`));
  // A database that was just killed may still be letting go of its files.
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
