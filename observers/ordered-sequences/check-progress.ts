/**
 * How far a document says that it has come. One that is already on its way is taken over as it is, so what it says
 * must be possible: nobody would find out later.
 */
import type { Fault } from './fault';
import type { SequenceDocument } from '../../src/contract/sequence-document';

/** Every contradiction in a document's statuses and times. */
export function checkProgress(document: SequenceDocument, field: string): Fault[] {
  const { status, events, created_at: created, updated_at: updated, completed_at: completed } = document;
  const faults: Fault[] = [];
  const note = (name: string, problem: string) => faults.push({ field: `${field}.${name}`, problem });
  if (completed !== null && status !== 'completed') note('completed_at', `is set, and status is ${status}`);
  if (created !== null && updated !== null && updated < created) note('updated_at', 'is before created_at');
  // A failed one may have been passed, by a person or because the document says so; a pending one never is.
  const pending = events.filter((event) => event.required && event.status === 'pending');
  const firstPending = Math.min(...pending.map(({ order }) => order));
  for (const [i, event] of events.entries()) {
    const place = `events[${i}]`;
    const done = event.status !== 'pending';
    if (done !== (event.processingTimestamp !== null)) {
      const problem = done ? `is missing; the event is ${event.status}` : 'is set, and the event is pending';
      note(`${place}.processingTimestamp`, problem);
    }
    if (done && status === 'created') note(`${place}.status`, `is ${event.status}, and the sequence's is created`);
    else if (done && event.order > firstPending) {
      note(`${place}.status`, `is ${event.status}, and a required event of order ${firstPending} is pending`);
    } else if (!done && event.required && status === 'completed') {
      note(`${place}.status`, "is pending, the event is required, and the sequence's is completed");
    }
  }
  return faults;
}
