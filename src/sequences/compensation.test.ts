/** Compensations on a real database, by the sequencers of two servers. What a client sees of them is test/guarantee-compensations.test.ts. */
import { BSON, Double, Int32, Long, MongoClient, type Document } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { ContentType } from '../contract/messages';
import { LIMITS } from '../kernel/limits';
import { documentOf } from '../storage/raw-document';
import { json, OpenForTest } from './open-sequence.testing';

let database: ReplicaSet;
let client: MongoClient;
let sequences = 0;
let one: OpenForTest;
let other: OpenForTest;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});
beforeEach(async () => {
  const name = `c${sequences++}`;
  one = await OpenForTest.open(client, name);
  other = await OpenForTest.open(client, name);
});

const decoded = async (): Promise<Document[]> => (await one.stored()).map((document) => BSON.deserialize(document));

/** Compensations that are announced, by their ids in the log's order, and those in the event's own document. */
async function announcedAndKept(number: number): Promise<{ announced: unknown[]; kept: unknown[] }> {
  const log = await decoded();
  const about = log.filter((document) => document['announces']?.sequenceNumber === number);
  const kept = log[number]?.['compensations'] as Document[];
  return {
    announced: about.map(({ _id, eventId, content, recorded }) => [eventId, _id, content, recorded]),
    kept: kept.map(({ compensationId, sequenceNumber, content, recorded }) => [
      compensationId,
      sequenceNumber,
      content,
      recorded,
    ]),
  };
}

it('is kept in the document of its event, and announced at the next number with the same in it', async () => {
  await one.append({ eventId: 'e', tags: ['t'], correlationId: 'business' }, {});
  const answer = await one.compensate('e', { compensationId: 'c', causedBy: 'ada', occurred: 5, validFrom: 6 });
  expect(answer).toMatchObject({
    compensated: { firstSequenceNumber: 2, duplicate: false, compensationId: 'c' },
  });
  const [original, , announcement] = await decoded();
  expect(original).toMatchObject({ content: { '1': { first: true } }, correlationId: 'business' });
  expect(original?.['compensations']).toEqual([
    {
      compensationId: 'c',
      generation: 1,
      content: { '1': { corrected: true } },
      correlationId: announcement?.['correlationId'],
      causationId: '',
      causedBy: 'ada',
      occurred: new Date(5),
      recorded: announcement?.['recorded'],
      validFrom: new Date(6),
      reason: 'it was wrong',
      sequenceNumber: 2,
    },
  ]);
  expect(announcement).toMatchObject({
    eventId: 'c',
    type: 'noted',
    eventSourceId: 'source',
    tags: ['t'],
    content: { '1': { corrected: true } },
    compensations: [],
    announces: { kind: 'compensation', sequenceNumber: 0, reason: 'it was wrong' },
  });
});

it('has its content in the document as the bytes that it was sent as, like the announcement', async () => {
  await one.append({});
  // An order of keys, a whole double, names and types that objects do not keep.
  const strange = Buffer.from(
    BSON.serialize(
      new Map<string, unknown>([
        ['b', new Double(1)],
        ['10', new Int32(2)],
        ['2', Long.fromNumber(3)],
        ['$set', { $x: 1 }],
        ['__proto__', 4],
        [
          'a.b',
          new Map<string, unknown>([
            ['$id', 1],
            ['$ref', 2],
          ]),
        ],
      ]),
    ),
  );
  await one.compensate(0, { content: strange, contentType: ContentType.BSON });
  const content = documentOf([['1', strange]]);
  const [original, announcement] = await one.stored();
  expect(original?.includes(content)).toBe(true);
  expect(announcement?.includes(content)).toBe(true);
});

