/**
 * A compensation is kept in the document of its event, beside the original, and announced on the log at a number of
 * its own. So the log decides between those who compensate, redact and append at once, through any server; numbers stay
 * contiguous; and who does not ask is not told. What a kill leaves is test/compensations-killed.test.ts, and what
 * follows from it for a projection test/compensations-followed.test.ts.
 */
import { status } from '@grpc/grpc-js';
import { BSON, MongoClient, type Db, type Document } from 'mongodb';
import { LIMITS } from '../src/kernel/limits';
import { namespaceDatabase, sequenceCollection } from '../src/storage/names';
import { awaitFact } from './support/await-fact';
import { compensate, compensated, redact, refusedCompensation, type CompensateRequest } from './support/change-calls';
import { checkChanges } from './support/change-checker';
import { event, events, freshSequence, json, numbersOf, parsed, range, refusal } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';
import { definition, freshType, objectSchema, register } from './support/type-calls';

let servers: TwoServers;
let mongodb: MongoClient;
let db: Db;
let sequence: { sequence: string };

beforeAll(async () => {
  servers = await serveTwice();
  mongodb = await MongoClient.connect(servers.database.url);
  db = mongodb.db(namespaceDatabase('default', 'default'));
});
afterAll(async () => {
  await mongodb.close();
  await servers.stop();
});
beforeEach(() => {
  // Its name is always given.
  sequence = freshSequence() as { sequence: string };
});

/** What stands in the database, by number, when nothing is wrong with it. */
async function stored(): Promise<readonly Document[]> {
  const { objections, documents } = await checkChanges(db, sequenceCollection(sequence.sequence));
  expect(objections).toEqual([]);
  return documents;
}

const original = { content: json({ n: 1 }) };

describe('a compensation', () => {
  it('is kept with the original, which stays, and is announced at the next number', async () => {
    const [first, second] = [event({ ...original, tags: ['t'] }), event()];
    await servers.a.appended({ sequence, events: [first, second] });
    const done = await compensated(servers.b, {
      sequence,
      sequenceNumber: 0,
      type: first.type ?? '',
      content: json({ n: 2 }),
      compensationId: 'c',
      causedBy: 'ada',
      reason: 'a typing error',
    });
    expect(done).toMatchObject({ sequenceNumber: 2, compensationId: 'c', duplicate: false });

    for (const client of [servers.a, servers.b]) {
      const { event: kept } = await client.getEvent({ sequence, sequenceNumber: 0, view: 'VIEW_ALL' });
      expect(kept && parsed(kept)).toEqual({ n: 1 });
      expect(kept?.compensations).toMatchObject([
        { compensationId: 'c', causedBy: 'ada', reason: 'a typing error', sequenceNumber: 2, recorded: done.recorded },
      ]);
      expect(JSON.parse(String(kept?.compensations[0]?.content))).toEqual({ n: 2 });
      const { event: announcement } = await client.getEvent({ sequence, sequenceNumber: 2 });
      expect(announcement).toMatchObject({
        eventId: 'c',
        type: first.type,
        eventSourceId: first.eventSourceId,
        tags: ['t'],
        announcement: { kind: 'ANNOUNCEMENT_KIND_COMPENSATION', sequenceNumber: 0, reason: 'a typing error' },
      });
    }
    expect(await stored()).toHaveLength(3);
  });

  it('may follow another; the effective content is that of the last', async () => {
    await servers.a.appended({ sequence, events: [event(original)] });
    for (const n of [2, 3]) await compensated(servers.either(n), { sequence, sequenceNumber: 0, content: json({ n }) });
    const [effective] = await servers.b.read({ sequence, view: 'VIEW_EFFECTIVE' });
    expect(effective && parsed(effective)).toEqual({ n: 3 });
    const documents = await stored();
    expect(effective?.effectiveCompensationId).toBe(documents[2]?.['eventId']);
  });

  it('keeps content whose keys look like numbers in the order in which it came', async () => {
    await servers.a.appended({ sequence, events: [event(original)] });
    const content = Buffer.from('{"b":1,"10":2,"2":[{"$x":3,"__proto__":4}]}');
    await compensated(servers.a, { sequence, sequenceNumber: 0, content });
    const [effective] = await servers.b.read({ sequence, view: 'VIEW_EFFECTIVE' });
    expect(effective?.content.toString()).toBe(content.toString());
  });

  it('is idempotent by its id, through either server; the id is nobody else’s', async () => {
    const first = event({ ...original, eventId: 'e' });
    await servers.a.appended({ sequence, events: [first, event()] });
    const same = { sequence, sequenceNumber: 0, compensationId: 'c' };
    const done = await compensated(servers.a, same);
    for (const client of [servers.a, servers.b]) {
      expect(await compensated(client, same)).toEqual({ ...done, duplicate: true });
      const reused = { code: 'EVENT_ID_REUSED', sequenceNumber: 2 };
      expect(await refusedCompensation(client, { ...same, content: json({ n: 9 }) })).toMatchObject([
        { ...reused, field: 'content' },
      ]);
      expect(await refusedCompensation(client, { ...same, sequenceNumber: 1 })).toMatchObject([
        { ...reused, field: 'compensation_id' },
      ]);
      const append = { sequence, events: [event({ eventId: 'c' })] };
      expect(await client.refused(append)).toMatchObject([{ ...reused, field: 'events[0].event_id' }]);
      expect(await refusedCompensation(client, { ...same, compensationId: 'e' })).toMatchObject([
        { code: 'EVENT_ID_REUSED', sequenceNumber: 0, field: 'compensation_id' },
      ]);
    }
    expect(await stored()).toHaveLength(3);
  });
});

