/** Event types over the wire: what may be registered, that every server goes by it, and what migrations would do. */
import { MongoClient } from 'mongodb';
import { namespaceDatabase } from '../src/storage/names';
import { awaitFact } from './support/await-fact';
import { startAnnals } from './support/annals-process';
import { event, freshSequence, json, RawClient, refusal } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';
import {
  cancelJob,
  definition,
  endedJob,
  freshType,
  getJob,
  listTypes,
  objectSchema,
  preview,
  register,
  writeGenerations,
  type EventType__Output,
  type Job__Output,
} from './support/type-calls';

let servers: TwoServers;
let a: RawClient;
let b: RawClient;

beforeAll(async () => {
  servers = await serveTwice();
  ({ a, b } = servers);
});
afterAll(async () => servers.stop());

const text = { type: 'string' };
const NAMED = objectSchema({ name: text });
const TITLED = objectSchema({ title: text });
const RENAMED = [
  { up: [{ rename: { from: 'name', to: 'title' } }], down: [{ rename: { from: 'title', to: 'name' } }] },
];
const violationsOf = async (client: RawClient, type: string, content: unknown) => {
  const answer = await client.append({ sequence: freshSequence(), events: [event({ type, content: json(content) })] });
  return answer.refused?.violations.map(({ code }) => code) ?? [];
};

