/** The three services of the invoice sequence, through the client: their events, and what their processors are asked for. */
import { type Annals, type OrderedSequenceInfo, type Step, type StepHandlers } from '../../src/client';
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

/** What a processor asks a service for. Plain data: it may come from another process. */
export interface Work extends Asked {
  readonly order: number;
  readonly attempt: number;
}

const workOf = ({ sequenceId, event, idempotencyKey: key, order, attempt }: Step): Work => ({
  sequenceId,
  eventId: event.eventId,
  key,
  order,
  attempt,
});

/** What was asked for, as the services have it in their books. */
export class Books {
  readonly asked: Work[] = [];

  write(work: Work): void {
    this.asked.push(work);
  }

  of(sequenceId: string): string[] {
    return this.asked.filter((one) => one.sequenceId === sequenceId).map(({ eventId }) => eventId);
  }
}

/** Processors of all three types, which ask for what they do. */
export function invoiceHandlers(ask: (work: Work) => Promise<unknown>): StepHandlers {
  const handle = async (step: Step) => ask(workOf(step));
  return { [CREATED]: handle, [BOOKED]: handle, [NOTICED]: handle };
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
