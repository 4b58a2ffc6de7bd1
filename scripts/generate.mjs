/**
 * `npm run generate`: TypeScript types of the contract, from proto/ to src/contract/generated/.
 *
 * They are made, never edited and never committed; `npm ci` makes them through `prepare`. They are written beside their
 * place and moved there whole, so that nothing stale stays behind and a compiler that runs meanwhile sees no half.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, rmSync } from 'node:fs';
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

const generator = createRequire(import.meta.url).resolve('@grpc/proto-loader/build/bin/proto-loader-gen-types.js');
const fresh = `${OUT}.${process.pid}`;
try {
  execFileSync(process.execPath, [generator, ...OPTIONS, '-O', fresh, '-I', PROTO, '--', ...files], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  rmSync(OUT, { recursive: true, force: true });
  renameSync(fresh, OUT);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
