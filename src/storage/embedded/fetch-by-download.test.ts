import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeTempFolder, type TempFolder } from '../../../test/support/temp-folder';
import { fetchByDownload, parseProgress } from './fetch-by-download';
import type { Progress } from './progress';

const BINARY = Buffer.from('#!/bin/sh\necho "db version v8.2.6"\n');

/** A tar of one executable, in the ustar form of POSIX. */
function tarOf(name: string, content: Buffer): Buffer {
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(octal(0o755, 7), 100);
  header.write(octal(0, 7) + octal(0, 7), 108);
  header.write(octal(content.length, 11) + octal(0, 11), 124);
  header.write(' '.repeat(8), 148); // the checksum counts itself as spaces
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  );
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

const ARCHIVE = gzipSync(tarOf('mongodb-linux/bin/mongod', BINARY));

describe("mongod from MongoDB's download site", () => {
  let folder: TempFolder;
  let site: Server;
  let asked: string[];
  let md5: string;
  let progress: Progress[];
  const fetch = async () =>
    fetchByDownload({
      cache: folder.path,
      // The site in this process, by the downloader's own settings for a mirror.
      env: {
        HOME: folder.path,
        PATH: process.env['PATH'],
        MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
        MONGOMS_USE_HTTP: 'true',
      },
      onProgress: (line) => progress.push(line),
    });

  beforeEach(async () => {
    folder = await makeTempFolder('download');
    asked = [];
    progress = [];
    md5 = createHash('md5').update(ARCHIVE).digest('hex');
    site = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const body = path.endsWith('.md5') ? Buffer.from(`${md5}  archive\n`) : ARCHIVE;
      response.writeHead(200, { 'content-length': body.length }).end(body);
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
  });
  afterEach(async () => {
    site.close();
    site.closeAllConnections();
    await folder.remove();
  });

  // The archive served is a tarball, as for Linux and macOS; Windows is served a zip.
  (process.platform === 'win32' ? it.skip : it)(
    'is put into the cache under its version, and nothing else is',
    async () => {
      const found = await fetch();
      expect(found).toEqual({ path: join(folder.path, 'mongod-8.2.6'), version: '8.2.6' });
      expect(await readFile(found.path)).toEqual(BINARY);
      expect(await readdir(folder.path)).toEqual(['mongod-8.2.6']);
      expect(progress.map(({ kind }) => kind)).toContain('bytes');
    },
  );

  it('is refused when the archive is not what the site says it is, and nothing is left', async () => {
    md5 = '0'.repeat(32);
    await expect(fetch()).rejects.toThrow(/MD5/i);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is asked for once when the site does not answer well', async () => {
    site.removeAllListeners('request');
    site.on('request', (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(503).end();
    });
    await expect(fetch()).rejects.toThrow('503');
    expect(asked).toHaveLength(1);
  });
});

describe('the progress of a download', () => {
  it('is read from what the downloader prints', () => {
    expect(parseProgress('Downloading MongoDB "8.2.6": 12.5% (10mb / 80mb)\r')).toEqual({
      done: 10 * 1024 * 1024,
      total: 80 * 1024 * 1024,
    });
    expect(parseProgress('{"path":"/x"}')).toBeUndefined();
  });
});
