/** A server's process reduced to its embedded MongoDB, for the suite that kills it. Argument: the data folder. */

import { startEmbeddedMongod } from '../../src/storage/embedded/embedded-mongod';

async function main(dataFolder: string): Promise<void> {
  const { pid, url } = await startEmbeddedMongod({ dataFolder, onProgress: () => undefined, cacheGb: 0.25 });
  process.stdout.write(`${JSON.stringify({ pid, url })}\n`);
}

void main(process.argv[2] ?? '');
