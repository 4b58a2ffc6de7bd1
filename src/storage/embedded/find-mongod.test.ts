import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeTempFolder, type TempFolder } from '../../../test/support/temp-folder';
import { findMongod } from './find-mongod';
import type { Progress } from './progress';

describe('where a mongod comes from', () => {
  let real: string;
  let folder: TempFolder;
  let env: NodeJS.ProcessEnv;
  let told: string[];
  const onProgress = (line: Progress): void => {
    if (line.kind === 'step') told.push(line.text);
  };
  const linkReal = async (path: string): Promise<string> => {
    await mkdir(dirname(path), { recursive: true });
    await symlink(real, path);
    return path;
  };
  /** A program that says it is a `mongod` of that version. */
  const pretend = async (path: string, version: string): Promise<string> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\necho "db version v${version}"\n`);
    await chmod(path, 0o755);
    return path;
  };

  beforeAll(async () => {
    real = (await findMongod({ env: process.env, onProgress: () => undefined })).path;
  }, 120_000);
  beforeEach(async () => {
    folder = await makeTempFolder('find');
    told = [];
    // No network is touched: what is not in the folder is not found.
    env = { PATH: join(folder.path, 'bin'), XDG_CACHE_HOME: join(folder.path, 'cache'), ANNALS_OFFLINE: '1' };
  });
  afterEach(async () => folder.remove());

  it('is the binary that ANNALS_MONGOD names, before every other', async () => {
    await linkReal(join(folder.path, 'bin', 'mongod'));
    const named = await linkReal(join(folder.path, 'mine'));
    expect(await findMongod({ env: { ...env, ANNALS_MONGOD: named }, onProgress })).toMatchObject({
      path: named,
      source: 'env',
    });
  });

  it('is the one on the PATH, before the cache', async () => {
    const path = await linkReal(join(folder.path, 'bin', 'mongod'));
    await linkReal(join(folder.path, 'cache', 'annals', 'mongod-6.0.5'));
    expect(await findMongod({ env, onProgress })).toMatchObject({ path, source: 'path' });
  });

  it('is the newest in the cache, before anything is fetched', async () => {
    await pretend(join(folder.path, 'cache', 'annals', 'mongod-6.0.5'), '6.0.5');
    const path = await pretend(join(folder.path, 'cache', 'annals', 'mongod-8.2.6'), '8.2.6');
    expect(await findMongod({ env, onProgress })).toEqual({ path, version: '8.2.6', source: 'cache' });
    expect(told).toEqual([]);
  });

  it('is refused, not passed over, when the named binary does not fit', async () => {
    const old = await pretend(join(folder.path, 'old'), '4.4.29');
    await linkReal(join(folder.path, 'bin', 'mongod'));
    await expect(findMongod({ env: { ...env, ANNALS_MONGOD: old }, onProgress })).rejects.toMatchObject({
      code: 'MONGOD_NOT_FOUND',
      field: 'ANNALS_MONGOD',
      message: expect.stringContaining('version 4.4.29; Annals needs 6.0 or newer') as string,
    });
    await expect(
      findMongod({ env: { ...env, ANNALS_MONGOD: join(folder.path, 'absent') }, onProgress }),
    ).rejects.toMatchObject({ code: 'MONGOD_NOT_FOUND' });
  });

  it('passes over one on the PATH that is too old, and says so', async () => {
    const old = await pretend(join(folder.path, 'bin', 'mongod'), '4.4.29');
    await linkReal(join(folder.path, 'cache', 'annals', 'mongod-6.0.5'));
    expect(await findMongod({ env, onProgress })).toMatchObject({ source: 'cache' });
    expect(told).toEqual([`Passing over ${old}: it is version 4.4.29; Annals needs 6.0 or newer`]);
  });

  it('ends with the ways on when there is none and none can be fetched, and leaves nothing', async () => {
    const failure = findMongod({ env, onProgress });
    await expect(failure).rejects.toMatchObject({
      code: 'MONGOD_NOT_FOUND',
      remedy: expect.stringMatching(/ANNALS_MONGODB_URL.*ANNALS_MONGOD.*docker compose up/) as string,
    });
    expect(await readdir(join(folder.path, 'cache', 'annals')).catch(() => [])).toEqual([]);
  });
});
