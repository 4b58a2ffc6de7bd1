/** The log whose causes are projected: small operations of a few events, and one for each size of trace that is measured. */
import type { Document } from 'mongodb';
import { storedDocument } from './documents';

/** Events of an ordinary operation. */
const OPERATION = 4;

/** Events that one event causes in a large operation. */
const FAN_OUT = 3;

export const operationOf = (events: number): string => `operation-of-${events}`;

/** The event of this place in an operation, caused by an earlier one. */
const member = (number: number, correlationId: string, place: number): Document => ({
  ...storedDocument(number),
  eventId: `${correlationId}-${place}`,
  correlationId,
  causationId: place === 0 ? '' : `${correlationId}-${Math.floor((place - 1) / FAN_OUT)}`,
});

/** Documents from a number on. @param sizes of the large operations, which stand at the log's beginning, one after the other. */
export function tracedDocuments(sizes: readonly number[], from: number, count: number): Document[] {
  return Array.from({ length: count }, (_, i) => {
    const number = from + i;
    let place = number;
    for (const size of sizes) {
      if (place < size) return member(number, operationOf(size), place);
      place -= size;
    }
    return member(number, `operation-${Math.floor(place / OPERATION)}`, place % OPERATION);
  });
}
