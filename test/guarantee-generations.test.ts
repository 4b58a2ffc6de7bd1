/**
 * Content by generation: an event is checked and cast to every generation of its type when it is appended, or refused
 * with the reason; read in the generation that is wanted, whether it is stored or not; and what cannot be cast comes as
 * the nearest there is, marked. Never lost, never invented, and the same from the database, from memory and live.
 */
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { BSON, MongoClient, type Document } from 'mongodb';
import { connect, type Annals } from '../src/client';
import { namespaceDatabase, sequenceCollection } from '../src/storage/names';
import { awaitFact } from './support/await-fact';
import {
  event,
  events,
  freshSequence,
  json,
  parsed,
  range,
  refusal,
  type Event__Output,
  type NewEvent,
  type RawClient,
} from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';
import { definition, endedJob, freshType, objectSchema, register, writeGenerations } from './support/type-calls';

let servers: TwoServers;
let client: Annals;
let mongodb: MongoClient;
let sequence: { sequence: string };
let type: string;

beforeAll(async () => {
  servers = await serveTwice();
  client = connect(`annals://${servers.b.address}/default`);
  mongodb = await MongoClient.connect(servers.database.url);
});
afterAll(async () => {
  await client.close();
  await mongodb.close();
  await servers.stop();
});
beforeEach(() => {
  // Its name is always given.
  sequence = freshSequence() as { sequence: string };
  type = freshType();
});

const stored = async (): Promise<Document[]> =>
  mongodb
    .db(namespaceDatabase('default', 'default'))
    .collection(sequenceCollection(sequence.sequence))
    .find()
    .sort({ _id: 1 })
    .toArray();

const text = { type: 'string' };
const integer = { type: 'integer' };

/** Text of which not any will do, as its schema shows: migrations are tried on examples. */
const like = (example: string) => ({ ...text, examples: [example] });

const NAMES = { type: 'object', properties: { first: text, last: text }, required: ['first', 'last'] };

/** A person over five generations; each says the same in another form. */
const SCHEMAS = [
  objectSchema({ name: like('Ada Lovelace'), born: like('1815') }),
  objectSchema({ first: text, last: text, born: like('1815') }),
  objectSchema({ first: text, last: text, born: integer }),
  objectSchema({ person: NAMES, born: integer }),
  objectSchema({ person: NAMES, born: integer, adult: { type: 'boolean' } }),
];
const rename = (from: string, to: string) => ({ rename: { from, to } });
const STEPS = [
  {
    up: [{ split: { property: 'name', separator: ' ', into: ['first', 'last'] } }],
    down: [{ join: { properties: ['first', 'last'], separator: ' ', into: 'name' } }],
  },
  {
    up: [{ convert: { property: 'born', to: 'CONVERT_TARGET_INTEGER' as const } }],
    down: [{ convert: { property: 'born', to: 'CONVERT_TARGET_STRING' as const } }],
  },
  {
    up: [rename('first', 'person.first'), rename('last', 'person.last')],
    down: [rename('person.first', 'first'), rename('person.last', 'last'), { remove: { property: 'person' } }],
  },
  {
    up: [{ expression: { property: 'adult', expression: 'content.born < 2008' } }],
    down: [{ remove: { property: 'adult' } }],
  },
];
const GENERATIONS = range(1, 5);

/** The first so many generations of it. */
const person = (generations: number) => definition(type, SCHEMAS.slice(0, generations), STEPS);

/** What it is in each generation. */
const inEach = (first: string, last: string, born: number): readonly object[] => [
  { name: `${first} ${last}`, born: String(born) },
  { first, last, born: String(born) },
  { first, last, born },
  { born, person: { first, last } },
  { born, person: { first, last }, adult: born < 2008 },
];

const ada = inEach('Ada', 'Lovelace', 1815);
const written = (generation: number, content: object, fields: NewEvent = {}): NewEvent =>
  event({ type, generation, content: json(content), ...fields });
const wanting = (generation: number) => ({ sequence, generations: [{ type, generation }] });