describe('at once through two servers', () => {
  it('all compensations of one event land, in order, once each', async () => {
    await servers.a.appended({ sequence, events: [event(original)] });
    const ids = range(0, 20).map((i) => `c${i}`);
    const answers = await Promise.all(
      // Each is sent through both.
      ids.flatMap((compensationId) =>
        [servers.a, servers.b].map(async (client) =>
          compensated(client, { sequence, sequenceNumber: 0, compensationId }),
        ),
      ),
    );
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(20);
    const [first] = await stored();
    const kept = (first?.['compensations'] as Document[]).map(({ compensationId }) => String(compensationId));
    expect(kept.sort()).toEqual([...ids].sort());
    for (const { compensationId, sequenceNumber } of answers) {
      expect((await stored())[sequenceNumber]?.['eventId']).toBe(compensationId);
    }
  });

  it('with redactions and appends: no content is there after its redaction, whoever was first', async () => {
    const count = 12;
    const secret = json({ text: 'the-secret' });
    await servers.a.appended({ sequence, events: events(count, { content: secret }) });
    const late: string[] = [];
    await Promise.all(
      range(0, count).flatMap((number) => [
        ...range(0, 3).map(async (i) => {
          const answer = await compensate(servers.either(i), { sequence, sequenceNumber: number, content: secret });
          late.push(...(answer.refused?.violations ?? []).map(({ code }) => code));
        }),
        redact(servers.either(number), { sequence, sequenceNumber: number }),
        servers.either(number + 1).appended({ sequence, events: [event()] }),
      ]),
    );
    expect(new Set([...late, 'EVENT_REDACTED'])).toEqual(new Set(['EVENT_REDACTED']));
    const documents = await stored();
    expect(documents.filter(({ redaction }) => redaction !== undefined).length).toBeGreaterThanOrEqual(count);
    expect(documents.filter((document) => Buffer.from(BSON.serialize(document)).includes('the-secret'))).toEqual([]);
  });
});

describe('who does not ask for announcements', () => {
  it('sees exactly the events, by reading and by following', async () => {
    const follower = servers.b.subscribe({ sequence });
    const asking = servers.b.subscribe({ sequence, filters: [{ announcements: true }] });
    const sent: number[] = [];
    for (const i of range(0, 12)) {
      const { firstSequenceNumber } = await servers.either(i).appended({ sequence, events: [event(original)] });
      sent.push(firstSequenceNumber);
      const about = { sequence, sequenceNumber: sent[i % 5] ?? 0 };
      await (i === 7 ? redact(servers.a, about) : compensate(servers.either(i + 1), about));
    }
    const end = ((await servers.a.tail({ sequence })) ?? 0) + 1;
    for (const client of [servers.a, servers.b]) {
      expect(numbersOf(await client.read({ sequence }))).toEqual(sent);
      expect(numbersOf(await client.read({ sequence, direction: 'DIRECTION_BACKWARDS' }))).toEqual([...sent].reverse());
    }
    await awaitFact(
      'both have followed to the end',
      () => asking.next() === end && follower.events.length >= sent.length,
    );
    expect(follower.numbers()).toEqual(sent);
    expect(asking.numbers()).toEqual(range(0, end));
    for (const one of [follower, asking]) one.cancel();
    await stored();
  });

  it('meets no conflict that it cannot see', async () => {
    await servers.a.appended({ sequence, events: [event({ ...original, eventSourceId: 's' })] });
    await compensated(servers.b, { sequence, sequenceNumber: 0 });
    const expecting = (filter: object, lastSeen: number) => ({
      sequence,
      events: [event({ eventSourceId: 's' })],
      expectations: [{ filter: { eventSourceIds: ['s'], ...filter }, lastSeen }],
    });
    for (const client of [servers.a, servers.b]) {
      expect(await client.refused(expecting({ announcements: true }, 0))).toMatchObject([
        { code: 'CONCURRENCY_CONFLICT', sequenceNumber: 1 },
      ]);
    }
    await servers.a.appended(expecting({}, 0));
    await servers.b.appended(expecting({ announcements: true }, 2));
  });
});

