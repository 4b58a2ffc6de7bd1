/** docs/ordered-sequences.md keeps its word: its programs and its document are taken as they stand there, by a real server. */
import { connect } from '../src/client';
import { DocsPage } from './support/docs-page';
import { fencedBlocks } from './support/linked-project';

let page: DocsPage;

beforeAll(async () => {
  page = await DocsPage.open('ordered-sequences');
});
afterAll(async () => page.close());

/** A processor's id, which is another one each time. */
const PROCESSOR_ID = / \([0-9a-f-]{36}\)/g;

/** What a program of the page says. */
async function said(heading: string): Promise<string[]> {
  const lines = await page.said(heading);
  return lines.map((line) => line.replaceAll(PROCESSOR_ID, ''));
}

it('a sequence is worked step by step, tried again, rolled back, begun twice as one, and tells what happened', async () => {
  const lines = await said('A first sequence');
  expect(lines.slice(0, 7)).toEqual([
    'completed appended at attempt 1, processed at attempt 2, processed at attempt 1',
    'failed rolled_back - the customer has no address (failed)',
    `AccountingEvents.reverse_entry {"entry_id":"entry of seq_invoice-2"} because of invoice-2/notice`,
    `InvoiceEvents.cancelled {"invoice_id":"invoice-2","total":42,"reason":"Sequence failure: the customer has no address"} because of invoice-2/notice`,
    '{ created: false } completed',
    '- The sequence invoice creation 1.0.0 is created with 3 steps; when a required one fails: compensating_events.',
    expect.stringMatching(/^- The event of step invoice-2\/created \(order 1\) is on the log/),
  ]);
  const told = lines.join('\n');
  for (const sentence of [
    'Step invoice-2/booking (order 2) is handed to the processor invoicing, attempt 1',
    'with the output {"entry_id":"entry of seq_invoice-2"}.',
    'Step invoice-2/notice (order 3) failed at attempt 1: the customer has no address (failed, said by invoicing); trying again will not help.',
    'Compensating event 1 (AccountingEvents.reverse_entry) is appended, at number',
  ]) {
    expect(told).toContain(sentence);
  }
  expect(lines.at(-1)).toBe('- The sequence is rolled back: every compensating event that applies is appended.');
});

it('a definition begins an instance by an event, and each step is done in its way', async () => {
  expect(await said('Defined once')).toEqual([
    'completed under checkout-17',
    '1 order.placed appended',
    '2 payment.requested followed',
    '3 parcel.packed observed',
    '3 rating.asked appended',
    'order/order-18 created 1.0.0',
  ]);
});

it('what needs a person waits, says beforehand what an act would do, and keeps who did it', async () => {
  const [waits, ...others] = await said('When it needs a person');
  expect(waits).toBe('waits: step shipment-9/requested (order 1): the harbour is closed (failed)');
  expect(others).toEqual([
    'listed: shipment-9 failed',
    'cancel: The sequence ends as cancelled, with the status failed. Nothing is compensated: what was processed stays.',
    'skip: Step shipment-9/requested (order 1) counts as failed, and the sequence goes past it. The sequence goes on.',
    'compensate: CANNOT_RESOLVE',
    'completed',
    expect.stringMatching(/^ada decided to retry step shipment-9\/requested \(order 1\): the harbour is open again\./),
    'told: shipment-9: the harbour is closed',
  ]);
});

it('the document of the page is taken as it stands, and comes out the same', async () => {
  const [document = ''] = fencedBlocks(page.text, 'json');
  await using annals = connect(`annals://${page.address}/default`);
  const { sequence } = await annals.orderedSequences.create(document);
  expect(sequence.document).toEqual(JSON.parse(document));
});
