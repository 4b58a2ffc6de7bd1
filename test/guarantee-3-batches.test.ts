/** Guarantee 3: one append call of many events is all or nothing, and contiguous; also while two servers contend. */
import { LIMITS } from '../src/kernel/limits';
import { event, events, freshSequence, json, numbersOf, range, refusal } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

it('batches are contiguous and whole under contention of two servers, and every look sees whole batches alone', async () => {
  const sequence = freshSequence();
  const sizes = [2, 7, 1, 50, 3];
  const writers = 6;
  let writing = true;
  const looks: string[][] = [];
  const reader = (async () => {
    while (writing) looks.push((await servers.b.read({ sequence })).map(({ correlationId }) => correlationId));
  })();
  const answers = await Promise.all(
    range(0, writers).flatMap((writer) =>
      sizes.map(async (size, i) => {
        const correlationId = `batch of ${size} by ${writer}`;
        const answer = await servers.either(writer + i).appended({ sequence, events: events(size, { correlationId }) });
        return { ...answer, size, correlationId };
      }),
    ),
  );
  writing = false;
  await reader;

  const log = await servers.a.read({ sequence });
  expect(numbersOf(log)).toEqual(range(0, log.length));
  expect(log).toHaveLength(writers * sizes.reduce((sum, size) => sum + size));
  for (const { firstSequenceNumber, lastSequenceNumber, size, correlationId } of answers) {
    expect(lastSequenceNumber).toBe(firstSequenceNumber + size - 1);
    const batch = log.slice(firstSequenceNumber, lastSequenceNumber + 1);
    expect(batch.map((recorded) => recorded.correlationId)).toEqual(Array(size).fill(correlationId));
  }
  const sizeOf = new Map(answers.map(({ correlationId, size }) => [correlationId, size]));
  for (const look of looks) {
    for (const correlationId of new Set(look)) {
      expect(look.filter((other) => other === correlationId)).toHaveLength(sizeOf.get(correlationId) ?? 0);
    }
  }
});

it('the events of a batch are recorded in the order in which they were sent, at one time', async () => {
  const sequence = freshSequence();
  const batch = events(100);
  const { recorded } = await servers.a.appended({ sequence, events: batch });
  const log = await servers.b.read({ sequence });
  expect(log.map(({ eventId }) => eventId)).toEqual(batch.map(({ eventId }) => eventId));
  expect(
    log.every((one) => one.recorded?.seconds === recorded?.seconds && one.recorded?.nanos === recorded?.nanos),
  ).toBe(true);
});

it(`a batch of the ${LIMITS.eventsPerAppend} events that a call may have is recorded whole`, async () => {
  const sequence = freshSequence();
  const { firstSequenceNumber, lastSequenceNumber } = await servers.a.appended({
    sequence,
    events: events(LIMITS.eventsPerAppend),
  });
  expect([firstSequenceNumber, lastSequenceNumber]).toEqual([0, LIMITS.eventsPerAppend - 1]);
  expect(await servers.b.tail({ sequence })).toBe(LIMITS.eventsPerAppend - 1);
});

describe('of a batch with one part that is refused, nothing is recorded', () => {
  it.each([
    ['its content', { content: Buffer.from('{') }, 'INVALID_CONTENT', 'events[1].content'],
    ['its type', { type: '' }, 'INVALID_FIELD', 'events[1].type'],
    ['its date', { occurred: { seconds: 253_402_300_800 } }, 'DATE_OUT_OF_RANGE', 'events[1].occurred'],
    ['its generation', { generation: 2 }, 'UNKNOWN_GENERATION', 'events[1].generation'],
  ])('for %s', async (_, fault, code, field) => {
    const sequence = freshSequence();
    const call = servers.a.append({ sequence, events: [event(), event(fault), event()] });
    expect(await refusal(call)).toMatchObject({ code, field });
    expect(await servers.a.tail({ sequence })).toBeUndefined();
  });

  it('for an event id that is recorded with other content', async () => {
    const sequence = freshSequence();
    const recorded = event({ content: json({ first: true }) });
    await servers.a.appended({ sequence, events: [recorded] });
    const batch = [event(), { ...recorded, content: json({ first: false }) }, event()];
    const [violation] = await servers.b.refused({ sequence, events: batch });
    expect(violation).toMatchObject({ code: 'EVENT_ID_REUSED', field: 'events[1].content', sequenceNumber: 0 });
    expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0]);
  });

  it('for one expectation of several that does not hold', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: [event({ eventSourceId: 'taken' })] });
    const violations = await servers.b.refused({
      sequence,
      events: events(3),
      expectations: [{ filter: { eventSourceIds: ['free'] } }, { filter: { eventSourceIds: ['taken'] } }],
    });
    expect(violations.map(({ code, field }) => [code, field])).toEqual([['CONCURRENCY_CONFLICT', 'expectations[1]']]);
    expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0]);
  });
});
