import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempFolder, type TempFolder } from '../../../test/support/temp-folder';
import { lockDataFolder } from './data-folder-lock';

describe('one server for each data folder', () => {
  let folder: TempFolder;
  beforeEach(async () => {
    folder = await makeTempFolder('lock');
  });
  afterEach(async () => folder.remove());

  it('refuses a second holder, naming the folder, the process and its address', async () => {
    const first = await lockDataFolder(folder.path);
    first.announce('127.0.0.1:4400');
    await expect(lockDataFolder(folder.path)).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
      metadata: { dataFolder: folder.path, pid: String(process.pid), address: '127.0.0.1:4400' },
      message: `${folder.path} is in use by process ${process.pid}, which serves 127.0.0.1:4400`,
    });
    await first.release();
  });

  it('knows the folder by whatever path it is called', async () => {
    const real = join(folder.path, 'real');
    const alias = join(folder.path, 'alias');
    await mkdir(real);
    await symlink(real, alias);
    const first = await lockDataFolder(real);
    await expect(lockDataFolder(alias)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
    await first.release();
  });

  it('lets one of many that come at once pass, and the next after its release', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, async () => lockDataFolder(folder.path)));
    const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(held).toHaveLength(1);
    await held[0]?.release();
    const next = await lockDataFolder(folder.path);
    await next.release();
  });
});