describe('registering', () => {
  test('a type and then the same again: the second time nothing is new', async () => {
    const type = freshType();
    expect(await register(a, [definition(type, [NAMED])])).toEqual({
      types: [{ type, latestGeneration: 1, unchanged: false, changes: ['generation 1 is new'] }],
    });
    expect(await register(b, [definition(type, [NAMED])])).toEqual({
      types: [{ type, latestGeneration: 1, unchanged: true, changes: [] }],
    });
    const [registered] = (await listTypes(b)).filter((one) => one.definition?.type === type);
    expect(registered).toMatchObject({
      latestGeneration: 1,
      definition: { type, generations: [{ generation: 1, schema: NAMED }], migrations: [] },
    });
  });

  test('everything of a definition comes back as it was given', async () => {
    const type = freshType();
    const anything = '{"type":"object"}';
    const steps = [
      { rename: { from: 'name', to: 'title' } },
      { default: { property: 'kind', value: '"x"' } },
      { remove: { property: 'gone' } },
      { split: { property: 'title', separator: ' ', into: ['first', 'rest'] } },
      { join: { properties: ['first', 'rest'], separator: '-', into: 'both' } },
      { convert: { property: 'kind', to: 'CONVERT_TARGET_STRING' as const } },
      { expression: { property: 'title', expression: 'content.kind' } },
    ];
    const whole = { ...definition(type, [anything, anything], [{ up: steps }]), description: 'what it is for' };
    await register(a, [whole]);
    const { type: got } = await b.unary<{ type: EventType__Output }>('EventTypes', 'Get', { type });
    expect(got.definition).toMatchObject(whole);
  });

  test('an incompatible change is refused, says what changed, and leaves everything as it was', async () => {
    const [type, other] = [freshType(), freshType()];
    await register(a, [definition(type, [NAMED])]);
    const changed = definition(type, [objectSchema({ name: text, size: { type: 'integer' } })]);
    const told = await refusal(register(b, [definition(other, [NAMED]), changed]));
    expect(told).toMatchObject({ code: 'INCOMPATIBLE_SCHEMA', field: 'types[1]' });
    expect(told.metadata['changes']).toContain('size');
    const names = (await listTypes(a)).map((one) => one.definition?.type);
    expect(names).toContain(type);
    expect(names).not.toContain(other);
    expect(await violationsOf(a, type, { name: 'x' })).toEqual([]);
  });

  test('a dry run says what would be new and registers nothing', async () => {
    const type = freshType();
    const answer = await register(a, [definition(type, [NAMED])], { dryRun: true });
    expect(answer.types[0]).toMatchObject({ unchanged: false, changes: ['generation 1 is new'] });
    expect(await refusal(a.unary('EventTypes', 'Get', { type }))).toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
  });

  test.each<[string, string, string, () => ReturnType<typeof definition>]>([
    ['a schema that is no JSON', 'INVALID_SCHEMA', 'types[0].generations[0].schema', () => definition('t', ['{'])],
    [
      'a schema that is no schema',
      'INVALID_SCHEMA',
      'types[0].generations[0].schema',
      () => definition('t', ['{"type":1}']),
    ],
    [
      'a schema that refers outward',
      'INVALID_SCHEMA',
      'types[0].generations[0].schema',
      () => definition('t', ['{"$ref":"https://example.com/schema.json"}']),
    ],
    ['a name of the server’s own', 'INVALID_EVENT_TYPE', 'types[0].type', () => definition('$t', [NAMED])],
    ['no generation', 'INVALID_EVENT_TYPE', 'types[0].generations', () => definition('t', [])],
    [
      'a missing neighbour',
      'INVALID_MIGRATION',
      'types[0].migrations',
      () => ({ ...definition('t', [NAMED, TITLED], RENAMED), migrations: [] }),
    ],
    [
      'a migration in a circle',
      'INVALID_MIGRATION',
      'types[0].migrations[0]',
      () => ({ ...definition('t', [NAMED, TITLED]), migrations: [{ from: 1, to: 1, steps: [] }] }),
    ],
    [
      'a step that says nothing',
      'INVALID_MIGRATION',
      'types[0].migrations[0].steps[0]',
      () => definition('t', [NAMED, TITLED], [{ up: [{}] }]),
    ],
    [
      'a migration that no example of its schema survives',
      'INVALID_MIGRATION',
      'types[0].migrations[0]',
      () => definition('t', [NAMED, TITLED]),
    ],
  ])('%s is %s at %s', async (_, code, field, made) => {
    const told = await refusal(register(a, [made()], { dryRun: true }));
    expect(told.code).toBe(code);
    expect(told.field?.startsWith(field)).toBe(true);
  });

  test('no types, one twice, an unknown store', async () => {
    expect(await refusal(register(a, []))).toMatchObject({ code: 'INVALID_FIELD', field: 'types' });
    const one = definition(freshType(), [NAMED]);
    expect(await refusal(register(a, [one, one]))).toMatchObject({ code: 'INVALID_FIELD', field: 'types[1].type' });
    expect(await refusal(register(a, [one], { store: 'nowhere' }))).toMatchObject({ code: 'UNKNOWN_STORE' });
  });
});

describe('through the other server', () => {
  test('an append is held against the new type as soon as the registration has returned', async () => {
    for (let round = 0; round < 5; round++) {
      const type = freshType();
      // It knows the store's types, and not this one.
      expect(await violationsOf(b, type, { name: 1 })).toEqual([]);
      await register(a, [definition(type, [NAMED])]);
      expect(await violationsOf(b, type, { name: 1 })).toEqual(['SCHEMA_VIOLATION']);
      await register(a, [definition(type, [NAMED, TITLED], RENAMED)]);
      expect(await violationsOf(b, type, { name: 'x' })).toEqual(['SCHEMA_VIOLATION']);
      expect(await violationsOf(b, type, { title: 'x' })).toEqual([]);
    }
  });

  test('a strict store refuses unregistered types as soon as it was configured', async () => {
    const store = 'strict';
    await a.ensure({ store });
    const sequence = { store, ...freshSequence() };
    await b.appended({ sequence, events: [event()] });
    expect(await a.unary('Stores', 'Configure', { store, strict: true })).toMatchObject({ store: { strict: true } });
    expect(await b.refused({ sequence, events: [event()] })).toMatchObject([{ code: 'UNREGISTERED_TYPE' }]);
    expect((await b.listStores()).stores).toContainEqual({ name: store, namespaces: ['default'], strict: true });
    await b.unary('Stores', 'Configure', { store, strict: false });
    await a.appended({ sequence, events: [event()] });
  });

  test('who watches is told all types and then each change', async () => {
    const store = 'watched';
    await a.ensure({ store });
    const [first, second] = [freshType(), freshType()];
    await register(a, [definition(first, [NAMED])], { store });
    const call = b.openStream<{ types: EventType__Output[] }>('Watch', { store }, {}, 'EventTypes');
    const told: string[][] = [];
    call.on('data', ({ types }: { types: EventType__Output[] }) =>
      told.push(types.map((one) => `${one.definition?.type ?? ''} ${one.latestGeneration}`)),
    );
    call.on('error', () => undefined); // cancelled below
    await awaitFact('the first is told', () => told.length === 1);
    await register(a, [definition(first, [NAMED, TITLED], RENAMED), definition(second, [NAMED])], { store });
    await awaitFact('the change is told', () => told.length === 2);
    call.cancel();
    expect(told).toEqual([[`${first} 1`], [`${first} 2`, `${second} 1`].sort()]);
  });
});

