/**
 * What is redacted is gone: from the event, from its compensations, from what announced them, from what is claimed and
 * from memory, through every server. That it happened and why stays, and so do number, id, type, source and dates.
 */
import { status } from '@grpc/grpc-js';
import { MongoClient } from 'mongodb';
import { LIMITS } from '../src/kernel/limits';
import { namespaceDatabase, sequenceCollection } from '../src/storage/names';
import { TUNING } from '../src/sequences/tuning';
import { awaitFact } from './support/await-fact';
import { compensated, redact, type RedactRequest } from './support/change-calls';
import { checkChanges } from './support/change-checker';
import { enforce } from './support/constraint-calls';
import { event, events, freshSequence, json, numbersOf, range, refusal, type ReadRequest } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';
import { definition, endedJob, freshType, objectSchema, register, writeGenerations } from './support/type-calls';

let servers: TwoServers;
let mongodb: MongoClient;
let sequence: { sequence: string };
let secret: string;
let serial = 0;

beforeAll(async () => {
  servers = await serveTwice();
  mongodb = await MongoClient.connect(servers.database.url);
});
afterAll(async () => {
  await mongodb.close();
  await servers.stop();
});
beforeEach(() => {
  // Its name is always given.
  sequence = freshSequence() as { sequence: string };
  secret = `secret-${process.pid}-${++serial}@example.org`;
});

/** Every document of every collection of every database of ours that has these bytes anywhere. */
async function places(text: string): Promise<string[]> {
  const found: string[] = [];
  const { databases } = await mongodb.db().admin().listDatabases({ nameOnly: true });
  for (const { name } of databases.filter((database) => database.name.startsWith('annals'))) {
    const db = mongodb.db(name);
    for (const collection of await db.collections()) {
      for await (const document of collection.find<Buffer>({}, { raw: true })) {
        if (document.includes(text)) found.push(`${name}.${collection.collectionName}`);
      }
    }
  }
  return found;
}

async function checked() {
  const db = mongodb.db(namespaceDatabase('default', 'default'));
  const { objections, documents } = await checkChanges(db, sequenceCollection(sequence.sequence));
  expect(objections).toEqual([]);
  return documents;
}

/** Everything that a server tells of the sequence, in any form. */
const FORMS: readonly ReadRequest[] = [
  {},
  { view: 'VIEW_EFFECTIVE' },
  { view: 'VIEW_ALL', allGenerations: true },
  { filters: [{ announcements: true }], allGenerations: true },
  { contentType: 'CONTENT_TYPE_BSON', filters: [{ announcements: true }] },
];

const hasSecret = (told: unknown): boolean =>
  JSON.stringify(told, (_, value: unknown) =>
    // The form in which JSON shows bytes.
    typeof value === 'object' && value !== null && 'type' in value && 'data' in value && value.type === 'Buffer'
      ? Buffer.from(value.data as number[]).toString('latin1')
      : value,
  ).includes(secret);

it('no byte of it is left in the database: not in generations, compensations, announcements, claims or jobs', async () => {
  const type = freshType();
  const text = { type: 'string' };
  const first = objectSchema({ mail: text });
  const steps = (from: string, to: string) => [{ rename: { from, to } }];
  const renamed = [{ up: steps('mail', 'address'), down: steps('address', 'mail') }];
  await register(servers.a, [definition(type, [first])]);
  await servers.a.appended({ sequence, events: [event({ type, content: json({ mail: secret }) })] });
  await register(servers.a, [definition(type, [first, objectSchema({ address: text })], renamed)]);
  await endedJob(servers.a, (await writeGenerations(servers.b, type)).id);
  await enforce(servers.a, {
    name: `mail-${serial}`,
    ...sequence,
    uniqueValue: { types: [{ type, properties: ['address'] }] },
  });
  const two = event({ type, content: json({ address: `two-${secret}` }), tags: ['kept'], correlationId: 'business' });
  await servers.b.appended({ sequence, events: [two] });
  const about = { sequence, sequenceNumber: 0, generation: 2 };
  for (const n of [1, 2])
    await compensated(servers.either(n), { ...about, content: json({ address: `${n}-${secret}` }) });
  expect((await places(secret)).length).toBeGreaterThanOrEqual(4);

  expect(await redact(servers.b, { sequence, sequenceNumber: 0, reason: 'asked for', causedBy: 'dpo' })).toMatchObject({
    redacted: 1,
    alreadyRedacted: 0,
  });
  await redact(servers.a, { sequence, eventId: two.eventId ?? '' });
  expect(await places(secret)).toEqual([]);

  const documents = await checked();
  expect(documents[0]).toMatchObject({
    type,
    content: { '1': {} },
    redaction: { reason: 'asked for', causedBy: 'dpo' },
  });
  for (const client of [servers.a, servers.b]) {
    for (const form of FORMS) expect(hasSecret(await client.read({ sequence, ...form }))).toBe(false);
    const { event: told } = await client.getEvent({ sequence, eventId: two.eventId ?? '' });
    expect(told).toMatchObject({
      type,
      tags: ['kept'],
      correlationId: 'business',
      eventSourceId: two.eventSourceId,
      redaction: { reason: 'it was asked for' },
    });
    expect(told?.content.toString()).toBe('{}');
  }
});

