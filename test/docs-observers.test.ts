/** docs/observers.md keeps its word: each of its examples is compiled and run as it stands there, on a real server. */
import { DocsPage } from './support/docs-page';

let page: DocsPage;

beforeAll(async () => {
  page = await DocsPage.open('observers', ['mongodb']);
});
afterAll(async () => page.close());

const said = async (heading: string): Promise<string[]> => page.said(heading);

it('a projection counts each event once, and is rebuilt', async () => {
  expect(await said('Projection')).toEqual([`ada [ 'apples', 'pears' ] 7`, 'rebuilt from 3 events: 7']);
});

it('a side effect is done once', async () => {
  expect(await said('A side effect, once')).toEqual([`letters: [ 'ada@example.org' ]`]);
});

it('a failed partition is held alone, and healed', async () => {
  expect(await said('Healing a failed partition')).toEqual([
    expect.stringMatching(/^invoice-1 stands at \d+: TypeError: Cannot read properties of null/),
    `went on: [ 'invoice-2, due in 14 days' ]`,
    `healed: [ 'invoice-1, due now', 'invoice-1, due in 30 days' ]`,
  ]);
});

it('a replay after a bug fix puts right what was wrong', async () => {
  expect(await said('Replay after a bug fix')).toEqual(['wrong: 125 EUR', 'to replay: 2', 'right: 12.50 EUR 9.00 EUR']);
});
