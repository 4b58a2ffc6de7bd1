/**
 * A full disk: `mongod` aborts when it cannot write, and a database that is down cannot even be read. So appends are
 * refused before it comes to that, reads go on, and once there is room appends do again by themselves.
 *
 * Where the machine lets us mount one, the database lies on a small disk of its own that is filled and freed. Elsewhere
 * the same is asserted of a server that wants more room than the real disk has.
 */
import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { awaitFact } from './support/await-fact';
import { serve } from './support/in-process-server';
import { event, events, freshSequence, numbersOf, range, refusal, refusalOf } from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { makeTempFolder, type TempFolder } from './support/temp-folder';

const run = promisify(execFile);
const MIB = 1024 * 1024;

/** Bytes of the small disk: `mongod` starts with some 300 MB of journal. */
const DISK_BYTES = 700 * MIB;

/** Bytes that the server keeps free in these tests. */
const MIN_FREE_BYTES = 100 * MIB;

/** Mounts a disk in memory; undefined where that is not permitted. */
async function mountSmallDisk(): Promise<TempFolder | undefined> {
  const folder = await makeTempFolder('small-disk');
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder.path]);
  } catch {
    await folder.remove();
    return undefined;
  }
  return {
    path: folder.path,
    remove: async () => {
      await run('umount', [folder.path]);
      await folder.remove();
    },
  };
}

let disk: TempFolder | undefined;
let database: ReplicaSet;

beforeAll(async () => {
  disk = await mountSmallDisk();
  database = await startReplicaSet(disk === undefined ? {} : { within: disk.path });
});
afterAll(async () => {
  await database.stop();
  await disk?.remove();
});

const DISK_FULL = {
  status: grpc.status.RESOURCE_EXHAUSTED,
  code: 'DISK_FULL',
  metadata: expect.objectContaining({ unit: 'bytes' }),
};

it('appends are refused on a disk that fills up, reads and subscriptions go on, and appends do again once it has room', async () => {
  if (disk === undefined) {
    console.warn('no disk can be mounted here: the next test alone shows what a full disk does');
    return;
  }
  const { client, stop } = await serve(database.url, { minFreeDiskBytes: MIN_FREE_BYTES });
  const sequence = freshSequence();
  await client.appended({ sequence, events: events(3) });
  const follower = client.subscribe({ sequence });

  const { bavail, bsize } = await statfs(disk.path);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(bavail * bsize - MIN_FREE_BYTES / 2));
  let recorded = 3;
  let refused: unknown;
  // The disk is looked at regularly, so some appends may still pass.
  await awaitFact('appends are refused', async () => {
    try {
      await client.appended({ sequence, events: [event()] });
      recorded++;
    } catch (error) {
      refused = error;
    }
    return refused !== undefined;
  });
  expect(refusalOf(refused)).toMatchObject(DISK_FULL);

  expect(numbersOf(await client.read({ sequence }))).toEqual(range(0, recorded));
  await awaitFact('the subscriber has all', () => follower.events.length === recorded);
  const { findings } = await client.diagnose();
  expect(findings.find(({ subject }) => subject === 'disk')?.health).toBe('HEALTH_FAILING');

  await rm(filler);
  await awaitFact('appends go on', () =>
    client.appended({ sequence, events: [event()] }).then(
      () => true,
      () => false,
    ),
  );
  expect(numbersOf(await client.read({ sequence }))).toEqual(range(0, recorded + 1));
  await awaitFact('the subscriber has the new one', () => follower.events.length === recorded + 1);
  expect(follower.numbers()).toEqual(range(0, recorded + 1));
  await stop();
});

it('a server that starts on a full disk serves reads and subscriptions, and refuses every kind of append', async () => {
  const roomy = await serve(database.url);
  const sequence = freshSequence();
  const batch = events(3);
  await roomy.client.appended({ sequence, events: batch });

  const full = await serve(database.url, { minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
  expect(await refusal(full.client.append({ sequence, events: [event()] }))).toMatchObject({
    ...DISK_FULL,
    metadata: { limit: String(Number.MAX_SAFE_INTEGER), actual: expect.stringMatching(/^\d+$/), unit: 'bytes' },
  });
  // One that is recorded already is refused too: nothing is lost by it, and it can be sent again.
  expect(await refusal(full.client.append({ sequence, events: batch }))).toMatchObject(DISK_FULL);
  expect(await refusal(full.client.ensure({ store: 'too-late' }))).toMatchObject(DISK_FULL);

  expect(numbersOf(await full.client.read({ sequence }))).toEqual([0, 1, 2]);
  const follower = full.client.subscribe({ sequence });
  await awaitFact('it is live', () => follower.states.includes('CAUGHT_UP'));
  await roomy.client.appended({ sequence, events: [event()] });
  await awaitFact('it has what another server recorded', () => follower.events.length === 4);
  await full.stop();
  await roomy.stop();
});
