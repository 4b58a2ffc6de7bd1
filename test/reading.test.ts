/**
 * Read, GetEvent, GetTail and ListSequences: whatever range, direction, limit and filter is asked for, the answer is
 * what a plain filter over the whole log gives.
 */
import fc from 'fast-check';
import { matchesAny } from '../src/sequences/log-event';
import { serve, type ServedHere } from './support/in-process-server';
import {
  event,
  events,
  freshSequence,
  json,
  numbersOf,
  parsed,
  range,
  refusal,
  type NewEvent,
  type RawClient,
  type ReadRequest,
  type SequenceRef,
} from './support/raw-client';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let here: ServedHere;
let client: RawClient;

beforeAll(async () => {
  database = await startReplicaSet();
  here = await serve(database.url);
  ({ client } = here);
});
afterAll(async () => {
  await here.stop();
  await database.stop();
});

describe('Read answers what a filter over the whole log would', () => {
  const TYPES = ['placed', 'paid', 'cancelled'];
  const SOURCES = ['order-1', 'order-2', 'order-3', 'order-4'];
  const TAGS = ['eu', 'us', 'gift'];
  const CORRELATIONS = ['x', 'y'];
  const COUNT = 300;
  let sequence: SequenceRef;
  let log: Required<Pick<NewEvent, 'type' | 'eventSourceId' | 'tags' | 'correlationId'>>[];

  beforeAll(async () => {
    sequence = freshSequence();
    log = fc.sample(
      fc.record({
        type: fc.constantFrom(...TYPES),
        eventSourceId: fc.constantFrom(...SOURCES),
        tags: fc.subarray(TAGS),
        correlationId: fc.constantFrom(...CORRELATIONS),
      }),
      { numRuns: COUNT, seed: 1 },
    );
    await client.appended({ sequence, events: log.map((fields) => event(fields)) });
  });

  const number = fc.option(fc.nat(COUNT + 20), { nil: undefined });
  const filter = fc.record({
    // Values that no event has are asked for too.
    types: fc.subarray([...TYPES, 'never'], { maxLength: 2 }),
    eventSourceIds: fc.subarray([...SOURCES, 'nobody'], { maxLength: 3 }),
    tags: fc.subarray([...TAGS, 'none'], { maxLength: 2 }),
    correlationId: fc.option(fc.constantFrom(...CORRELATIONS, 'z', ''), { nil: undefined }),
  });
  const question = fc.record({
    backwards: fc.boolean(),
    from: number,
    to: number,
    limit: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }), fc.constant(COUNT + 1)),
    filters: fc.array(filter, { maxLength: 3 }),
  });
  type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;

  function modelOf({ backwards, from, to, limit, filters }: Question): number[] {
    const order = backwards ? range(0, COUNT).reverse() : range(0, COUNT);
    const inRange = (n: number) =>
      backwards ? n <= (from ?? COUNT) && n >= (to ?? 0) : n >= (from ?? 0) && n <= (to ?? COUNT);
    const wanted = order.filter(
      (n) => inRange(n) && matchesAny(filters, log[n] ?? { type: '', eventSourceId: '', tags: [], correlationId: '' }),
    );
    return limit === 0 ? wanted : wanted.slice(0, limit);
  }

  const requestOf = ({ backwards, from, to, limit, filters }: Question): ReadRequest => ({
    sequence,
    direction: backwards ? 'DIRECTION_BACKWARDS' : 'DIRECTION_FORWARDS',
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    limit,
    filters: filters.map(({ correlationId, ...lists }) => ({
      ...lists,
      ...(correlationId === undefined ? {} : { correlationId }),
    })),
  });

  it('in either direction, for any range, limit and filters', async () => {
    await fc.assert(
      fc.asyncProperty(question, async (asked) => {
        expect(numbersOf(await client.read(requestOf(asked)))).toEqual(modelOf(asked));
      }),
      { numRuns: 150 },
    );
  });

  it('and GetTail is the last of what a read of the same filters gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(filter, { maxLength: 3 }), async (filters) => {
        const everything = { backwards: false, from: undefined, to: undefined, limit: 0, filters };
        const asked = requestOf(everything);
        expect(await client.tail({ sequence, filters: asked.filters ?? [] })).toBe(modelOf(everything).at(-1));
      }),
      { numRuns: 50 },
    );
  });

  it('the position of its last response says how far it looked, whether anything matched or not', async () => {
    const responses = await client.readResponses({ sequence, filters: [{ types: ['never'] }] });
    expect(responses.at(-1)?.position).toBe(COUNT - 1);
    const backwards = await client.readResponses({
      sequence,
      direction: 'DIRECTION_BACKWARDS',
      filters: [{ types: ['never'] }],
    });
    expect(backwards.at(-1)?.position).toBe(0);
  });
});