describe('what cannot be compensated', () => {
  type Case = [string, (about: { sequence: object }) => Promise<CompensateRequest>, object];

  it.each<Case>([
    ['of another type', async () => Promise.resolve({ sequenceNumber: 0, type: 'other' }), { code: 'ANOTHER_TYPE' }],
    [
      'that is redacted',
      async (about) => {
        await redact(servers.b, { ...about, sequenceNumber: 0 });
        return { sequenceNumber: 0 };
      },
      { code: 'EVENT_REDACTED', sequenceNumber: 0 },
    ],
    [
      'of a type whose schema the content breaks',
      async (about) => {
        const type = freshType();
        await register(servers.a, [definition(type, [objectSchema({ n: { type: 'number' } })])]);
        await servers.b.appended({ ...about, events: [event({ type, content: json({ n: 1 }) })] });
        return { sequenceNumber: 1, content: json({ n: 'one' }) };
      },
      { code: 'SCHEMA_VIOLATION', field: 'content.n' },
    ],
  ])('an event %s is told as data, and nothing is half done', async (_, prepare, violation) => {
    await servers.a.appended({ sequence, events: [event(original)] });
    const request = await prepare({ sequence });
    const before = await stored();
    for (const client of [servers.a, servers.b]) {
      expect(await refusedCompensation(client, { sequence, ...request })).toMatchObject([violation]);
    }
    expect(await stored()).toEqual(before);
  });

  it('an event that has as many as it may have, or as many bytes: then too', async () => {
    await servers.a.appended({ sequence, events: [event(original), event(original)] });
    const content = Buffer.from(BSON.serialize({ text: 'x'.repeat(LIMITS.contentBytes - 30) }));
    const large = { sequence, sequenceNumber: 1, content, contentType: 'CONTENT_TYPE_BSON' } as const;
    const fit = Math.floor(LIMITS.eventBytes / LIMITS.contentBytes) - 1;
    for (const _ of range(0, fit)) await compensated(servers.a, large);
    await Promise.all(
      range(0, LIMITS.compensationsPerEvent).map(async () => compensated(servers.a, { sequence, sequenceNumber: 0 })),
    );
    const end = await servers.a.tail({ sequence });
    const full = [{ code: 'COMPENSATIONS_FULL' }];
    expect(await refusedCompensation(servers.b, { sequence, sequenceNumber: 0 })).toMatchObject(full);
    expect(await refusedCompensation(servers.b, large)).toMatchObject(full);
    expect(await servers.b.tail({ sequence })).toBe(end);
    expect(await stored()).toHaveLength(2 + LIMITS.compensationsPerEvent + fit);
  });

  it.each<[string, CompensateRequest, status, object]>([
    [
      'an event that is not there',
      { sequenceNumber: 7 },
      status.NOT_FOUND,
      { code: 'EVENT_NOT_FOUND', field: 'sequence_number' },
    ],
    [
      'an id that is not there',
      { eventId: 'nobody' },
      status.NOT_FOUND,
      { code: 'EVENT_NOT_FOUND', field: 'event_id' },
    ],
    [
      'an announcement',
      { sequenceNumber: 1 },
      status.FAILED_PRECONDITION,
      { code: 'NOT_COMPENSABLE', metadata: { sequenceNumber: '0' } },
    ],
    ['no event at all', {}, status.INVALID_ARGUMENT, { code: 'INVALID_FIELD' }],
    [
      'with no content',
      { sequenceNumber: 0, content: Buffer.alloc(0) },
      status.INVALID_ARGUMENT,
      { code: 'INVALID_CONTENT', field: 'content' },
    ],
    [
      'in a generation that the type has not',
      { sequenceNumber: 0, generation: 2 },
      status.INVALID_ARGUMENT,
      { code: 'UNKNOWN_GENERATION', field: 'generation' },
    ],
    ['for no reason', { sequenceNumber: 0, reason: '' }, status.INVALID_ARGUMENT, { field: 'reason' }],
    [
      'for a reason that is a book',
      { sequenceNumber: 0, reason: 'x'.repeat(LIMITS.reasonLength + 1) },
      status.INVALID_ARGUMENT,
      { field: 'reason' },
    ],
    [
      'under an id that is none',
      { sequenceNumber: 0, compensationId: '' },
      status.INVALID_ARGUMENT,
      { field: 'compensation_id' },
    ],
    [
      'an event of the audit',
      { sequenceNumber: 0, sequence: { sequence: 'system' } },
      status.PERMISSION_DENIED,
      { code: 'RESERVED_SEQUENCE' },
    ],
  ])('%s: the call is wrong, and says how', async (_, request, code, told) => {
    await servers.a.appended({ sequence, events: [event(original)] });
    await compensated(servers.a, { sequence, sequenceNumber: 0 });
    expect(await refusal(compensate(servers.b, { sequence, ...request }))).toMatchObject({ status: code, ...told });
    expect(await stored()).toHaveLength(2);
  });
});
