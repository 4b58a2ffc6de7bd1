/**
 * Ports for a `mongod` of ours. They are taken below the range from which systems give out ports for
 * outgoing connections (32768 and up on Linux, 49152 elsewhere): a port from that range may be taken by
 * any connection while a killed `mongod` is away, even by the driver's own attempt to reach it.
 */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** With this many misses in a row something else is wrong than a busy machine. */
const TRIES = 50;

export const LOOPBACK = '127.0.0.1';

/** Whether nothing listens on the port of the loopback address. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: LOOPBACK, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
}