describe('long reads', () => {
  it('of more events than one message holds come contiguous, forwards and backwards, in JSON and BSON', async () => {
    const sequence = freshSequence();
    for (const _ of range(0, 3)) await client.appended({ sequence, events: events(2_000) });
    for (const contentType of ['CONTENT_TYPE_JSON', 'CONTENT_TYPE_BSON'] as const) {
      const forwards = await client.readResponses({ sequence, contentType });
      expect(forwards.length).toBeGreaterThan(1);
      expect(numbersOf(forwards.flatMap((response) => response.events))).toEqual(range(0, 6_000));
      const backwards = await client.read({ sequence, contentType, direction: 'DIRECTION_BACKWARDS' });
      expect(numbersOf(backwards)).toEqual(range(0, 6_000).reverse());
    }
  });

  it('of events of 1 MiB, more than one reply of the database holds, are whole', async () => {
    const sequence = freshSequence();
    const content = json({ text: 'x'.repeat(1_000_000) });
    for (const _ of range(0, 20)) await client.appended({ sequence, events: [event({ content })] });
    const log = await client.read({ sequence });
    expect(numbersOf(log)).toEqual(range(0, 20));
    expect(log.every((one) => one.content.equals(content))).toBe(true);
  });

  it('sizes that change from one event to the next are no matter', async () => {
    const sequence = freshSequence();
    const sizes = range(0, 60).map((i) => (i % 7 === 0 ? 200_000 : i));
    for (const size of sizes)
      await client.appended({ sequence, events: [event({ content: json({ text: 'x'.repeat(size) }) })] });
    const log = await client.read({ sequence });
    expect(log.map((one) => (parsed(one) as { text: string }).text.length)).toEqual(sizes);
  });

  it('what is recorded after a read began is not part of it', async () => {
    const sequence = freshSequence();
    await client.appended({ sequence, events: events(2_000) });
    const reading = client.read({ sequence });
    await client.appended({ sequence, events: events(10) });
    const numbers = numbersOf(await reading);
    expect([2_000, 2_010]).toContain(numbers.length);
    expect(numbers).toEqual(range(0, numbers.length));
  });
});

describe('GetEvent', () => {
  it('finds an event by its number and by its id, in the content type asked for', async () => {
    const sequence = freshSequence();
    const sent = event({ tags: ['t'], content: json({ a: 1 }) });
    await client.appended({ sequence, events: [event(), sent] });
    const byNumber = await client.getEvent({ sequence, sequenceNumber: 1 });
    const byId = await client.getEvent({ sequence, eventId: sent.eventId ?? '' });
    expect(byNumber).toEqual(byId);
    expect(byNumber.event).toMatchObject({ sequenceNumber: 1, eventId: sent.eventId, tags: ['t'] });
    expect(byNumber.event?.content.toString()).toBe('{"a":1}');
    const bson = await client.getEvent({ sequence, sequenceNumber: 0, contentType: 'CONTENT_TYPE_BSON' });
    expect(bson.event).toMatchObject({ sequenceNumber: 0, contentType: 'CONTENT_TYPE_BSON' });
  });

  it('of what is not there is EVENT_NOT_FOUND, naming the field', async () => {
    const sequence = freshSequence();
    await client.appended({ sequence, events: [event()] });
    expect(await refusal(client.getEvent({ sequence, sequenceNumber: 1 }))).toMatchObject({
      code: 'EVENT_NOT_FOUND',
      field: 'sequence_number',
    });
    expect(await refusal(client.getEvent({ sequence, eventId: 'nobody' }))).toMatchObject({
      code: 'EVENT_NOT_FOUND',
      field: 'event_id',
    });
  });

  it('without a key is INVALID_FIELD', async () => {
    expect(await refusal(client.getEvent({}))).toMatchObject({ code: 'INVALID_FIELD', field: 'key' });
  });
});

describe('a sequence that was never made is an empty one', () => {
  const filters = [{ eventSourceIds: ['a'], tags: ['b'] }];
  it.each([
    ['Read', (sequence: SequenceRef) => client.read({ sequence, filters })],
    ['Read of everything', (sequence: SequenceRef) => client.read({ sequence })],
    ['Read backwards', (sequence: SequenceRef) => client.read({ sequence, direction: 'DIRECTION_BACKWARDS' })],
  ])('%s gives nothing', async (_, read) => {
    expect(await read(freshSequence())).toEqual([]);
  });

  it('GetTail gives no number, with filters and without', async () => {
    expect(await client.tail({ sequence: freshSequence() })).toBeUndefined();
    expect(await client.tail({ sequence: freshSequence(), filters })).toBeUndefined();
    expect(await client.tail({ sequence: freshSequence(), filters: [{ tags: ['b'] }] })).toBeUndefined();
  });

  it('GetEvent finds nothing', async () => {
    const call = client.getEvent({ sequence: freshSequence(), sequenceNumber: 0 });
    expect(await refusal(call)).toMatchObject({ code: 'EVENT_NOT_FOUND' });
  });

  it('reading does not make it', async () => {
    const sequence = freshSequence();
    await client.read({ sequence });
    const { sequences } = await client.listSequences({});
    expect(sequences.map(({ name }) => name)).not.toContain(sequence.sequence);
  });
});

