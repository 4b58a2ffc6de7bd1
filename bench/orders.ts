/**
 * The event whose type is registered: an order of about a kilobyte, in the three generations of its
 * type. The generations are written out, so that the raw driver can make a log that holds all of them;
 * a test holds them to what the server casts.
 */
import { Long, type Document } from 'mongodb';
import { eventType, step, type NewEvent } from '../src/client';
import { storedDocument } from './documents';

/** Bytes of an order's content, about; the test holds the orders to it. */
export const ORDER_BYTES = 1_000;

const LINES = 5;
const TEXT = { type: 'string', minLength: 1, maxLength: 200 };
const WORD = { type: 'string', pattern: '^[^ ]+$', maxLength: 100 };
const WHOLE = { type: 'integer', minimum: 0 };
const AMOUNT = { type: 'integer', minimum: 0, maximum: 999_999_999 };

const ADDRESS = {
  ...{ type: 'object', additionalProperties: false, required: ['street', 'city', 'country'] },
  properties: {
    street: TEXT,
    city: TEXT,
    country: { type: 'string', pattern: '^[A-Z]+$', minLength: 2, maxLength: 2 },
  },
};

const LINE = {
  ...{ type: 'object', additionalProperties: false, required: ['sku', 'title', 'quantity', 'price'] },
  properties: {
    sku: { type: 'string', pattern: '^[A-Z]+-[0-9]+$' },
    title: TEXT,
    quantity: { type: 'integer', minimum: 1, maximum: 1_000 },
    price: { type: 'number', minimum: 0 },
    taxed: { type: 'boolean' },
  },
};

/** What all generations have. */
const COMMON = {
  number: WHOLE,
  currency: { enum: ['EUR', 'USD', 'GBP', 'CHF'] },
  express: { type: 'boolean' },
  warehouse: TEXT,
  channel: { enum: ['web', 'shop', 'telephone'] },
  address: ADDRESS,
  lines: { type: 'array', minItems: 1, maxItems: 100, items: LINE },
  note: { type: 'string', maxLength: 1_000 },
};

const generation = (properties: object) => ({
  ...{ type: 'object', additionalProperties: false, properties: { ...COMMON, ...properties } },
  required: [...Object.keys(COMMON), ...Object.keys(properties)],
});

const EMAIL = { type: 'string', format: 'email' };
const NAME = { type: 'string', pattern: '^[^ ]+ [^ ]+$', maxLength: 201 };

const FIRST = generation({
  ...{ customer: NAME, email: EMAIL },
  total: { type: 'string', pattern: '^[0-9]+$', maxLength: 9 },
});
const SECOND = generation({ name: NAME, email: EMAIL, total: AMOUNT, origin: TEXT });
const THIRD = generation({ first: WORD, last: WORD, contact: EMAIL, total: AMOUNT, origin: TEXT, pieces: WHOLE });

/** The type with every kind of migration on the way. */
export const orderIn3Generations = eventType('order.placed-in-3')
  .generation(1, FIRST)
  .generation(2, SECOND, {
    up: [step.rename('customer', 'name'), step.convert('total', 'integer'), step.defaultTo('origin', 'unknown')],
    down: [step.rename('name', 'customer'), step.convert('total', 'string'), step.remove('origin')],
  })
  .generation(3, THIRD, {
    up: [
      step.split('name', ' ', ['first', 'last']),
      step.rename('email', 'contact'),
      step.expression('pieces', 'size(content.lines)'),
    ],
    down: [step.join(['first', 'last'], ' ', 'name'), step.rename('contact', 'email'), step.remove('pieces')],
  });

/** The type as it was before it changed. */
export const orderChecked = eventType('order.placed-checked').generation(1, FIRST);

/** Types that nobody registers. */
export const ORDER_PLAIN = 'order.placed-plain';
export const ORDER_UNIQUE = 'order.placed-unique';

const common = (n: number): Document => ({
  number: n,
  currency: 'EUR',
  express: n % 3 === 0,
  warehouse: 'hamburg-north',
  channel: 'web',
  address: { street: `Long Street ${n % 200}`, city: 'Hamburg', country: 'DE' },
  lines: Array.from({ length: LINES }, (_, i) => ({
    sku: `SKU-${(n + i) % 4_999}`,
    title: 'A thing that is sold by the piece, blue, of medium size',
    quantity: 1 + ((n + i) % 5),
    price: 19.95,
    taxed: true,
  })),
  note: 'Leave it with the neighbours, please, when nobody opens; the bell is broken.',
});

const [first, last] = ['Anna-Maria', 'Example'];
const email = 'anna-maria@example.org';

/** The order with this running number, in generation 1. */
export const orderContent = (n: number): Document => ({
  ...common(n),
  ...{ customer: `${first} ${last}`, email, total: String(1_000 + (n % 9_000)) },
});

/** The same in each of the three generations: the properties are those that casting gives, in its order. */
export function orderContents(n: number): Record<'1' | '2' | '3', Document> {
  const total = 1_000 + (n % 9_000);
  return {
    '1': orderContent(n),
    '2': { ...common(n), name: `${first} ${last}`, email, total, origin: 'unknown' },
    '3': { ...common(n), contact: email, total, origin: 'unknown', first, last, pieces: LINES },
  };
}

/** Events of a type with such contents, in generation 1. */
export const ordersOf =
  (type: string) =>
  (from: number, count: number): NewEvent[] =>
    Array.from({ length: count }, (_, i) => ({
      type,
      generation: 1,
      eventSourceId: `order-${from + i}`,
      content: orderContent(from + i),
    }));

/** The document of an order under its number, with content in one generation or in all. */
export function storedOrder(n: number, type: string, generations: 1 | 3): Document {
  const contents = orderContents(n);
  return {
    ...storedDocument(n),
    _id: Long.fromNumber(n),
    type,
    eventSourceId: `order-${n}`,
    content: generations === 1 ? { '1': contents['1'] } : contents,
  };
}