describe('a preview', () => {
  test('of given content shows what a migration makes of it, registered or not', async () => {
    const type = freshType();
    const draft = definition(type, [NAMED, TITLED], RENAMED);
    const request = { from: 1, to: 2, content: '{"name":"x"}' };
    const expected = [{ before: '{"name":"x"}', after: '{"title":"x"}', faults: [] }];
    expect(await preview(a, { ...request, definition: draft })).toMatchObject(expected);
    await register(a, [draft]);
    expect(await preview(b, { ...request, type })).toMatchObject(expected);
  });

  test('says why content cannot be cast, and how it breaks its schema', async () => {
    const draft = definition(
      freshType(),
      [NAMED, objectSchema({ name: { type: 'integer' } })],
      [{ up: [{ convert: { property: 'name', to: 'CONVERT_TARGET_INTEGER' } }] }],
    );
    const [shown] = await preview(a, { definition: draft, from: 1, to: 2, content: '{"name":"x"}' });
    expect(shown).toMatchObject({ after: '' });
    expect(shown?.faults).toHaveLength(1);
    const [misfit] = await preview(a, { definition: draft, from: 2, to: 1, content: '{"name":5}' });
    expect(misfit?.after).toBe('{"name":5}');
    expect(misfit?.faults[0]).toContain('generation 1');
  });

  test('of the last events of a type, the newest first', async () => {
    const [type, sequence] = [freshType(), freshSequence()];
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      await a.appended({ sequence, events: [event({ type, content: json({ name }) }), event()] });
    }
    const request = { definition: definition(type, [NAMED, TITLED], RENAMED), from: 1, to: 2, ...sequence };
    expect(
      (await preview(b, { ...request, lastEvents: 2 })).map(({ sequenceNumber, after }) => [sequenceNumber, after]),
    ).toEqual([
      [4, '{"title":"c"}'],
      [2, '{"title":"b"}'],
    ]);
    expect(await preview(b, { ...request, lastEvents: 1_000 })).toHaveLength(3);
  });

  test('of nothing, of too much, of an unknown generation or type: each names its field', async () => {
    const draft = definition(freshType(), [NAMED, TITLED], RENAMED);
    const request = { definition: draft, from: 1, to: 2, content: '{}' };
    const told = async (change: object) => refusal(preview(a, { ...request, ...change }));
    expect(await told({ lastEvents: 1_001, content: undefined })).toMatchObject({ field: 'last_events' });
    expect(await told({ to: 3 })).toMatchObject({ code: 'UNKNOWN_GENERATION', field: 'to' });
    expect(await told({ content: '[' })).toMatchObject({ code: 'INVALID_CONTENT', field: 'content' });
    expect(await told({ definition: undefined })).toMatchObject({ code: 'INVALID_FIELD', field: 'type' });
    expect(await told({ definition: undefined, type: 'nobody' })).toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
  });
});

