/** Redactions on a real database, by the sequencers of two servers. What a client sees of them is test/guarantee-redaction.test.ts. */
import { BSON, MongoClient, type Document } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { json, OpenForTest } from './open-sequence.testing';
import { TUNING } from './tuning';

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
  const name = `r${sequences++}`;
  one = await OpenForTest.open(client, name);
  other = await OpenForTest.open(client, name);
});

const SECRET = 'the-secret';
const secret = json({ text: SECRET });

const decoded = async (): Promise<Document[]> => (await one.stored()).map((document) => BSON.deserialize(document));
const withSecret = async (): Promise<number> =>
  (await one.stored()).filter((document) => document.includes(SECRET)).length;

it('leaves nothing of the content of an event, of its compensations and of what announced them', async () => {
  await one.append({ eventId: 'e', content: secret, tags: ['kept'] }, { content: secret });
  await one.compensate(0, { content: secret, compensationId: 'c' });
  await other.compensate(0, { content: secret });
  const redacted = await one.redact({ key: 'e' }, { causedBy: 'dpo' });
  expect(redacted).toEqual({ redacted: 1, alreadyRedacted: 0, lastSequenceNumber: 4 });
  // That of the other event stays.
  expect(await withSecret()).toBe(1);

  const [original, , first, second, announcement] = await decoded();
  const redaction = {
    reason: 'it was asked for',
    causedBy: 'dpo',
    recorded: announcement?.['recorded'],
    sequenceNumber: 4,
  };
  expect(original).toMatchObject({
    eventId: 'e',
    tags: ['kept'],
    content: { '1': {} },
    redaction,
    compensations: [
      { compensationId: 'c', content: { '1': {} }, reason: 'it was wrong', sequenceNumber: 2 },
      { content: { '1': {} }, sequenceNumber: 3 },
    ],
  });
  for (const about of [first, second]) expect(about).toMatchObject({ content: { '1': {} }, redaction });
  expect(announcement).toMatchObject({
    type: 'noted',
    content: { '1': {} },
    announces: { kind: 'redaction', sequenceNumber: 0, reason: 'it was asked for' },
  });
});

it('happens once: again it says so and records nothing', async () => {
  await one.append({ content: secret });
  await one.redact({ key: 0 });
  expect(await other.redact({ key: 0 }, { reason: 'another' })).toEqual({
    redacted: 0,
    alreadyRedacted: 1,
    lastSequenceNumber: undefined,
  });
  expect(await decoded()).toMatchObject([{ redaction: { reason: 'it was asked for' } }, {}]);
});

it('happens once, however often it is asked for at the same time', async () => {
  await one.append({ content: secret });
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => (i % 2 === 0 ? one : other).redact({ key: 0 })),
  );
  expect(answers.filter(({ redacted }) => redacted === 1)).toHaveLength(1);
  expect(answers.filter(({ alreadyRedacted }) => alreadyRedacted === 1)).toHaveLength(11);
  expect(await one.stored()).toHaveLength(2);
});

it('by type and source takes what is recorded, in as many transactions as it needs', async () => {
  const events = TUNING.redactionEvents + 20;
  const batch = Array.from({ length: events }, () => ({ content: secret }));
  await one.append(...batch.slice(0, events / 2));
  await one.append({ type: 'other' }, { eventSourceId: 'other' });
  await one.append(...batch.slice(events / 2));
  await one.compensate(3, { content: secret });
  await one.redact({ key: 5 });

  const target = { type: 'noted', eventSourceId: 'source' };
  expect(await other.redact(target, { dryRun: true })).toEqual({
    redacted: events - 1,
    alreadyRedacted: 1,
    lastSequenceNumber: undefined,
  });
  expect(await withSecret()).toBe(events);
  expect(await other.redact(target)).toEqual({
    redacted: events - 1,
    alreadyRedacted: 1,
    lastSequenceNumber: 2 * events + 2,
  });
  expect(await withSecret()).toBe(0);
  const log = await decoded();
  expect(log.map(({ _id }) => _id)).toEqual(log.map((_, i) => i));
  const announced = log.flatMap(({ announces }) => (announces?.kind === 'redaction' ? [announces.sequenceNumber] : []));
  expect(new Set(announced).size).toBe(events);
  expect(log.filter(({ type, eventSourceId }) => type === 'other' || eventSourceId === 'other')).toMatchObject([
    { content: { '1': { first: true } } },
    { content: { '1': { first: true } } },
  ]);
  expect(await one.redact(target)).toEqual({ redacted: 0, alreadyRedacted: events, lastSequenceNumber: undefined });
});

it('against a compensation at the same time: whichever is first, no content is left behind', async () => {
  for (let round = 0; round < 12; round++) {
    await one.append({ eventId: `e${round}`, content: secret });
    const [first, second] = round % 2 === 0 ? [one, other] : [other, one];
    const work = [
      first.compensate(`e${round}`, { content: secret }),
      second.redact({ key: `e${round}` }),
      first.compensate(`e${round}`, { content: secret }),
    ];
    const answers = await Promise.all(work);
    for (const answer of answers) {
      if ('refused' in answer) expect(answer.refused.violations).toMatchObject([{ code: 'EVENT_REDACTED' }]);
    }
    expect(await withSecret()).toBe(0);
  }
  const log = await decoded();
  expect(log.map(({ _id }) => _id)).toEqual(log.map((_, i) => i));
});