describe('stores, namespaces and sequences', () => {
  it('a namespace has its well-known sequences from the start, and each custom one from its first event', async () => {
    await client.ensure({ store: 'listed', namespaces: ['tenant'] });
    const listed = async () => {
      const { sequences } = await client.listSequences({ store: 'listed', namespace: 'tenant' });
      return sequences.map(({ name, tail }) => [name, tail]);
    };
    expect(await listed()).toEqual([
      ['event-log', undefined],
      ['outbox', undefined],
      ['inbox', undefined],
      ['system', 0],
    ]);
    for (const name of ['zebra', 'aardvark', 'outbox']) {
      const sequence = { store: 'listed', namespace: 'tenant', sequence: name };
      await client.appended({ sequence, events: events(2) });
    }
    // That the two were made is recorded on `system`.
    expect(await listed()).toEqual([
      ['event-log', undefined],
      ['outbox', 1],
      ['inbox', undefined],
      ['system', 2],
      ['aardvark', 1],
      ['zebra', 1],
    ]);
  });

  it('stores, namespaces and sequences of the same name are separate', async () => {
    await client.ensure({ store: 'one', namespaces: ['a', 'b'] });
    await client.ensure({ store: 'two', namespaces: ['a'] });
    const places = ['one', 'two'].flatMap((store) =>
      (store === 'one' ? ['a', 'b', 'default'] : ['a', 'default']).flatMap((namespace) =>
        ['event-log', 'outbox', 'inbox', 'log'].map((sequence) => ({ store, namespace, sequence })),
      ),
    );
    for (const sequence of places) {
      const answer = await client.appended({ sequence, events: [event({ eventId: 'same', content: json(sequence) })] });
      expect(answer).toMatchObject({ firstSequenceNumber: 0, duplicate: false });
    }
    for (const sequence of places) expect((await client.read({ sequence })).map(parsed)).toEqual([sequence]);
  });

  it('an empty reference means store default, namespace default, event-log', async () => {
    const { lastSequenceNumber } = await client.appended({ events: [event()] });
    const sequence = { store: 'default', namespace: 'default', sequence: 'event-log' };
    expect(await client.tail({ sequence })).toBe(lastSequenceNumber);
  });

  it('Ensure says whether something was made, adds namespaces, and List tells all', async () => {
    const first = await client.ensure({ store: 'growing', namespaces: [] });
    expect(first).toMatchObject({ created: true, store: { name: 'growing', namespaces: ['default'] } });
    const again = await client.ensure({ store: 'growing' });
    expect(again).toMatchObject({ created: false });
    const more = await client.ensure({ store: 'growing', namespaces: ['x', 'default', 'x'] });
    expect(more).toMatchObject({ created: true, store: { namespaces: ['default', 'x'] } });
    const { stores } = await client.listStores();
    expect(stores).toContainEqual({ name: 'growing', namespaces: ['default', 'x'], strict: false });
    expect(stores.map(({ name }) => name)).toContain('default');
  });

  it('Ensure many times at once makes one store', async () => {
    const answers = await Promise.all(range(0, 10).map(() => client.ensure({ store: 'raced', namespaces: ['n'] })));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    const { stores } = await client.listStores();
    expect(stores.filter(({ name }) => name === 'raced')).toEqual([
      { name: 'raced', namespaces: ['default', 'n'], strict: false },
    ]);
  });

  it('what Ensure made is an event on the system sequence of that namespace, once', async () => {
    for (const _ of range(0, 3)) await client.ensure({ store: 'audited', namespaces: ['tenant'] });
    for (const namespace of ['default', 'tenant']) {
      const audit = await client.read({ sequence: { store: 'audited', namespace, sequence: 'system' } });
      expect(audit).toMatchObject([
        { type: 'NamespaceCreated', eventSourceId: `audited/${namespace}`, causedBy: 'annals', sequenceNumber: 0 },
      ]);
      expect(audit.map(parsed)).toEqual([{ store: 'audited', namespace }]);
    }
  });

  it('that a custom sequence was made is an event on system, once, whichever server made it', async () => {
    await client.ensure({ store: 'made', namespaces: [] });
    const other = await serve(database.url);
    const sequence = { store: 'made', namespace: 'default', sequence: 'mine' };
    await Promise.all([client, other.client].map((one) => one.appended({ sequence, events: [event()] })));
    await other.stop();
    const audit = await client.read({
      sequence: { ...sequence, sequence: 'system' },
      filters: [{ types: ['SequenceCreated'] }],
    });
    expect(audit.map(parsed)).toEqual([sequence]);
  });
});