describe('at once', () => {
  it('through two servers all are recorded once, in one order in the document and on the log', async () => {
    await one.append({});
    const ids = Array.from({ length: 24 }, (_, i) => `c${i}`);
    // Each is sent twice.
    const answers = await Promise.all(
      ids.flatMap((compensationId, i) =>
        [one, other].map(async (server) => server.compensate(0, { compensationId, content: json({ i }) })),
      ),
    );
    const numbers = answers.map((answer) => ('compensated' in answer ? answer.compensated.firstSequenceNumber : -1));
    expect([...numbers].sort((a, b) => a - b)).toEqual(ids.flatMap((_, i) => [i + 1, i + 1]));
    expect(answers.filter((answer) => 'compensated' in answer && answer.compensated.duplicate)).toHaveLength(24);
    const { announced, kept } = await announcedAndKept(0);
    expect(kept).toEqual(announced);
    expect(kept).toHaveLength(24);
  });

  it('with appends nothing is lost, and everything is told of at its number', async () => {
    await one.append({}, {}, {});
    const done: (readonly [string, number])[] = [];
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const server = i % 2 === 0 ? one : other;
        const id = `x${i}`;
        if (i % 3 === 0) {
          const answer = await server.append({ eventId: id });
          if ('appended' in answer) done.push([id, answer.appended.firstSequenceNumber]);
        } else {
          const answer = await server.compensate(i % 3, { compensationId: id });
          if ('compensated' in answer) done.push([id, answer.compensated.firstSequenceNumber]);
        }
      }),
    );
    const log = await decoded();
    expect(log.map(({ _id }) => _id)).toEqual(Array.from({ length: 63 }, (_, i) => i));
    expect(done).toHaveLength(60);
    for (const [id, number] of done) expect(log[number]).toMatchObject({ eventId: id });
    for (const number of [1, 2]) {
      const { announced, kept } = await announcedAndKept(number);
      expect(kept).toEqual(announced);
      expect(kept).toHaveLength(20);
    }
  });
});

describe('its id', () => {
  it('sent again is a duplicate, also when the event has been redacted since, and when it was the last that fits', async () => {
    await one.append({});
    const again = async (server: OpenForTest) => server.compensate(0, { compensationId: 'c' });
    const first = await again(one);
    expect(await again(other)).toEqual({
      compensated: { ...('compensated' in first ? first.compensated : {}), duplicate: true },
    });
    await other.redact({ key: 0 });
    expect(await again(one)).toMatchObject({ compensated: { duplicate: true, firstSequenceNumber: 1 } });
    const content = json({ other: true });
    // What is gone cannot be compared.
    expect(await one.compensate(0, { compensationId: 'c', content })).toMatchObject({
      compensated: { duplicate: true },
    });
  });

  it('with something else is refused by the names that the call has', async () => {
    await one.append({ eventId: 'e' }, {});
    await one.compensate(0, { compensationId: 'c' });
    const reused = { code: 'EVENT_ID_REUSED', sequenceNumber: 2 };
    expect(await other.compensate(0, { compensationId: 'c', content: json({ other: true }) })).toMatchObject({
      refused: { violations: [{ ...reused, field: 'content' }] },
    });
    expect(await other.compensate(1, { compensationId: 'c' })).toMatchObject({
      refused: { violations: [{ ...reused, field: 'compensation_id' }] },
    });
    expect(await other.compensate(0, { compensationId: 'e' })).toMatchObject({
      refused: { violations: [{ code: 'EVENT_ID_REUSED', sequenceNumber: 0, field: 'compensation_id' }] },
    });
    expect(await other.append({ eventId: 'c', content: json({ corrected: true }) })).toMatchObject({
      refused: { violations: [{ ...reused, field: 'events[0].event_id' }] },
    });
    expect(await one.stored()).toHaveLength(3);
  });
});

describe('what does not fit any more', () => {
  it('in number is refused, and one that is there is a duplicate all the same', async () => {
    await one.append({});
    const ids = Array.from({ length: LIMITS.compensationsPerEvent }, (_, i) => `c${i}`);
    await Promise.all(ids.map(async (compensationId) => one.compensate(0, { compensationId })));
    for (const server of [one, other]) {
      expect(await server.compensate(0, { compensationId: 'more' })).toMatchObject({
        refused: { violations: [{ code: 'COMPENSATIONS_FULL', sequenceNumber: 0 }] },
      });
    }
    expect(await other.compensate(0, { compensationId: 'c7' })).toMatchObject({ compensated: { duplicate: true } });
    expect(await one.stored()).toHaveLength(1 + LIMITS.compensationsPerEvent);
  });

  it('in bytes is refused, and nothing else waits for it', async () => {
    await one.append({});
    const content = Buffer.from(BSON.serialize({ text: 'x'.repeat(LIMITS.contentBytes - 30) }));
    const large = async () => one.compensate(0, { content, contentType: ContentType.BSON });
    let answer = await large();
    let taken = 0;
    for (; 'compensated' in answer && taken < 20; taken++) answer = await large();
    expect(taken).toBe(14);
    expect(answer).toMatchObject({ refused: { violations: [{ code: 'COMPENSATIONS_FULL', sequenceNumber: 0 }] } });
    expect(await one.compensate(0)).toMatchObject({ compensated: { firstSequenceNumber: 15 } });
  });
});