describe('the job that writes missing generations', () => {
  test('tells how far it is, and what it leaves behind', async () => {
    const [type, sequence] = [freshType(), freshSequence()];
    const events = ['1', '2', 'x'].map((name) => event({ type, content: json({ name }) }));
    await a.appended({ sequence, events });
    // Any text in the first generation; in the second one what is a whole number.
    const integers = objectSchema({ name: { type: 'integer' } });
    const int = { expression: { property: 'name', expression: 'int(content.name)' } };
    const string = { convert: { property: 'name', to: 'CONVERT_TARGET_STRING' as const } };
    const digits = objectSchema({ name: { type: 'string', pattern: '^[0-9]{1,9}$' } });
    await register(a, [definition(type, [digits, integers], [{ up: [int], down: [string] }])]);
    const job = await endedJob(b, (await writeGenerations(b, type)).id);
    expect(job).toMatchObject({ kind: 'write-generations', subject: type, state: 'JOB_STATE_SUCCEEDED' });
    expect(job.message).toBe('2 contents completed; 1 cannot be cast');
    expect(job.findings).toMatchObject([{ sequence: sequence.sequence, sequenceNumbers: [2] }]);
    expect(job.done).toBe(job.total);
  });

  test('of an unknown type or job there is none', async () => {
    expect(await refusal(writeGenerations(a, 'nobody'))).toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
    expect(await refusal(getJob(a, 'nobody'))).toMatchObject({ code: 'UNKNOWN_JOB' });
    expect(await refusal(cancelJob(a, 'nobody'))).toMatchObject({ code: 'UNKNOWN_JOB' });
  });

  test('who watches is told until it has ended', async () => {
    const type = freshType();
    await register(a, [definition(type, [NAMED, TITLED], RENAMED)]);
    const { id } = await writeGenerations(a, type);
    const call = b.openStream<{ job: Job__Output }>('Watch', { id }, {}, 'Jobs');
    const states: string[] = [];
    await new Promise((resolve, reject) => {
      call.on('data', ({ job }: { job: Job__Output }) => states.push(job.state));
      call.on('end', resolve);
      call.on('error', reject);
    });
    expect(states.at(-1)).toBe('JOB_STATE_SUCCEEDED');
  });

  test('goes on through another server when its own is killed in the middle, and nothing is left out', async () => {
    const store = 'taken-over';
    await a.ensure({ store });
    const type = freshType();
    const sequence = { store, ...freshSequence() };
    const count = 6_000;
    for (let i = 0; i < count; i += 2_000) {
      const events = Array.from({ length: 2_000 }, (_, j) => event({ type, content: json({ name: `${i + j}` }) }));
      await a.appended({ sequence, events });
    }
    await register(a, [definition(type, [NAMED, TITLED], RENAMED)], { store });
    const doomed = await startAnnals({ mongodb: servers.database.url });
    const client = new RawClient(doomed.address);
    const { id } = await writeGenerations(client, type, store);
    await awaitFact('it is in the middle', async () => {
      const { done } = await getJob(a, id);
      if (done >= count) throw new Error('it was done before it could be killed');
      return done > 0;
    });
    await doomed.kill9();
    client.close();
    const job = await endedJob(a, id, { withinMs: 40_000 });
    expect(job).toMatchObject({ state: 'JOB_STATE_SUCCEEDED', done: job.total });
    const mongo = await MongoClient.connect(servers.database.url);
    const log = mongo.db(namespaceDatabase(store, 'default')).collection(`sequence+${sequence.sequence ?? ''}`);
    const [whole, broken] = [
      { 'content.1': { $exists: true }, 'content.2.title': { $exists: true } },
      { 'content.2.name': { $exists: true } },
    ];
    expect([await log.countDocuments(whole), await log.countDocuments(broken)]).toEqual([count, 0]);
    await mongo.close();
  });
});
