/** The three services of the invoice sequence, through the client: their events, and what their processors do and were asked for. */
import {
  PermanentFailure,
  type Annals,
  type OrderedSequenceInfo,
  type Step,
  type StepHandlers,
} from '../../src/client';
import { within } from './await-fact';
import { invoiceIds } from './invoice-sequence';
import type { Asked } from './sequence-checker';

export const CREATED = 'InvoiceEvents.created';
export const BOOKED = 'AccountingEvents.entry_requested';
export const NOTICED = 'CustomerEvents.notice_requested';
export const CANCELLED = 'InvoiceEvents.cancelled';
export const REVERSED = 'AccountingEvents.reverse_entry';

/** What the ledger says when it is closed. */
export const CLOSED = 'the ledger is closed';

export const invoiceId = (number: string): string => `INV-${number}`;
export const entryId = (number: string): string => `ENTRY-${number}`;

/** The three events, as their services append them. */
export function invoiceEvents(number: string) {
  const { created, booked, noticed, correlationId } = invoiceIds(number);
  const of = { eventSourceId: invoiceId(number), correlationId };
  return [
    { ...of, eventId: created, type: CREATED, content: { invoice_id: invoiceId(number), total: 119.5 } },
    { ...of, eventId: booked, type: BOOKED, content: { entry_id: entryId(number), debit: 119.5 } },
    { ...of, eventId: noticed, type: NOTICED, content: { address: 'ada@example.org' } },
  ];
}

export const appendInvoice = async (annals: Annals, number: string, signal?: AbortSignal): Promise<void> => {
  await annals.eventLog.append(invoiceEvents(number), { signal });
};

/** What processors were asked for, as the services that they stand for would have it in their books. */
export class Books {
  readonly asked: Asked[] = [];

  readonly ask = ({ sequenceId, event, idempotencyKey }: Step): void => {
    this.asked.push({ sequenceId, eventId: event.eventId, key: idempotencyKey });
  };

  of(sequenceId: string): string[] {
    return this.asked.filter((one) => one.sequenceId === sequenceId).map(({ eventId }) => eventId);
  }
}

/** Handlers of all three. @param book does the accounting; unless given, the ledger is closed for good */
export function invoiceHandlers(
  books: Books,
  book: (step: Step) => unknown = () => {
    throw new PermanentFailure(CLOSED);
  },
): StepHandlers {
  const done = (step: Step) => {
    books.ask(step);
    return { done: step.order };
  };
  return {
    [CREATED]: done,
    [BOOKED]: async (step) => {
      books.ask(step);
      return book(step);
    },
    [NOTICED]: done,
  };
}

/** Milliseconds for a phase to come, where nothing was killed. */
const PHASE_WITHIN_MS = 30_000;

/** The sequence in the first of these phases that is seen. */
export async function phase(
  annals: Annals,
  sequenceId: string,
  wanted: readonly string[] = ['settled'],
  withinMs = PHASE_WITHIN_MS,
): Promise<OrderedSequenceInfo> {
  const looking = new AbortController();
  const look = async () => {
    for await (const all of annals.orderedSequences.watch({ sequenceId, signal: looking.signal })) {
      const found = all.find((one) => wanted.includes(one.phase));
      if (found !== undefined) return found;
    }
    throw new Error(`the watch of ${sequenceId} has ended`);
  };
  try {
    return await within(withinMs, `${sequenceId} is ${wanted.join(' or ')}`, look());
  } finally {
    looking.abort();
  }
}
