/** A `mongod` of the benchmark's own, on a temporary folder that goes with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedMongod, type EmbeddedMongod } from '../src/storage/embedded/embedded-mongod';

/** Runs what was put on it, last first. */
export type Undo = (() => Promise<unknown>)[];

export const undoAll = async (undo: Undo): Promise<void> => {
  for (const step of undo.splice(0).reverse()) await step();
};

export async function startMongod(undo: Undo, tell: (text: string) => void): Promise<EmbeddedMongod> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'annals-bench-'));
  undo.push(() => rm(dataFolder, { recursive: true, force: true }));
  const mongod = await startEmbeddedMongod({
    dataFolder,
    onProgress: (progress) => {
      if (progress.kind === 'step') tell(progress.text);
    },
  });
  undo.push(() => mongod.stop());
  return mongod;
}
