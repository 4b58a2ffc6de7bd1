/**
 * One server for each data folder. The holder listens on a local socket whose name comes from the folder,
 * and tells who asks its process and address. The kernel takes the socket away when the process ends,
 * however it ends, so nothing stale is left and no process id of the past is believed.
 *
 * `mongod`'s own lock on its files stays the last word: it also sees what has another idea of local
 * sockets, such as a second container on the same volume.
 */

import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { AnnalsError } from '../../kernel/annals-error';

/** The holder answers in its event loop's next turn; one that is stopped or stuck still holds the folder. */
const ANSWERS_WITHIN_MS = 2_000;

/** Each try is a holder that ended between two of our steps, or a leftover taken away. */
const TRIES = 5;

export interface DataFolderLock {
  /** Tells the address on which the server listens, for the message to whoever comes second. */
  announce(address: string): void;
  release(): Promise<void>;
}

/** @throws AnnalsError DATA_FOLDER_IN_USE, naming the folder and its holder. The folder must exist. */
export async function lockDataFolder(dataFolder: string): Promise<DataFolderLock> {
  const name = socketName(await realpath(dataFolder));
  let address: string | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const server = await listen(name, () => ({ pid: process.pid, address }));
    if (server !== undefined) {
      return {
        announce: (listening) => {
          address = listening;
        },
        release: async () => {
          await new Promise<void>((resolve) => server.close(() => resolve()));
        },
      };
    }
    const holder = await askHolder(name);
    if (holder !== 'gone') throw inUse(dataFolder, holder);
    // Only where the name is a file can it outlive its process. Of two servers that come here at the same
    // moment both might pass; mongod's lock then refuses one of them.
    if (!isKernelName) await rm(name, { force: true });
  }
  throw inUse(dataFolder, {});
}

/** What is known of a holder. */
export interface Holder {
  readonly pid?: number;
  readonly address?: string;
}

export function inUse(dataFolder: string, holder: Holder): AnnalsError {
  const who = holder.pid === undefined ? 'another process' : `process ${holder.pid}`;
  const where = holder.address === undefined ? '' : `, which serves ${holder.address}`;
  return new AnnalsError('DATA_FOLDER_IN_USE', `${dataFolder} is in use by ${who}${where}`, {
    metadata: {
      dataFolder,
      ...(holder.pid === undefined ? {} : { pid: String(holder.pid) }),
      ...(holder.address === undefined ? {} : { address: holder.address }),
    },
  });
}

/** Linux's abstract sockets and Windows' pipes have names without files, which end with their process. */
const isKernelName = process.platform === 'linux' || process.platform === 'win32';

function socketName(realFolder: string): string {
  const hash = createHash('sha256').update(realFolder).digest('hex').slice(0, 24);
  if (process.platform === 'linux') return `\0annals-${hash}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\annals-${hash}`;
  // The user is in the name, since nobody can remove another's leftover from a shared folder.
  return join(tmpdir(), `annals-${userInfo().uid}-${hash}.sock`);
}

/** `undefined` when the name is taken. */
async function listen(
  name: string,
  holder: () => { pid: number; address: string | undefined },
): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // whoever asked went away
      socket.end(JSON.stringify(holder()));
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ path: name, exclusive: true }, () => resolve(server));
    // The lock is for as long as the process lives, and does not keep it alive.
    server.unref();
  });
}

async function askHolder(name: string): Promise<Holder | 'gone'> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path: name });
    socket.setTimeout(ANSWERS_WITHIN_MS, () => {
      socket.destroy();
      resolve({});
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.once('end', () => resolve(parseHolder(answer)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'gone' : {});
    });
  });
}

function parseHolder(answer: string): Holder {
  try {
    // Written by `listen` above, perhaps by another version of it: each part is checked.
    const { pid, address } = JSON.parse(answer) as { pid?: unknown; address?: unknown };
    return {
      ...(typeof pid === 'number' ? { pid } : {}),
      ...(typeof address === 'string' ? { address } : {}),
    };
  } catch {
    return {};
  }
}
