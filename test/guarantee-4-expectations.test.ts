/**
 * Guarantee 4: at most one of several appends with the same expectation (concurrency scope) wins, whichever server
 * they go through; and an expectation that holds is never refused.
 */
import { LIMITS } from '../src/kernel/limits';
import { TUNING } from '../src/sequences/tuning';
import {
  event,
  events,
  freshSequence,
  json,
  numbersOf,
  range,
  refusal,
  type AppendRequest,
  type EventFilter,
  type NewEvent,
  type SequenceRef,
} from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

const RACERS = 20;

/** Sends as many appends at once, by turns through both servers. How many won, and what the others were told. */
async function race(request: (i: number) => AppendRequest) {
  const answers = await Promise.all(range(0, RACERS).map((i) => servers.either(i).append(request(i))));
  const won = answers.flatMap(({ appended }) => appended ?? []);
  const violations = answers.flatMap(({ refused }) => refused?.violations ?? []);
  return { won, violations };
}

describe('of racing appends with the same expectation exactly one wins', () => {
  const order: NewEvent = { type: 'placed', eventSourceId: 'order-1', tags: ['course:1', 'student:2'] };
  const scopes: [string, EventFilter, number][] = [
    ['by source, the first event', { eventSourceIds: ['order-1'] }, -1],
    ['by source, after a version', { eventSourceIds: ['order-1'] }, 0],
    ['by type', { types: ['placed', 'cancelled'] }, 0],
    ['by types and tags: a dynamic consistency boundary', { types: ['placed'], tags: ['student:2', 'course:1'] }, 0],
    ['by correlation id', { correlationId: 'operation' }, 0],
    ['of the whole sequence', {}, 0],
  ];

  it.each(scopes)('%s', async (_, filter, lastSeen) => {
    const sequence = freshSequence();
    const fields = { ...order, correlationId: 'operation' };
    if (lastSeen >= 0) await servers.a.appended({ sequence, events: [event(fields)] });
    const expectation = { filter, ...(lastSeen >= 0 ? { lastSeen } : {}) };
    const { won, violations } = await race(() => ({
      sequence,
      events: [event(fields)],
      expectations: [expectation],
    }));
    expect(won.map(({ firstSequenceNumber }) => firstSequenceNumber)).toEqual([lastSeen + 1]);
    expect(violations).toHaveLength(RACERS - 1);
    for (const violation of violations) {
      expect(violation).toMatchObject({
        code: 'CONCURRENCY_CONFLICT',
        field: 'expectations[0]',
        sequenceNumber: lastSeen + 1,
      });
    }
    expect(await servers.b.tail({ sequence })).toBe(lastSeen + 1);
  });

  it('with batches, of which one is recorded whole and no part of another', async () => {
    const sequence = freshSequence();
    const { won } = await race(() => ({
      sequence,
      events: events(3, { eventSourceId: 'cart' }),
      expectations: [{ filter: { eventSourceIds: ['cart'] } }],
    }));
    expect(won).toHaveLength(1);
    expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0, 1, 2]);
  });

  it('with several expectations, of which one is shared', async () => {
    const sequence = freshSequence();
    const { won, violations } = await race((i) => ({
      sequence,
      events: [event({ eventSourceId: 'shared' })],
      expectations: [{ filter: { eventSourceIds: [`own ${i}`] } }, { filter: { eventSourceIds: ['shared'] } }],
    }));
    expect(won).toHaveLength(1);
    expect(new Set(violations.map(({ field }) => field))).toEqual(new Set(['expectations[1]']));
  });

  it('counting up: each round of the race is won once, and versions follow each other', async () => {
    const sequence = freshSequence();
    const filter = { eventSourceIds: ['counter'] };
    const contender = async (i: number): Promise<number> => {
      let wins = 0;
      for (let seen: number | undefined; wins < 5;) {
        const answer = await servers.either(i).append({
          sequence,
          events: [event({ eventSourceId: 'counter', content: json({ after: seen ?? null }) })],
          expectations: [{ filter, ...(seen === undefined ? {} : { lastSeen: seen }) }],
        });
        if (answer.appended) wins++;
        seen = answer.appended?.firstSequenceNumber ?? answer.refused?.violations[0]?.sequenceNumber;
      }
      return wins;
    };
    await Promise.all(range(0, 4).map(contender));
    const log = await servers.b.read({ sequence });
    // What each had seen is exactly the event before its own.
    expect(log.map(({ content }) => JSON.parse(content.toString()) as unknown)).toEqual(
      range(0, 20).map((i) => ({ after: i === 0 ? null : i - 1 })),
    );
  });
});