it('nor does any server have it in memory: whoever has heard of it tells nobody of what was there', async () => {
  // Both follow, so both keep the newest events.
  const followers = [servers.a, servers.b].map((client) =>
    client.subscribe({ sequence, filters: [{ announcements: true }] }),
  );
  for (const client of [servers.a, servers.b]) {
    await client.appended({ sequence, events: [event({ content: json({ secret }) }), event()] });
  }
  await compensated(servers.a, { sequence, sequenceNumber: 0, content: json({ secret }) });
  await compensated(servers.b, { sequence, sequenceNumber: 2, content: json({ secret }) });
  await servers.a.appended({ sequence, events: events(3) });
  await awaitFact('both have it', () => followers.every((follower) => follower.numbers().at(-1) === 8));
  expect(followers.every((follower) => hasSecret(follower.events))).toBe(true);

  await redact(servers.a, { sequence, sequenceNumber: 0 });
  await redact(servers.b, { sequence, sequenceNumber: 2 });
  await awaitFact('both have heard of it', () => followers.every((follower) => follower.numbers().at(-1) === 10));
  for (const follower of followers) follower.cancel();
  for (const client of [servers.a, servers.b]) {
    for (const contentType of ['CONTENT_TYPE_JSON', 'CONTENT_TYPE_BSON'] as const) {
      const late = client.subscribe({ sequence, contentType, filters: [{ announcements: true }] });
      await awaitFact('it is at the end', () => late.numbers().at(-1) === 10);
      expect(late.numbers()).toEqual(range(0, 11));
      expect(hasSecret(late.events)).toBe(false);
      late.cancel();
    }
  }
});

it('by type and source it takes everything, over as many transactions as it needs, and nothing else', async () => {
  const [type, eventSourceId] = [freshType(), 'person'];
  const all = TUNING.redactionEvents + 10;
  await servers.a.appended({ sequence, events: events(all - 10, { type, eventSourceId, content: json({ secret }) }) });
  const others = [event({ eventSourceId, content: json({ secret }) }), event({ type, content: json({ secret }) })];
  await servers.b.appended({ sequence, events: others });
  await servers.b.appended({ sequence, events: events(10, { type, eventSourceId, content: json({ secret }) }) });
  await compensated(servers.a, { sequence, sequenceNumber: 3, content: json({ secret }) });
  await redact(servers.b, { sequence, sequenceNumber: 5 });
  const selection = { type, eventSourceId };

  const end = await servers.a.tail({ sequence });
  expect(await redact(servers.a, { sequence, selection, dryRun: true })).toEqual({
    redacted: all - 1,
    alreadyRedacted: 1,
  });
  expect(await servers.a.tail({ sequence })).toBe(end);
  const last = (end ?? 0) + all - 1;
  expect(await redact(servers.a, { sequence, selection })).toMatchObject({
    redacted: all - 1,
    alreadyRedacted: 1,
    lastSequenceNumber: last,
  });
  expect(await redact(servers.b, { sequence, selection })).toEqual({ redacted: 0, alreadyRedacted: all });
  // Those of the other source and the other type.
  expect(await places(secret)).toHaveLength(2);
  expect(await checked()).toHaveLength(last + 1);
  const told = await servers.b.read({
    sequence,
    filters: [{ types: [type], eventSourceIds: [eventSourceId], announcements: true }],
  });
  expect(told.filter(({ announcement }) => announcement?.kind === 'ANNOUNCEMENT_KIND_REDACTION')).toHaveLength(all);
});

