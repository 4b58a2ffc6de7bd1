import { refusalCode } from './refusal-code.testing';
import type { ObserverView } from '../observation/observation';
import type { ObserverDefinition__Output } from '../contract/generated/annals/v1/ObserverDefinition';
import { definitionOf, failedPartitionMessage, observerAddressOf, observerMessage, startOf } from './observer-messages';

const ref = (observer: string, store = '', namespace = '') => ({ observer, store, namespace });
const message = (over: Partial<ObserverDefinition__Output> = {}): ObserverDefinition__Output => ({
  sequence: '',
  filters: [],
  start: null,
  partitionKey: null,
  contentType: 'CONTENT_TYPE_UNSPECIFIED',
  generations: [],
  allGenerations: false,
  ...over,
});

describe('an observer’s address', () => {
  it('has defaults for store and namespace', () => {
    expect(observerAddressOf(ref('orders'))).toEqual({ store: 'default', namespace: 'default', observer: 'orders' });
    expect(observerAddressOf(ref('orders', 's', 'n'))).toEqual({ store: 's', namespace: 'n', observer: 'orders' });
  });

  it.each(['a', 'x'.repeat(100), 'Orders.read-model:v2/eu_1'])('may be %s', (id) => {
    expect(observerAddressOf(ref(id)).observer).toBe(id);
  });

  it.each(['', 'x'.repeat(101), 'a b', 'ä', 'a\n', 'a$'])('may not be %j', (id) => {
    expect(refusalCode(() => observerAddressOf(ref(id)))).toEqual(['INVALID_FIELD', 'observer']);
  });

  it('is needed', () => {
    expect(refusalCode(() => observerAddressOf(null))).toEqual(['INVALID_FIELD', 'observer']);
  });
});

describe('a definition', () => {
  it('says nothing: the event log, everything, by event source, as JSON', () => {
    const defaults = {
      sequence: 'event-log',
      filters: [],
      partitionBy: { kind: 'source' },
      content: 'json',
      generations: [],
      allGenerations: false,
    };
    expect(definitionOf(null)).toEqual(defaults);
    expect(definitionOf(message())).toEqual(defaults);
    expect(definitionOf(message({ partitionKey: {} }))).toEqual(defaults);
  });

  it('comes back as it was told: filters, generations, announcements', () => {
    const told = {
      filters: [
        { types: ['a'], eventSourceIds: [], tags: [], announcements: true },
        { types: [], eventSourceIds: ['s'], tags: ['t'], correlationId: 'c', announcements: false },
      ],
      generations: [{ type: 'a', generation: 2 }],
      allGenerations: true,
    };
    const definition = definitionOf(message(told));
    expect(definition).toMatchObject({ generations: told.generations, allGenerations: true });
    expect(definition.filters.map(({ announcements }) => announcements)).toEqual([true, undefined]);
    const [first, second] = told.filters;
    const { announcements: _, ...plain } = second as { announcements: boolean };
    expect(observerMessage(viewOf({ definition })).definition).toMatchObject({ ...told, filters: [first, plain] });
  });

  it('has a partition key', () => {
    expect(definitionOf(message({ partitionKey: { property: 'a.b', by: 'property' } })).partitionBy).toEqual({
      kind: 'property',
      path: 'a.b',
    });
    expect(definitionOf(message({ partitionKey: { wholeSequence: true, by: 'wholeSequence' } })).partitionBy).toEqual({
      kind: 'whole',
    });
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'x'.repeat(201)])('has no property with the path %j', (property) => {
    expect(refusalCode(() => definitionOf(message({ partitionKey: { property } })))).toEqual([
      'INVALID_FIELD',
      'definition.partition_key.property',
    ]);
  });
});

test('an observer starts at the front, at a number, at a time, or now', () => {
  expect(startOf(null)).toEqual({ kind: 'number', number: 0 });
  expect(startOf({ number: 7 })).toEqual({ kind: 'number', number: 7 });
  expect(startOf({ now: true })).toEqual({ kind: 'now' });
  expect(startOf({ time: { seconds: 2, nanos: 500_000_000 } })).toEqual({ kind: 'time', time: 2_500 });
  expect(refusalCode(() => startOf({ number: 2 ** 60 }))).toEqual(['INVALID_FIELD', 'definition.start.number']);
});

function viewOf(record: Partial<ObserverView['record']> = {}, connected = true): ObserverView {
  return {
    record: {
      id: 'o',
      definition: definitionOf(null),
      position: 5,
      ahead: new Map(),
      deliveredBelow: 5,
      paused: false,
      quarantined: false,
      replay: undefined,
      rate: 0,
      ...record,
    },
    tail: 9,
    failedPartitions: 0,
    clients: [],
    connected,
    owner: '',
    lag: 1_500,
  };
}

describe('an observer’s state', () => {
  const replay = { from: 0, to: 9, partition: undefined, position: 4, done: 4, total: 10 };

  it.each<[string, ObserverView]>([
    ['ACTIVE', viewOf()],
    ['DISCONNECTED', viewOf({}, false)],
    ['DISCONNECTED', viewOf({ replay }, false)],
    ['REPLAYING', viewOf({ replay })],
    ['PAUSED', viewOf({ paused: true, replay }, false)],
    ['QUARANTINED', viewOf({ paused: true, quarantined: true })],
  ])('is %s', (state, of) => {
    expect(observerMessage(of).state).toBe(`OBSERVER_STATE_${state}`);
  });

  it('tells how far a replay is, and how long it still takes once a rate is known', () => {
    expect(observerMessage(viewOf({ replay })).replay).toEqual({ from: 0, to: 9, done: 4, total: 10 });
    expect(observerMessage(viewOf({ replay, rate: 2 })).replay).toMatchObject({ timeLeft: { seconds: 3, nanos: 0 } });
    expect(observerMessage(viewOf({ replay: { ...replay, done: 12 }, rate: 2 })).replay).toMatchObject({
      timeLeft: { seconds: 0, nanos: 0 },
    });
    expect(observerMessage(viewOf()).lag).toEqual({ seconds: 1, nanos: 500_000_000 });
  });
});

test('a failed partition is quarantined when there is no next retry', () => {
  const failure = { partition: 'p', heldFrom: 3, attemptCount: 2, attempts: [], nextRetry: new Date(1_500) };
  expect(failedPartitionMessage(failure)).toMatchObject({
    quarantined: false,
    nextRetry: { seconds: 1, nanos: 500_000_000 },
  });
  const quarantined = failedPartitionMessage({ ...failure, nextRetry: undefined });
  expect(quarantined.quarantined).toBe(true);
  expect(quarantined.nextRetry).toBeUndefined();
});
