/**
 * Guarantee 2: numbers are contiguous and unique in each sequence, and become visible in order: once n is visible
 * nothing below n can appear later. With writers through two servers on one database.
 */
import { awaitFact } from './support/await-fact';
import { event, events, freshSequence, numbersOf, range } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

/** Writers at once, each with its next append as soon as the last is answered. */
const WRITERS = 8;
const APPENDS_EACH = 40;
/** Every fifth append is a batch, so that groups are sometimes transactions. */
const BATCH = 3;
const countOf = (i: number): number => (i % 5 === 4 ? BATCH : 1);
const TOTAL = WRITERS * range(0, APPENDS_EACH).reduce((sum, i) => sum + countOf(i), 0);

it('numbers are contiguous and unique with concurrent writers through two servers, and a reader never sees a hole', async () => {
  const sequence = freshSequence();
  const followers = [servers.a.subscribe({ sequence }), servers.b.subscribe({ sequence })];
  let writing = true;
  const reads: number[][] = [];
  const reader = (async () => {
    for (let i = 0; writing; i++) reads.push(numbersOf(await servers.either(i).read({ sequence })));
  })();

  const given: number[] = [];
  await Promise.all(
    range(0, WRITERS).map(async (writer) => {
      for (const i of range(0, APPENDS_EACH)) {
        const { firstSequenceNumber, lastSequenceNumber, duplicate } = await servers
          .either(writer)
          .appended({ sequence, events: events(countOf(i), { eventSourceId: `writer ${writer}` }) });
        expect(duplicate).toBe(false);
        given.push(...range(firstSequenceNumber, lastSequenceNumber - firstSequenceNumber + 1));
      }
    }),
  );
  writing = false;
  await reader;

  expect(given.sort((a, b) => a - b)).toEqual(range(0, TOTAL));
  // Each look is a gapless prefix, and no look goes back behind an earlier one.
  expect(reads.length).toBeGreaterThan(2);
  reads.forEach((numbers) => expect(numbers).toEqual(range(0, numbers.length)));
  expect(reads.map((numbers) => numbers.length)).toEqual(reads.map((numbers) => numbers.length).sort((a, b) => a - b));

  for (const follower of followers) {
    await awaitFact(`a subscriber sees all ${TOTAL}`, () => follower.events.length >= TOTAL);
    expect(follower.numbers()).toEqual(range(0, TOTAL));
    follower.cancel();
  }
});

it('who was told of a number reads it at once, also through the other server', async () => {
  const sequence = freshSequence();
  for (const i of range(0, 20)) {
    const { lastSequenceNumber } = await servers.either(i).appended({ sequence, events: [event()] });
    expect(await servers.either(i + 1).tail({ sequence })).toBe(lastSequenceNumber);
    expect(numbersOf(await servers.either(i + 1).read({ sequence }))).toEqual(range(0, i + 1));
  }
});

it('each sequence counts for itself from 0', async () => {
  const sequences = range(0, 3).map(() => freshSequence());
  for (const sequence of sequences) {
    const { firstSequenceNumber } = await servers.a.appended({ sequence, events: [event()] });
    expect(firstSequenceNumber).toBe(0);
  }
});

it('refused and repeated appends use up no number', async () => {
  const sequence = freshSequence();
  const first = event();
  await servers.a.appended({ sequence, events: [first] });
  await servers.a.appended({ sequence, events: [first] });
  await servers.b.refused({ sequence, events: [event()], expectations: [{ filter: {} }] });
  const { firstSequenceNumber } = await servers.b.appended({ sequence, events: [event()] });
  expect(firstSequenceNumber).toBe(1);
});
