/**
 * The README keeps its word: its commands and its TypeScript are run as they stand there, on a real server. With it
 * docs/limits.md, against the constants, and every link of the documentation.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LIMITS } from '../src/kernel/limits';
import { JOBS } from '../src/jobs/tuning';
import { CORRELATION } from '../observers/correlation/tuning';
import { STORED } from '../observers/ordered-sequences/projection-tuning';
import { ORDERED_SEQUENCES } from '../observers/ordered-sequences/tuning';
import { RELAY } from '../observers/relay/tuning';
import { OBSERVATION } from '../src/observation/tuning';
import { TUNING } from '../src/sequences/tuning';
import { OWNERSHIP } from '../src/storage/ownership';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { annals, shell } from './support/cli-run';
import { fencedBlocks, linkProject, type LinkedProject } from './support/linked-project';
import { drawn, pictured } from './support/pictures';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

const ROOT = join(__dirname, '..');

/** The address in the README, for which the suite's server stands in. */
const ADDRESS = '127.0.0.1:4400';

let readme: string;
let database: ReplicaSet;
let server: AnnalsProcess;
let project: LinkedProject;

beforeAll(async () => {
  readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  database = await startReplicaSet();
  server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
  project = await linkProject('readme');
});
afterAll(async () => {
  await server.kill9();
  await database.stop();
  await project.remove();
});

const blocks = (language: string): string[] => fencedBlocks(readme, language);

it('the commands of the first five minutes do what they say', async () => {
  const [commands] = blocks('sh');
  const line = `set -e\n${commands?.replaceAll('npx annals', 'annals')}`;
  const ran = await shell(line, { ANNALS_URL: `annals://${server.address}` });
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain('Recorded 1 event on event-log, number 0.');
  expect(ran.stdout).toContain('Recorded 1 event on event-log, number 1.');
  expect(ran.stdout).toContain('All is well.');
});

it('the TypeScript compiles in a strict project and runs from top to bottom', async () => {
  const program = await project.program('readme', blocks('ts').join('\n').replaceAll(ADDRESS, server.address));
  const { stdout, stderr } = await program.run();
  expect(stderr).toBe('');
  expect(stdout).toContain("order.placed { total: 42, currency: 'EUR' }");
  expect(stdout).toMatch(/^CONCURRENCY_CONFLICT/m);
  expect(stdout).toMatch(/^true true$/m);
  expect(stdout).toMatch(/^\d+ payment\.received \{ amount: 42 \}$/m);
  expect(stdout).toMatch(/^order-18 has paid 42$/m);
  expect(stdout).toMatch(/^rolled_back \[ 'InvoiceEvents\.cancelled' \]$/m);
  expect(stdout).toMatch(/^\d+ nodes, 0 places that could not be looked at\n$/m);
});

it('the trace is drawn as it is shown', async () => {
  const { stdout } = await annals(['trace', 'invoice-17'], { env: { ANNALS_URL: `annals://${server.address}` } });
  // How many events there were before is another matter.
  const anywhere = (line: string): string => line.replace(/event-log \d+/, 'event-log');
  expect(drawn(stdout).map(anywhere)).toEqual(pictured(readme, 'npx annals trace invoice-17').map(anywhere));
});

it('a gRPC tool that knows nothing but the address can call the server', async () => {
  const commands = blocks('sh').filter((block) => block.includes('buf curl'));
  expect(commands).toHaveLength(1);
  const line = (commands[0] ?? '').replaceAll(ADDRESS, server.address);
  const { stdout } = await promisify(execFile)('bash', ['-c', line], { cwd: ROOT });
  expect(JSON.parse(stdout)).toMatchObject({ events: [{ type: 'order.placed', eventSourceId: 'order-17' }] });
});

const KIB = 1024;
const MIB = 1024 * KIB;

/** A constant as the documentation writes it. */
function written(name: string, value: number): string {
  if (!name.endsWith('Bytes')) return value.toLocaleString('en-GB');
  return value % MIB === 0 ? `${value / MIB} MiB` : `${value / KIB} KiB`;
}

it('docs/limits.md names every limit of the contract and every number of the log and of what is built on it, with its value', async () => {
  const page = await readFile(join(ROOT, 'docs', 'limits.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map((row) => [row[1], row[2]]);
  const built = [OBSERVATION, JOBS, OWNERSHIP, RELAY, ORDERED_SEQUENCES, STORED, CORRELATION];
  const constants = [LIMITS, TUNING, ...built].flatMap((numbers) => Object.entries(numbers));
  expect(rows).toEqual(constants.map(([name, value]) => [name, written(name, value)]));
});

it('every link of README and docs leads to a file of the repository', async () => {
  const docs = await readdir(join(ROOT, 'docs'), { recursive: true });
  const pages = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  const links = await Promise.all(
    pages.map(async (page) => {
      const text = await readFile(join(ROOT, page), 'utf8');
      const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((link) => link[1] ?? '');
      return targets.map((target) => ({ page, target, path: join(ROOT, dirname(page), target) }));
    }),
  );
  expect(links.flat().length).toBeGreaterThan(20);
  expect(links.flat().filter(({ path }) => !existsSync(path))).toEqual([]);
});
