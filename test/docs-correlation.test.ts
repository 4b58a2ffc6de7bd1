/** docs/correlation.md keeps its word: its programs are compiled and run as they stand there, and its picture is what is drawn. */
import { annals } from './support/cli-run';
import { DocsPage } from './support/docs-page';
import { drawn, pictured } from './support/pictures';

let page: DocsPage;

beforeAll(async () => {
  page = await DocsPage.open('correlation');
});
afterAll(async () => page.close());

const said = async (heading: string): Promise<string[]> => page.said(heading);

it('an operation is a tree over two services, though no program said a word about causes', async () => {
  expect(await said('A first trace')).toEqual([
    'order.placed at shop/event-log by Ann Ash',
    '  stock.reserved at shop/event-log by Ann Ash',
    '    order.told at shop/outbox -> mail/inbox by Ann Ash',
    '      letter.written at mail/event-log by u-17',
    '      ! postman: there is no such street',
    'not looked at: 0',
  ]);
  const env = { ANNALS_URL: `annals://${page.address}/shop` };
  const { stdout } = await annals(['trace', 'checkout-17'], { env });
  expect(drawn(stdout)).toEqual(pictured(page.text, 'npx annals trace checkout-17'));
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