/** What is read in one generation. */
const contents = async (server: RawClient, generation: number): Promise<unknown[]> => {
  const read = await server.read(wanting(generation));
  expect(read.every((one) => one.contentGeneration === generation && one.notCast === '')).toBe(true);
  return read.map(parsed);
};

describe('a chain of five generations', () => {
  it('is the same in each, whichever an event was written in, through either server', async () => {
    await register(servers.a, [person(5)]);
    for (const generation of GENERATIONS) {
      const content = ada[generation - 1] ?? {};
      await servers.either(generation).appended({ sequence, events: [written(generation, content)] });
    }
    for (const server of [servers.a, servers.b]) {
      for (const generation of GENERATIONS) {
        expect(await contents(server, generation)).toEqual(Array(5).fill(ada[generation - 1]));
      }
      // The latest, unless another is named.
      expect((await server.read({ sequence })).map(parsed)).toEqual(Array(5).fill(ada[4]));
    }
    const documents = await stored();
    const all = Object.fromEntries(ada.map((content, i) => [String(i + 1), content]));
    for (const document of documents) expect(document['content']).toEqual(all);
    expect(documents.map(({ generation }) => generation)).toEqual(GENERATIONS);
  });

  it('up and down again keeps what both know', async () => {
    await register(servers.a, [person(5)]);
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((s) => s.trim() === s && !s.includes(' '));
    await fc.assert(
      fc.asyncProperty(
        word,
        word,
        fc.integer({ min: 1, max: 2100 }),
        fc.constantFrom(...GENERATIONS),
        async (first, last, born, generation) => {
          const each = inEach(first, last, born);
          const one = written(generation, each[generation - 1] ?? {});
          await servers.a.appended({ sequence, events: [one] });
          for (const wanted of GENERATIONS) {
            const { event: read } = await servers.b.getEvent({
              sequence,
              eventId: one.eventId ?? '',
              generation: wanted,
            });
            expect(read && parsed(read)).toEqual(each[wanted - 1]);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('reaches an observer in the generation that it asks for', async () => {
    await register(servers.a, [person(5)]);
    await servers.a.appended({ sequence, events: [written(1, ada[0] ?? {}), written(5, ada[4] ?? {})] });
    const seen: unknown[] = [];
    const observation = client.observe(`of-${type}`, {
      ...sequence,
      generations: { [type]: 3 },
      handle: ({ content }) => void seen.push(content),
    });
    await observation.registered;
    await client.observers.waitFor(`of-${type}`, 1);
    expect(seen).toEqual([ada[2], ada[2]]);
    await observation.stop();
  });
});

describe('an event that was written before a generation existed', () => {
  it('is cast when it is read, and is the same when the job has written it in', async () => {
    await register(servers.a, [person(2)]);
    await servers.a.appended({ sequence, events: [written(1, ada[0] ?? {}), written(2, ada[1] ?? {})] });
    await register(servers.b, [person(5)]);
    const asked = async () => {
      const forms = GENERATIONS.flatMap((generation) =>
        [servers.a, servers.b].map(async (server) => server.read(wanting(generation))),
      );
      return Promise.all(forms);
    };
    const before = await asked();
    expect((await stored()).map(({ content }) => Object.keys(content as object))).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
    const job = await endedJob(servers.a, (await writeGenerations(servers.a, type)).id);
    expect(job.state).toBe('JOB_STATE_SUCCEEDED');
    const all = GENERATIONS.map(String);
    expect((await stored()).map(({ content }) => Object.keys(content as object))).toEqual([all, all]);
    expect(await asked()).toEqual(before);
    expect(before.map((read) => read.map(parsed))).toEqual(
      GENERATIONS.flatMap((g) => Array(2).fill([ada[g - 1], ada[g - 1]])),
    );
  });

  it('and cannot be cast to it comes in the nearest one, with the reason; the job leaves it as it is', async () => {
    await register(servers.a, [person(2)]);
    const unknown = inEach('Ada', 'Lovelace', 0).map((content) => ({ ...content, born: 'long ago' }));
    await servers.a.appended({ sequence, events: [written(1, unknown[0] ?? {}), written(1, ada[0] ?? {})] });
    await register(servers.a, [person(5)]);
    for (const run of [false, true]) {
      if (run) {
        const job = await endedJob(servers.b, (await writeGenerations(servers.b, type)).id);
        expect(job.findings.flatMap(({ sequenceNumbers }) => sequenceNumbers)).toContain(0);
      }
      for (const server of [servers.a, servers.b]) {
        const [nearest, cast] = await server.read({ sequence });
        expect(nearest).toMatchObject({ contentGeneration: 2, generation: 1 });
        expect(nearest?.notCast).toContain('born');
        expect(nearest && parsed(nearest)).toEqual(unknown[1]);
        expect(cast).toMatchObject({ contentGeneration: 5, notCast: '' });
        const [asWritten] = await server.read(wanting(1));
        expect(asWritten).toMatchObject({ contentGeneration: 1, notCast: '' });
        expect(asWritten && parsed(asWritten)).toEqual(unknown[0]);
      }
    }
    expect((await stored()).map(({ content }) => Object.keys(content as object))).toEqual([
      ['1', '2'],
      GENERATIONS.map(String),
    ]);
  });
});

describe('content that may not be recorded', () => {
  it.each<[string, number, object, object]>([
    [
      'breaks its schema',
      3,
      { first: 'Ada', born: 1815 },
      { code: 'SCHEMA_VIOLATION', field: expect.stringMatching(/^events\[1\]\.content/) },
    ],
    [
      'cannot be cast',
      1,
      { name: 'Ada Lovelace', born: 'long ago' },
      {
        code: 'MIGRATION_FAILED',
        field: 'events[1].content',
        metadata: expect.objectContaining({ from: '2', to: '3' }),
      },
    ],
    [
      'breaks the schema of what it is cast to',
      1,
      { name: 'Ada', born: '1815' },
      { metadata: expect.objectContaining({ type: expect.any(String) }) },
    ],
  ])(
    'because it %s is refused with the reason, and nothing of the call is recorded',
    async (_, generation, content, violation) => {
      await register(servers.a, [person(5)]);
      const call = {
        sequence,
        events: [written(5, ada[4] ?? {}), written(generation, content), written(1, ada[0] ?? {})],
      };
      for (const server of [servers.a, servers.b]) {
        expect(await server.refused(call)).toEqual(expect.arrayContaining([expect.objectContaining(violation)]));
      }
      expect(await stored()).toEqual([]);
      expect(await servers.a.tail({ sequence })).toBeUndefined();
    },
  );

  it('all faults are told at once, each at its place', async () => {
    await register(servers.a, [person(5)]);
    const violations = await servers.b.refused({
      sequence,
      events: [written(3, {}), written(5, ada[4] ?? {}), written(4, { person: 1 })],
    });
    expect(new Set(violations.map(({ field }) => field.replace(/\.content.*/, '')))).toEqual(
      new Set(['events[0]', 'events[2]']),
    );
    expect(violations.length).toBeGreaterThan(3);
  });

  it('a generation that the type has not is no call at all', async () => {
    await register(servers.a, [person(2)]);
    for (const [one, field] of [
      [written(3, {}), 'events[0].generation'],
      [event({ type: freshType(), generation: 2 }), 'events[0].generation'],
    ] as const) {
      const refused = await refusal(servers.b.append({ sequence, events: [one] }));
      expect(refused).toMatchObject({ status: status.INVALID_ARGUMENT, code: 'UNKNOWN_GENERATION', field });
    }
    expect(await stored()).toEqual([]);
  });

  it('is no reason against what is recorded already: sent again it is a duplicate', async () => {
    const untyped = event({ type, content: json({ free: true }) });
    await servers.a.appended({ sequence, events: [untyped] });
    await register(servers.a, [person(1)]);
    // No generation is named: it means the latest, which by the second time is another.
    const latest = event({ type, content: json(ada[0]) });
    await servers.a.appended({ sequence, events: [latest] });
    await register(servers.a, [person(5)]);
    for (const server of [servers.a, servers.b]) {
      expect(await server.appended({ sequence, events: [untyped] })).toMatchObject({
        duplicate: true,
        firstSequenceNumber: 0,
      });
      expect(await server.appended({ sequence, events: [latest] })).toMatchObject({
        duplicate: true,
        firstSequenceNumber: 1,
      });
      const [violation] = await server.refused({ sequence, events: [{ ...latest, eventId: 'new' }] });
      expect(violation).toMatchObject({ code: 'SCHEMA_VIOLATION' });
    }
    expect(await stored()).toHaveLength(2);
  });

  it('a store that is strict takes registered types alone, and what was recorded before is a duplicate all the same', async () => {
    const store = `strict-${process.pid.toString(36)}`;
    await servers.a.ensure({ store });
    const strictly = { ...sequence, store };
    const before = event({ type });
    await servers.a.appended({ sequence: strictly, events: [before] });
    await servers.a.unary('Stores', 'Configure', { store, strict: true });
    for (const server of [servers.a, servers.b]) {
      expect(await server.refused({ sequence: strictly, events: [event({ type })] })).toMatchObject([
        { code: 'UNREGISTERED_TYPE', field: 'events[0].type' },
      ]);
      expect(await server.appended({ sequence: strictly, events: [before] })).toMatchObject({ duplicate: true });
    }
    await register(servers.b, [person(1)], { store });
    const allowed = written(1, ada[0] ?? {});
    expect(await servers.a.appended({ sequence: strictly, events: [allowed] })).toMatchObject({
      firstSequenceNumber: 1,
    });
  });
});

it('who follows live, who follows late and who reads get the same bytes', async () => {
  await register(servers.a, [person(3)]);
  await servers.a.appended({ sequence, events: [written(1, ada[0] ?? {})] });
  const bytes = ({ sequenceNumber, content, contentGeneration, notCast }: Event__Output) =>
    [sequenceNumber, contentGeneration, content.toString('hex'), notCast].join(' ');
  const forms = (['CONTENT_TYPE_JSON', 'CONTENT_TYPE_BSON'] as const).flatMap((contentType) =>
    [undefined, 2].map((generation) => ({
      sequence,
      contentType,
      ...(generation === undefined ? {} : wanting(generation)),
    })),
  );
  const live = forms.flatMap((form) => [servers.a.subscribe(form), servers.b.subscribe(form)]);
  await awaitFact('they are live', () => live.every(({ states }) => states.includes('CAUGHT_UP')));
  for (const generation of [1, 2, 3]) {
    await servers.either(generation).appended({ sequence, events: [written(generation, ada[generation - 1] ?? {})] });
  }
  await awaitFact('they have all', () => live.every((one) => one.numbers().at(-1) === 3));
  for (const [i, form] of forms.entries()) {
    const read = (await servers.a.read(form)).map(bytes);
    expect(read).toHaveLength(4);
    const late = [servers.a.subscribe(form), servers.b.subscribe(form)];
    await awaitFact('they have all, too', () => late.every((one) => one.numbers().at(-1) === 3));
    const followers = [...live.slice(2 * i, 2 * i + 2), ...late];
    for (const follower of followers) {
      expect(follower.events.map(bytes)).toEqual(read);
      follower.cancel();
    }
  }
});

it('a large batch that is checked and cast does not stop others', async () => {
  await register(servers.a, [person(5)]);
  const each = inEach('Ada'.repeat(50), 'Lovelace', 1815);
  const batch = () => ({ sequence, events: events(2_000, { type, generation: 1, content: json(each[0] ?? {}) }) });
  let batches = 0;
  const checked = [batch(), batch()].map(async (call) => servers.a.appended(call).finally(() => batches++));
  const other = freshSequence();
  let between = 0;
  while (batches < 2) {
    await servers.a.appended({ sequence: other, events: [event()] });
    between++;
  }
  await Promise.all(checked);
  // Were each batch checked in one go, only those would be answered that are on the wire before and between: two or three.
  expect(between).toBeGreaterThan(3);
  const [first] = await servers.a.read({ sequence, limit: 1, contentType: 'CONTENT_TYPE_BSON' });
  expect(BSON.deserialize(first?.content ?? Buffer.alloc(0))).toEqual(each[4]);
});
