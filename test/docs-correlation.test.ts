/** docs/correlation.md keeps its word: its programs are compiled and run as they stand there, and its picture is what is drawn. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { annals } from './support/cli-run';
import { DocsPage } from './support/docs-page';
import { drawn, pictured } from './support/pictures';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** An address on the page, for which the suite's own stands in. */
const ADDRESS = '127.0.0.1:4400';

let page: DocsPage;
let database: ReplicaSet;
let server: AnnalsProcess;

beforeAll(async () => {
  database = await startReplicaSet();
  server = await startAnnals({ mongodb: database.url, args: ['--min-free-disk', '0'] });
  page = await DocsPage.open('correlation');
});
afterAll(async () => {
  await server.kill9();
  await database.stop();
  await page.close();
});

const said = async (heading: string): Promise<string[]> => page.said(heading, { [ADDRESS]: server.address });

it('an operation is a tree over two services, though no program said a word about causes', async () => {
  expect(await said('A first trace')).toEqual([
    'order.placed at shop/event-log by Ann Ash',
    '  stock.reserved at shop/event-log by Ann Ash',
    '    order.told at shop/outbox -> mail/inbox by Ann Ash',
    '      letter.written at mail/event-log by u-17',
    '      ! postman: there is no such street',
    'not looked at: 0',
  ]);
  const text = await readFile(join(__dirname, '..', 'docs', 'correlation.md'), 'utf8');
  const env = { ANNALS_URL: `annals://${server.address}/shop` };
  const { stdout } = await annals(['trace', 'checkout-17'], { env });
  expect(drawn(stdout)).toEqual(pictured(text, 'npx annals trace checkout-17'));
});

it('an identity is renamed with its history, and erased but for its id', async () => {
  expect(await said('Who it was')).toEqual([
    'Ann Oakley formerly Ann Ash',
    'nightly system u-17',
    'u-17 person for itself',
    '["","",[]] erasure request 12',
    'contract.signed by u-17 erased',
  ]);
});