it('once is once: the same again, at once through both servers, says so and records nothing', async () => {
  await servers.a.appended({ sequence, events: [event({ content: json({ secret }) })] });
  const answers = await Promise.all(
    range(0, 10).map(async (i) => redact(servers.either(i), { sequence, sequenceNumber: 0, reason: `reason ${i}` })),
  );
  expect(answers.map(({ redacted, alreadyRedacted }) => redacted + alreadyRedacted)).toEqual(Array(10).fill(1));
  expect(answers.filter(({ redacted }) => redacted === 1)).toHaveLength(1);
  const [first] = answers.flatMap(({ redacted }, i) => (redacted === 1 ? [`reason ${i}`] : []));
  const [redacted] = await servers.a.read({ sequence });
  expect(redacted?.redaction).toMatchObject({ reason: first, sequenceNumber: 1 });
  expect(await checked()).toHaveLength(2);
});

it('the id stays used: sent again it is a duplicate, with whatever content, and brings nothing back', async () => {
  const one = event({ content: json({ secret }) });
  await servers.a.appended({ sequence, events: [one] });
  await redact(servers.a, { sequence, sequenceNumber: 0 });
  for (const client of [servers.a, servers.b]) {
    expect(await client.appended({ sequence, events: [one] })).toMatchObject({
      firstSequenceNumber: 0,
      duplicate: true,
    });
    const other = { ...one, content: json({ another: secret }) };
    expect(await client.appended({ sequence, events: [other] })).toMatchObject({ duplicate: true });
    expect(await client.refused({ sequence, events: [{ ...one, type: 'other' }] })).toMatchObject([
      { code: 'EVENT_ID_REUSED', sequenceNumber: 0 },
    ]);
  }
  expect(await places(secret)).toEqual([]);
  expect(numbersOf(await servers.a.read({ sequence }))).toEqual([0]);
});

it.each<[string, RedactRequest, status, object]>([
  ['an event that is not there', { sequenceNumber: 7 }, status.NOT_FOUND, { code: 'EVENT_NOT_FOUND' }],
  ['what announces another', { sequenceNumber: 1 }, status.FAILED_PRECONDITION, { code: 'NOT_COMPENSABLE' }],
  ['nothing', {}, status.INVALID_ARGUMENT, { code: 'INVALID_FIELD' }],
  ['for no reason', { sequenceNumber: 0, reason: '' }, status.INVALID_ARGUMENT, { field: 'reason' }],
  [
    'for a reason that is a book',
    { sequenceNumber: 0, reason: 'x'.repeat(LIMITS.reasonLength + 1) },
    status.INVALID_ARGUMENT,
    { field: 'reason' },
  ],
  ['by a source alone', { selection: { eventSourceId: 's' } }, status.INVALID_ARGUMENT, { field: 'selection.type' }],
  ['by a type alone', { selection: { type: 't' } }, status.INVALID_ARGUMENT, { field: 'selection.event_source_id' }],
  [
    'an event of the audit',
    { sequenceNumber: 0, sequence: { sequence: 'system' } },
    status.PERMISSION_DENIED,
    { code: 'RESERVED_SEQUENCE' },
  ],
])('redacting %s is refused, and nothing is taken away', async (_, request, code, told) => {
  await servers.a.appended({ sequence, events: [event({ content: json({ secret }) })] });
  await compensated(servers.a, { sequence, sequenceNumber: 0, content: json({ secret }) });
  expect(await refusal(redact(servers.b, { sequence, ...request }))).toMatchObject({ status: code, ...told });
  expect(await places(secret)).toHaveLength(2);
});
