import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempFolder } from '../../../test/support/temp-folder';
import { cachedBinaries, cacheFolder, withStaging } from './mongod-cache';

describe('the place for what is fetched', () => {
  it("is the user's cache folder, or where XDG_CACHE_HOME says", () => {
    expect(cacheFolder({ HOME: '/home/ada' })).toBe('/home/ada/.cache/annals');
    expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: '/var/cache/ada' })).toBe('/var/cache/ada/annals');
    expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'not/absolute' })).toBe('/home/ada/.cache/annals');
  });

  it('offers the newest version first, by number and not by letter, and nothing unfinished', async () => {
    const folder = await makeTempFolder('cache');
    for (const name of ['mongod-6.0.5', 'mongod-6.0.10', 'mongod-8.2.6', 'mongod-8.2.6.tmp', 'fetching-x1']) {
      await writeFile(join(folder.path, name), '');
    }
    const names = (await cachedBinaries(folder.path)).map((path) => path.slice(folder.path.length + 1));
    expect(names).toEqual(['mongod-8.2.6', 'mongod-6.0.10', 'mongod-6.0.5']);
    await folder.remove();
  });

  it('has no trace of a fetch that failed', async () => {
    const folder = await makeTempFolder('cache');
    const failing = withStaging(folder.path, async (staging) => {
      await writeFile(join(staging, 'half'), 'half a file');
      throw new Error('the network went away');
    });
    await expect(failing).rejects.toThrow('the network went away');
    expect(await readdir(folder.path)).toEqual([]);
    await folder.remove();
  });
});
