/** docs/event-types.md keeps its word: each of its programs is compiled and run as it stands there, on a real server. */
import { DocsPage } from './support/docs-page';

let page: DocsPage;

beforeAll(async () => {
  page = await DocsPage.open('event-types');
});
afterAll(async () => page.close());

const said = async (heading: string): Promise<string[]> => page.said(heading);

it('a type evolves while programs of both generations work', async () => {
  const second = (first: string, last: string, amount: number, currency: string): string =>
    JSON.stringify({ price: { amount, currency }, firstName: first, lastName: last });
  const lines = await said('Evolving a type without stopping anything');
  expect(lines[0]).toMatch(/^preview: {"guest":"Ada Lovelace","total":120} -> {.*"firstName":"Ada".*} \[\]$/);
  expect(lines[1]).toBe(`registered: [ 'generation 2 is new' ]`);
  expect(lines.slice(2, 5)).toEqual([
    'generation 1: {"guest":"Ada Lovelace","total":120}',
    'generation 1: {"guest":"Grace Hopper","total":80}',
    'generation 1: {"guest":"Edsger Dijkstra","total":95}',
  ]);
  const contentOf = (line = ''): unknown => JSON.parse(line.replace('generation 2: ', ''));
  expect(lines.slice(5, 8).map(contentOf)).toEqual(
    [
      second('Ada', 'Lovelace', 120, 'EUR'),
      second('Grace', 'Hopper', 80, 'EUR'),
      second('Edsger', 'Dijkstra', 95, 'USD'),
    ].map((text): unknown => JSON.parse(text)),
  );
  expect(lines.slice(8)).toEqual(['written: succeeded true']);
});

it('a compensation puts right, a redaction takes away, and a consumer learns of both', async () => {
  expect(await said('Putting right, taking away')).toEqual([
    'announced at 2',
    'original:  {"weight":710,"name":"Ada"}',
    'effective: {"weight":71,"name":"Ada"} ticket-77',
    '{ redacted: 1, alreadyRedacted: 0, lastSequenceNumber: undefined }',
    'left: {} erasure request 12',
    `the consumer knows: [ [ 'patient-1', 71 ] ]`,
  ]);
});

it('a constraint comes into force once what is recorded holds, and then holds whoever appends', async () => {
  expect(await said('Constraints')).toEqual([
    'does not hold: [ 2 ] events',
    'in force: in-force',
    'CONSTRAINT_VIOLATION room 12A',
    'CONSTRAINT_VIOLATION room 12b',
    'taken again',
  ]);
});
