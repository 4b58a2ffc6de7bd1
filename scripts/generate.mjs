/**
 * `npm run generate`: TypeScript types of the contract, from proto/ to src/contract/generated/, and beside them the
 * contract's descriptors for reflection. Those are buf's, since the ones that the loader makes of what it loaded have
 * lost their imports and the names of map entries, and grpcurl refuses them.
 *
 * They are made, never edited and never committed; `npm ci` makes them through `prepare`. They are written beside their
 * place and moved there whole, so that nothing stale stays behind and a compiler that runs meanwhile sees no half.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Every path is relative, since the generator writes the protos' paths into what it makes.
process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const PROTO = 'proto';
const PACKAGE = 'annals/v1';
const OUT = 'src/contract/generated';

/** The same meaning as the loader's options in src/contract/services.ts: the types describe what that loader gives. */
const OPTIONS = [
  '--longs=Number',
  '--enums=String',
  '--defaults',
  '--arrays',
  '--oneofs',
  '--includeComments',
  '--grpcLib=@grpc/grpc-js',
];

// Named relative to `-I`: a name that starts with the folder itself is found twice, with a warning for each.
const files = readdirSync(join(PROTO, PACKAGE))
  .filter((name) => name.endsWith('.proto'))
  .map((name) => `${PACKAGE}/${name}`);

const { resolve } = createRequire(import.meta.url);
const generator = resolve('@grpc/proto-loader/build/bin/proto-loader-gen-types.js');
const buf = resolve('@bufbuild/buf/bin/buf');

/** Bytes of the descriptors at most; they are some ten KiB. */
const MAX_DESCRIPTORS = 1024 * 1024;

/** All files of the contract and what they import, as one google.protobuf.FileDescriptorSet. */
function descriptors() {
  const args = ['build', PROTO, '--as-file-descriptor-set', '--exclude-source-info', '-o', '-'];
  const set = execFileSync(process.execPath, [buf, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: MAX_DESCRIPTORS,
  });
  return `export const FILE_DESCRIPTOR_SET_BASE64 = '${set.toString('base64')}';\n`;
}

const fresh = `${OUT}.${process.pid}`;
try {
  execFileSync(process.execPath, [generator, ...OPTIONS, '-O', fresh, '-I', PROTO, '--', ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  writeFileSync(join(fresh, 'descriptors.ts'), descriptors());
  rmSync(OUT, { recursive: true, force: true });
  renameSync(fresh, OUT);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
