/** docs/relay.md keeps its word: each of its programs is compiled and run as it stands there, on two real servers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { fencedBlocks, linkProject, type LinkedProject } from './support/linked-project';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** Addresses on the page, for which the suite's own stand in. */
const SERVERS = ['127.0.0.1:4400', '127.0.0.1:4401'];
const MONGODB = 'mongodb://127.0.0.1:27017/?replicaSet=rs0';

let page: string;
let databases: ReplicaSet[];
let servers: AnnalsProcess[];
let project: LinkedProject;

beforeAll(async () => {
  page = await readFile(join(__dirname, '..', 'docs', 'relay.md'), 'utf8');
  databases = await Promise.all(SERVERS.map(async () => startReplicaSet()));
  const start = async ({ url }: ReplicaSet) => startAnnals({ mongodb: url, args: ['--min-free-disk', '0'] });
  servers = await Promise.all(databases.map(start));
  project = await linkProject('docs-relay', ['mongodb']);
});
afterAll(async () => {
  await Promise.all(servers.map(async (server) => server.kill9()));
  await Promise.all(databases.map(async (database) => database.stop()));
  await project.remove();
});

/** What the program under a heading says when it runs. */
async function said(heading: string): Promise<string[]> {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [program = ''] = fencedBlocks(section.split('\n## ')[0] ?? '', 'ts');
  expect(program).not.toBe('');
  const here = SERVERS.reduce((text, known, i) => text.replaceAll(known, servers[i]?.address ?? ''), program);
  const source = here.replaceAll(MONGODB, databases[0]?.url ?? '');
  const ran = await (await project.program(heading.replaceAll(/\W+/g, '-'), source)).run();
  expect(ran.stderr).toBe('');
  return ran.stdout.trimEnd().split('\n');
}

it('a link brings what it selects, masked, says before what does not fit, and proves itself', async () => {
  expect(await said('A first link')).toEqual([
    'before: order.placed is not registered at the target: its content is taken as it comes',
    'before: order.paid is not registered at the target: its content is taken as it comes',
    'before: order.paid is not registered at the source: perhaps there are no such events',
    `the mail service knows [ [ 'order-1', 42 ], [ 'order-2', 42 ] ]`,
    'number 1 here is 2 of shop/outbox',
    'masked: true',
    '{ inInbox: 2, filtered: 1, missing: 0, proven: true }',
  ]);
});

it('what the target refuses is held alone, redriven in order, or left out with a reason', async () => {
  expect(await said('When the target refuses')).toEqual([
    `went on: [ 'order-2 50' ]`,
    'order-1 stands at 0, 2 waiting: SCHEMA_VIOLATION',
    'order-3 stands at 3, 2 waiting: SCHEMA_VIOLATION',
    `redriven: [ 'order-1 5000', 'order-1 10' ]`,
    `behind it: [ 'order-3 20' ]`,
    '3: skipped, BY_HAND: test order, ticket 77 (ada)',
  ]);
});

it('a circle of services that pass on what they are told brings an event round once', async () => {
  expect(await said('Circles and hops')).toEqual(['back from south after 3 hops', 'outboxes: [ 1, 1, 1 ]']);
});

it('a service with a database of its own writes state and event together', async () => {
  expect(await said('A service with a database of its own')).toEqual([
    'fulfilled fulfilled rejected',
    '0 3',
    '1 2',
    '2 1',
    'left: 1',
  ]);
});
