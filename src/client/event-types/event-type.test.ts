/** What the builder makes, and (for the compiler: `npm run types`) which content it takes and gives. */
import { ContentType } from '../../contract/messages';
import { wireEvents } from '../new-event';
import type { RecordedEvent } from '../recorded-event';
import type { EventSequence } from '../sequence';
import { eventType, generationsOf, type ContentsOf, type EventType } from './event-type';
import { schema } from './json-schema';
import { step } from './steps';

const FIRST = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] } as const;

interface Second {
  amount: number;
  currency: string;
}

const orderPlaced = eventType('order.placed', { description: 'A customer has ordered' })
  .generation(1, FIRST)
  .generation(2, schema<Second>({ type: 'object', required: ['amount', 'currency'] }), {
    up: [step.rename('total', 'amount'), step.defaultTo('currency', 'EUR')],
    down: [step.rename('amount', 'total'), step.remove('currency')],
  });

const orderPaid = eventType('order.paid').generation(1, { type: 'object' });

test('the definition has the generations and a migration in each direction', () => {
  expect(orderPlaced.definition).toEqual({
    type: 'order.placed',
    description: 'A customer has ordered',
    generations: [
      { generation: 1, schema: FIRST },
      { generation: 2, schema: { type: 'object', required: ['amount', 'currency'] } },
    ],
    migrations: [
      {
        from: 1,
        to: 2,
        steps: [{ rename: { from: 'total', to: 'amount' } }, { default: { property: 'currency', value: 'EUR' } }],
      },
      {
        from: 2,
        to: 1,
        steps: [{ rename: { from: 'amount', to: 'total' } }, { remove: { property: 'currency' } }],
      },
    ],
  });
});

test('one generation more leaves the type as it was', () => {
  const third = orderPlaced.generation(3, {}, { up: [], down: [] });
  expect(third.contentGeneration).toBe(3);
  expect(orderPlaced.contentGeneration).toBe(2);
  expect(orderPlaced.definition.generations).toHaveLength(2);
});

test('generations count up by one', () => {
  const none = { up: [], down: [] };
  // @ts-expect-error -- 3 does not follow 1
  expect(() => orderPaid.generation(3, {}, none)).toThrow(expect.objectContaining({ code: 'INVALID_FIELD' }));
  // @ts-expect-error -- the first one is 1
  expect(() => eventType('x').generation(2, {})).toThrow(expect.objectContaining({ code: 'INVALID_FIELD' }));
  // @ts-expect-error -- what leads there and back is missing
  expect(() => orderPaid.generation(2, {})).toThrow();
});

test('its events are those of the latest generation, as `append` takes them', () => {
  const event = orderPlaced.event('order-17', { amount: 42, currency: 'EUR' }, { tags: ['eu'] });
  expect(event).toEqual({
    type: 'order.placed',
    generation: 2,
    eventSourceId: 'order-17',
    content: { amount: 42, currency: 'EUR' },
    tags: ['eu'],
  });
  expect(wireEvents([event])).toMatchObject([{ type: 'order.placed', generation: 2, contentType: ContentType.BSON }]);
  // @ts-expect-error -- the first generation's content
  orderPlaced.event('order-17', { total: 42 });
  // @ts-expect-error -- type and generation are the type's own
  orderPlaced.event('order-17', { amount: 1, currency: 'EUR' }, { generation: 1 });
});

test('a program of the past writes and reads an earlier generation', () => {
  const first = orderPlaced.inGeneration(1);
  expect(first.event('order-17', { total: 42 })).toMatchObject({ generation: 1, content: { total: 42 } });
  // @ts-expect-error -- the second generation's content
  first.event('order-17', { amount: 42, currency: 'EUR' });
  expect(() => orderPlaced.inGeneration(3)).toThrow(expect.objectContaining({ code: 'INVALID_FIELD' }));
});

test('`is` tells type and generation, and the compiler what the content is', () => {
  // What `is` looks at; a recorded event has more.
  const recorded = (type: string, contentGeneration: number): RecordedEvent =>
    ({ type, contentGeneration, content: { amount: 42, currency: 'EUR' } }) as unknown as RecordedEvent;
  const event = recorded('order.placed', 2);
  expect(orderPlaced.is(event)).toBe(true);
  expect(orderPlaced.is(recorded('order.placed', 1))).toBe(false);
  expect(orderPlaced.is(recorded('order.paid', 2))).toBe(false);
  if (orderPlaced.is(event)) {
    const amount: number = event.content.amount;
    const type: 'order.placed' = event.type;
    expect([amount, type]).toEqual([42, 'order.placed']);
  }
});

test('what observers and reads are told: contents by type, generations wanted', () => {
  expect(generationsOf(orderPlaced, orderPaid)).toEqual({ 'order.placed': 2, 'order.paid': 1 });
  expect(generationsOf(orderPlaced.inGeneration(1))).toEqual({ 'order.placed': 1 });
  type Events = ContentsOf<typeof orderPlaced | typeof orderPaid>;
  const contents: Events = { 'order.placed': { amount: 42, currency: 'EUR' }, 'order.paid': { anything: true } };
  expect(Object.keys(contents)).toHaveLength(2);
  // @ts-expect-error -- no content of order.placed
  const wrong: Events['order.placed'] = { total: 42 };
  expect(wrong).toBeDefined();
});

test('five generations in a row keep their contents apart', () => {
  const none = { up: [], down: [] };
  const property = <const Name extends string>(name: Name) =>
    ({ type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }) as unknown as {
      readonly type: 'object';
      readonly properties: { readonly [N in Name]: { readonly type: 'string' } };
      readonly required: readonly [Name];
    };
  const five = eventType('five')
    .generation(1, property('a'))
    .generation(2, property('b'), none)
    .generation(3, property('c'), none)
    .generation(4, property('d'), none)
    .generation(5, property('e'), none);
  expect(five.event('s', { e: '' }).generation).toBe(5);
  expect(five.inGeneration(3).event('s', { c: '' }).generation).toBe(3);
  // @ts-expect-error -- of generation 3
  five.inGeneration(4).event('s', { c: '' });
  const latest: EventType<'five', readonly [undefined, ...object[], { readonly e: string }]> = five;
  expect(latest.definition.migrations).toHaveLength(8);
});

test('events of several types stand in one append', () => {
  type Append = EventSequence['append'];
  const append: (events: Parameters<Append>[0]) => void = () => undefined;
  append([orderPlaced.event('a', { amount: 1, currency: 'EUR' }), orderPaid.event('a', { paid: true })]);
  append([
    { type: 'other', eventSourceId: 'a', content: { any: 1 } },
    orderPlaced.inGeneration(1).event('a', { total: 1 }),
  ]);
  const generic = (sequence: EventSequence) =>
    sequence.append([orderPlaced.event('a', { amount: 1, currency: 'EUR' }), orderPaid.event('a', { paid: true })]);
  expect(generic).toBeDefined();
});
