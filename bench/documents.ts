/**
 * The events that are written: an order's event that makes a document of about 500 bytes in the
 * database, and for the floor the document that Annals would store, so that both write the same.
 */
import { Long, type Document } from 'mongodb';
import type { NewEvent } from '../src/client';
import { newId } from '../src/kernel/ids';
import { MIN_DATE_MS } from '../src/kernel/limits';

/** Bytes of a stored document, about; the test holds the documents to it. */
export const DOCUMENT_BYTES = 500;

/** Event sources that events are about in turn: enough that an index on them has work to do. */
const SOURCES = 1_000;

const TYPES = ['order.placed', 'order.paid', 'order.shipped', 'order.closed'] as const;

const typeOf = (n: number): string => TYPES[n % TYPES.length] ?? TYPES[0];
const sourceOf = (n: number): string => `order-${String(n % SOURCES).padStart(6, '0')}`;

const contentOf = (n: number): Document => ({
  customer: `customer-${n % 977}`,
  currency: 'EUR',
  total: 1_000 + (n % 9_000),
  express: n % 3 === 0,
  warehouse: 'hamburg-north',
  lines: [{ sku: `sku-${n % 4_999}`, quantity: 1 + (n % 5), price: 19.95 }],
});

/** The event with this running number, as a program appends it. */
export const newEvent = (n: number): NewEvent => ({
  type: typeOf(n),
  eventSourceId: sourceOf(n),
  content: contentOf(n),
});

export const newEvents = (from: number, count: number): NewEvent[] =>
  Array.from({ length: count }, (_, i) => newEvent(from + i));

/** The same event as the document that Annals makes of it, under the number `n`. */
export function storedDocument(n: number): Document {
  const now = new Date();
  return {
    _id: Long.fromNumber(n),
    recorded: now,
    eventId: newId(),
    correlationId: newId(),
    causationId: '',
    causedBy: '',
    type: typeOf(n),
    generation: 1,
    occurred: now,
    validFrom: new Date(MIN_DATE_MS),
    eventSourceId: sourceOf(n),
    tags: [],
    content: { '1': contentOf(n) },
    compensations: [],
  };
}

export const storedDocuments = (from: number, count: number): Document[] =>
  Array.from({ length: count }, (_, i) => storedDocument(from + i));
