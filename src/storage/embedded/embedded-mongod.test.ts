import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MongoClient } from 'mongodb';
import { awaitFact } from '../../../test/support/await-fact';
import { makeTempFolder, type TempFolder } from '../../../test/support/temp-folder';
import {
  startEmbeddedMongod,
  type EmbeddedMongod,
  type EmbeddedMongodOptions,
  type MongodEvent,
} from './embedded-mongod';
import { findMongod } from './find-mongod';
import { MongodProcess } from './mongod-process';
import { databasePath, REPLICA_SET } from './mongod-start';
import { freePort } from './ports';

const SECOND = 1_000;

const portOf = (mongod: EmbeddedMongod): number => Number(new URL(mongod.url).port);

async function withNotes<T>(url: string, work: (notes: ReturnType<typeof notesOf>) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 20 * SECOND });
  try {
    return await work(notesOf(client));
  } finally {
    await client.close();
  }
}

const notesOf = (client: MongoClient) =>
  client.db('suite').collection<{ _id: string }>('notes', { writeConcern: { w: 'majority', journal: true } });

const write = async (url: string, id: string) => withNotes(url, async (notes) => notes.insertOne({ _id: id }));
const read = async (url: string) =>
  withNotes(url, async (notes) => (await notes.find().sort({ _id: 1 }).toArray()).map((note) => note._id));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the embedded MongoDB', () => {
  let folder: TempFolder;
  let running: EmbeddedMongod[];
  const start = async (more: Partial<EmbeddedMongodOptions> = {}): Promise<EmbeddedMongod> => {
    const mongod = await startEmbeddedMongod({
      dataFolder: folder.path,
      onProgress: () => undefined,
      cacheGb: 0.25,
      ...more,
    });
    running.push(mongod);
    return mongod;
  };

  beforeEach(async () => {
    folder = await makeTempFolder('embedded');
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map(async (mongod) => mongod.stop()));
    await folder.remove();
  });

  it('comes back with its data and its port after a stop', async () => {
    const first = await start();
    await write(first.url, 'kept');
    await first.stop();
    await expect(first.ended).resolves.toMatchObject({ stopped: true });
    expect(isAlive(first.pid)).toBe(false);

    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await read(second.url)).toEqual(['kept']);
  });

  it('takes another port when its own is taken, and is the same replica set there', async () => {
    const first = await start();
    await write(first.url, 'kept');
    await first.stop();

    const squatter = createServer((socket) => socket.destroy()).listen(portOf(first), '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await start();
      expect(portOf(second)).not.toBe(portOf(first));
      expect(await read(second.url)).toEqual(['kept']);
    } finally {
      squatter.close();
    }
  });

  it('dies with a server that is killed, and the next server waits for that and has the data', async () => {
    const child = spawn(
      process.execPath,
      [
        '-r',
        join(__dirname, '../../../test/support/register-typescript.cjs'),
        join(__dirname, '../../../test/support/embedded-mongod-child.ts'),
        folder.path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const orphan = JSON.parse(line) as { pid: number; url: string };
    await write(orphan.url, 'kept');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(orphan.pid)).toBe(true); // what the next start has to cope with

    const second = await start();
    expect(second.url).toBe(orphan.url); // it could not have the port, or the data, beside the other
    expect(await read(second.url)).toEqual(['kept']);
  });

  it('refuses a second server on its folder, which it does not disturb', async () => {
    const first = await start();
    first.announce('127.0.0.1:4400');
    await expect(start()).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
      metadata: { dataFolder: folder.path, pid: String(process.pid), address: '127.0.0.1:4400' },
    });
    await write(first.url, 'undisturbed');
    expect(await read(first.url)).toEqual(['undisturbed']);
  });

  it("refuses data on which somebody else's mongod runs, by that mongod's own lock", async () => {
    const first = await start();
    await first.stop();
    const foreign = await MongodProcess.launch({
      binary: await findMongod({ env: process.env, onProgress: () => undefined }),
      dbPath: databasePath(folder.path),
      port: await freePort(),
      replicaSet: REPLICA_SET,
      cacheGb: 0.25,
    });
    try {
      await expect(start({ predecessorEndsWithinMs: 0 })).rejects.toMatchObject({
        code: 'DATA_FOLDER_IN_USE',
        metadata: { pid: String(foreign.pid) },
      });
    } finally {
      await foreign.stop();
    }
  });

  it('is started again on its port and data when it is killed, and clients go on', async () => {
    const events: MongodEvent[] = [];
    const mongod = await start({ onEvent: (event) => events.push(event) });
    const before = mongod.pid;
    await withNotes(mongod.url, async (notes) => {
      await notes.insertOne({ _id: 'before' });
      process.kill(before, 'SIGKILL');
      await awaitFact('mongod is restarted', () => events.some((event) => event.kind === 'restarted'));
      await notes.insertOne({ _id: 'after' });
      expect(await notes.countDocuments()).toBe(2);
    });
    expect(events[0]).toEqual({ kind: 'died', pid: before, reason: 'it was ended by SIGKILL' });
    expect(mongod.pid).not.toBe(before);
  });

  it('stops for good, even when it was killed at the same moment', async () => {
    const events: MongodEvent[] = [];
    const mongod = await start({ onEvent: (event) => events.push(event) });
    process.kill(mongod.pid, 'SIGKILL');
    await mongod.stop();
    expect(isAlive(mongod.pid)).toBe(false);
    expect(events.filter((event) => event.kind === 'restart-failed')).toEqual([]);
    await start(); // the folder is free again
  });

  it("fails with mongod's own words, and leaves the folder free", async () => {
    const first = await start();
    await first.stop();
    const turtle = join(databasePath(folder.path), 'WiredTiger.turtle');
    const good = await readFile(turtle);
    await writeFile(turtle, 'no turtle');
    await expect(start()).rejects.toMatchObject({
      code: 'MONGOD_FAILED',
      message: expect.stringMatching(/did not start on .*\n(.*\n)*.*[Ww]ired_?[Tt]iger/) as string,
    });
    await writeFile(turtle, good);
    await start();
  });
});