describe('an expectation', () => {
  it('without a last number seen means none: it stands while nothing matches, wherever the tail is', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(5, { eventSourceId: 'others' }) });
    const first = { sequence, events: [event({ eventSourceId: 'mine' })] };
    const expectations = [{ filter: { eventSourceIds: ['mine'] } }];
    await servers.b.appended({ ...first, expectations });
    const [violation] = await servers.a.refused({ sequence, events: [event()], expectations });
    expect(violation).toMatchObject({ code: 'CONCURRENCY_CONFLICT', sequenceNumber: 5 });
  });

  it('with a last number seen of 0 is not the same as with none', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: [event()] });
    await servers.a.appended({ sequence, events: [event()], expectations: [{ filter: {}, lastSeen: 0 }] });
    const [violation] = await servers.a.refused({ sequence, events: [event()], expectations: [{ filter: {} }] });
    expect(violation?.sequenceNumber).toBe(1);
  });

  it('is never blocked by other sources, types or tags, in whatever company it is committed', async () => {
    const sequence = freshSequence();
    // Each source's own chain of versions, all at once and through both servers.
    await Promise.all(
      range(0, 8).map(async (source) => {
        let lastSeen: number | undefined;
        for (const i of range(0, 10)) {
          const eventSourceId = `source ${source}`;
          const { firstSequenceNumber } = await servers.either(source + i).appended({
            sequence,
            events: [event({ eventSourceId, tags: [eventSourceId] })],
            expectations: [
              { filter: { eventSourceIds: [eventSourceId] }, ...(lastSeen === undefined ? {} : { lastSeen }) },
              { filter: { tags: [eventSourceId] }, ...(lastSeen === undefined ? {} : { lastSeen }) },
            ],
          });
          lastSeen = firstSequenceNumber;
        }
      }),
    );
    expect(await servers.a.tail({ sequence })).toBe(79);
  });

  it('needs all tags of its filter on one event', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: [event({ tags: ['a'] }), event({ tags: ['b'] })] });
    await servers.b.appended({
      sequence,
      events: [event({ tags: ['a', 'b', 'c'] })],
      expectations: [{ filter: { tags: ['a', 'b'] } }],
    });
    const [violation] = await servers.a.refused({
      sequence,
      events: [event()],
      expectations: [{ filter: { tags: ['b', 'a'] } }],
    });
    expect(violation?.sequenceNumber).toBe(2);
  });

  it('that does not hold is told with all the others at once', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: events(2) });
    const violations = await servers.a.refused({
      sequence,
      events: [event()],
      expectations: [{ filter: {} }, { filter: {}, lastSeen: 1 }, { filter: { types: ['noted'] }, lastSeen: 0 }],
    });
    expect(violations.map(({ field, sequenceNumber }) => [field, sequenceNumber])).toEqual([
      ['expectations[0]', 1],
      ['expectations[2]', 1],
    ]);
  });

  it('does not look at the events of its own call', async () => {
    const sequence = freshSequence();
    const batch = events(3, { eventSourceId: 'new' });
    await servers.a.appended({ sequence, events: batch, expectations: [{ filter: { eventSourceIds: ['new'] } }] });
    expect(await servers.a.tail({ sequence })).toBe(2);
  });

  it.each([
    ['an empty sequence', 0, 0],
    ['one that ends before', 3, 3],
    ['one that ends long before', 3, 1_000_000],
  ])(
    'ahead of the tail of %s is an error of the call, since the number is from elsewhere',
    async (_, count, lastSeen) => {
      const sequence = freshSequence();
      if (count > 0) await servers.a.appended({ sequence, events: events(count) });
      for (const client of [servers.a, servers.b]) {
        const call = client.append({ sequence, events: [event()], expectations: [{ filter: {}, lastSeen }] });
        expect(await refusal(call)).toMatchObject({
          code: 'EXPECTATION_AHEAD_OF_TAIL',
          field: 'expectations[0].last_seen',
          metadata: { actual: String(lastSeen), ...(count > 0 ? { tail: String(count - 1) } : {}) },
        });
      }
      expect(await servers.a.tail({ sequence })).toBe(count === 0 ? undefined : count - 1);
    },
  );

  it('of a number that the other server has just given is not ahead', async () => {
    const sequence = freshSequence();
    for (const i of range(0, 20)) {
      await servers.either(i).appended({
        sequence,
        events: [event()],
        expectations: [{ filter: {}, ...(i === 0 ? {} : { lastSeen: i - 1 }) }],
      });
    }
  });
});

describe('an expectation far behind what is kept in memory is checked in the database', () => {
  let sequence: SequenceRef;
  /** More events than are looked through in memory. */
  const count = TUNING.checkInMemoryEvents + LIMITS.eventsPerAppend;

  beforeAll(async () => {
    sequence = freshSequence();
    await servers.a.appended({ sequence, events: [event({ eventSourceId: 'old', tags: ['old'], type: 'old' })] });
    for (let left = count - 1; left > 0; left -= LIMITS.eventsPerAppend) {
      await servers.a.appended({ sequence, events: events(Math.min(left, LIMITS.eventsPerAppend)) });
    }
  });

  it.each<[string, EventFilter]>([
    ['source', { eventSourceIds: ['old'] }],
    ['tag', { tags: ['old'] }],
    ['type', { types: ['old'] }],
  ])('by %s', async (_, filter) => {
    for (const client of [servers.a, servers.b]) {
      const [violation] = await client.refused({ sequence, events: [event()], expectations: [{ filter }] });
      expect(violation?.sequenceNumber).toBe(0);
      await client.appended({ sequence, events: [event()], expectations: [{ filter, lastSeen: 0 }] });
    }
  });
});
