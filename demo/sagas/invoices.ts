/** The invoices of the demo: what is appended, and the ordered sequence that each of them is. */
import type { GivenDocument, NewEvent } from '../../src/client';

export const CREATED = 'InvoiceEvents.created';
export const ACCOUNTING = 'AccountingEvents.entry_requested';
export const NOTICE = 'CustomerEvents.notice_requested';
export const CANCELLED = 'InvoiceEvents.cancelled';
export const REVERSED = 'AccountingEvents.reverse_entry';
export const WITHDRAWN = 'CustomerEvents.notice_withdrawn';

export interface InvoiceContent {
  readonly invoice_id: string;
  readonly customer: string;
  readonly total: number;
}

export interface Invoice {
  readonly id: string;
  readonly content: InvoiceContent;
}

/** The ledger takes nothing of this customer. */
export const BLOCKED = 'Blocked & Sons';
/** The mailer reaches nobody there; a notice is optional. */
export const UNREACHABLE = 'No Such Street';

const CUSTOMERS = ['Aldgate Books', 'Bow Bells', 'Cornhill Tea', 'Drapers', BLOCKED, 'Eastcheap', UNREACHABLE];

export const invoices = (count: number): Invoice[] =>
  Array.from({ length: count }, (_, i) => {
    const id = `invoice-${String(i + 1).padStart(3, '0')}`;
    const customer = CUSTOMERS[i % CUSTOMERS.length] ?? '';
    return { id, content: { invoice_id: id, customer, total: 10 + i } };
  });

/** The events of one, each with an id of its own, so that what is sent again is known. */
export const eventsOf = ({ id, content }: Invoice): NewEvent<InvoiceContent>[] =>
  [CREATED, ACCOUNTING, NOTICE].map((type) => ({
    type,
    eventId: `${id}/${type}`,
    eventSourceId: id,
    correlationId: `order of ${id}`,
    content,
  }));

/** What is booked is undone when something after it fails; a notice may fail. */
export const sequenceOf = ({ id }: Invoice): GivenDocument => ({
  sequenceId: `seq_${id}`,
  name: 'invoice creation',
  description: 'Creates an invoice, books it, and tells the customer',
  version: '1.0.0',
  events: [
    { eventId: `${id}/${CREATED}`, order: 1, required: true },
    { eventId: `${id}/${ACCOUNTING}`, order: 2, required: true },
    { eventId: `${id}/${NOTICE}`, order: 3, required: false },
  ],
  metadata: {
    correlationId: `order of ${id}`,
    source: { type: 'workflow', id: 'demo', name: 'the demo of ordered sequences' },
    tags: { demo: 'yes' },
  },
  rollback_strategy: {
    type: 'compensating_events',
    max_retries: 5,
    initial_interval: 0.1,
    compensating_events: [
      {
        eventId: CANCELLED,
        payload_template: {
          invoice_id: '${events[0].payload.invoice_id}',
          total: '${events[0].payload.total}',
          reason: 'Sequence failure: ${error.message}',
        },
      },
      { eventId: REVERSED, payload_template: { entry_id: '${events[1].output.entry_id}' }, compensates: 2 },
    ],
  },
});
