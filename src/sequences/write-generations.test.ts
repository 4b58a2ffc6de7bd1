import { BSON, MongoClient, type Document } from 'mongodb';
import { pino } from 'pino';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { compileType } from '../event-types/compiled-type';
import type { EventTypeDefinition } from '../event-types/definition';
import { KnownTypes } from '../event-types/known-types';
import type { JobContext } from '../jobs/job-kind';
import { AnnalsError } from '../kernel/annals-error';
import { Catalogue } from '../storage/catalogue';
import { documentAs, eventDraft, firstGeneration } from '../storage/event-draft.testing';
import { insertEvents } from '../storage/insert-events';
import type { JobFinding, JobRecord } from '../storage/jobs';
import { namespaceDatabase } from '../storage/names';
import { Sequences } from './sequences';
import { WriteGenerations } from './write-generations';

let database: ReplicaSet;
let client: MongoClient;
let catalogue: Catalogue;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  catalogue = new Catalogue(client);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const noted = JSON.stringify({ type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] });
const counted = JSON.stringify({ type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] });
const NOTED: EventTypeDefinition = {
  type: 'noted',
  description: '',
  generations: [
    { generation: 1, schema: noted },
    { generation: 2, schema: counted },
    { generation: 3, schema: counted },
  ],
  migrations: [
    {
      from: 1,
      to: 2,
      steps: [
        { kind: 'convert', property: 'amount', to: 'integer' },
        { kind: 'rename', from: 'amount', to: 'count' },
      ],
    },
    { from: 2, to: 1, steps: [{ kind: 'rename', from: 'count', to: 'amount' }] },
    { from: 2, to: 3, steps: [] },
    { from: 3, to: 2, steps: [] },
  ],
};
const types = KnownTypes.none({ revision: 0, strict: false }).with({ revision: 1, strict: false }, [
  { type: 'noted', definition: NOTED, revision: 1, registered: new Date(0), changed: new Date(0) },
]);

/** A store whose log holds these contents in generation 1. */
async function storeWith(
  contents: readonly Document[],
  { namespace = 'default', type = 'noted' } = {},
): Promise<string> {
  const store = `store-${++serial}`;
  await catalogue.ensure(store, [namespace]);
  await fill(store, namespace, 'event-log', contents, type);
  return store;
}

async function fill(
  store: string,
  namespace: string,
  sequence: string,
  contents: readonly Document[],
  type = 'noted',
): Promise<void> {
  const documents = contents.map((content, number) =>
    documentAs(number, eventDraft({ eventId: `e${number}`, type, contents: firstGeneration(content) })),
  );
  await insertEvents(client.db(namespaceDatabase(store, namespace)), sequence, documents);
}

const contentsIn = async (store: string, namespace = 'default', sequence = 'event-log'): Promise<unknown[]> => {
  const found = client
    .db(namespaceDatabase(store, namespace))
    .collection(sequence)
    .find({}, { sort: { _id: 1 } });
  return (await found.toArray()).map(({ content }) => content as unknown);
};

/** What the runner would be told, and what it saves. */
function context(onCheckpoint: () => void = () => undefined) {
  const told = { progress: [] as (readonly [number, number])[], findings: [] as JobFinding[], saved: [] as unknown[] };
  const given: JobContext = {
    signal: new AbortController().signal,
    progress: (done, total) => void told.progress.push([done, total]),
    find: (finding) => void told.findings.push(finding),
    checkpoint: async (state) => {
      told.saved.push(structuredClone(state));
      onCheckpoint();
      return Promise.resolve();
    },
  };
  return { told, given };
}

const job = (store: string, checkpoint?: unknown): JobRecord => ({
  id: 'job',
  kind: 'write-generations',
  store,
  namespace: '',
  subject: '',
  state: 'running',
  cancelling: false,
  done: 0,
  total: 0,
  created: new Date(0),
  started: new Date(0),
  ended: undefined,
  message: '',
  findings: [],
  checkpoint,
});

const source = {
  known: () => types,
  load: async () => Promise.resolve(types),
  refresh: async () => Promise.resolve(types),
};

function work(gate: () => AnnalsError | undefined = () => undefined): WriteGenerations {
  const constraints = () => {
    throw new Error('nothing is appended');
  };
  const logger = pino({ level: 'silent' });
  const sequences = new Sequences({ client, catalogue, types: source, constraints, logger, gate });
  return new WriteGenerations({ client, catalogue, sequences, types: source, gate });
}

test('every event gets the generations that it lacks, in every namespace and sequence', async () => {
  const store = await storeWith([{ amount: 1 }, { amount: 2 }], { namespace: 'acme' });
  await fill(store, 'default', 'outbox', [{ amount: 3 }]);
  const { told, given } = context();
  expect(await work().run(job(store), given)).toBe('3 contents completed');
  const whole = (n: number) => ({ 1: { amount: n }, 2: { count: n }, 3: { count: n } });
  expect(await contentsIn(store, 'acme')).toEqual([whole(1), whole(2)]);
  expect(await contentsIn(store, 'default', 'outbox')).toEqual([whole(3)]);
  expect(told.progress.at(-1)).toEqual([3, 3]);
  expect(told.findings).toEqual([]);
});

test('what it writes is what a reader would be given', async () => {
  const store = await storeWith([{ amount: 7, other: ['x'] }]);
  await work().run(job(store), context().given);
  const cast = compileType(NOTED).cast(Buffer.from(BSON.serialize({ amount: 7, other: ['x'] })), 1, 3);
  expect('content' in cast && BSON.deserialize(cast.content)).toEqual(
    (await contentsIn(store)).map((content) => (content as Document)['3'] as unknown)[0],
  );
});

test('what cannot be cast is told and left as it is, and the others are written', async () => {
  const store = await storeWith([{ amount: 1.5 }, { amount: 2 }]);
  const { told, given } = context();
  expect(await work().run(job(store), given)).toBe('1 contents completed; 2 cannot be cast');
  expect((await contentsIn(store))[0]).toEqual({ 1: { amount: 1.5 } });
  expect(told.findings).toHaveLength(2);
  expect(told.findings[0]).toMatchObject({ namespace: 'default', sequence: 'event-log', sequenceNumbers: [0] });
  expect(told.findings[0]?.message).toContain('noted, generation 2');
});

test('events of other types are not touched', async () => {
  const store = await storeWith([{ amount: 1 }], { type: 'unregistered' });
  await work().run(job(store), context().given);
  expect(await contentsIn(store)).toEqual([{ 1: { amount: 1 } }]);
});

test('whoever takes it over goes on at the checkpoint, and nothing is left out or counted twice', async () => {
  const count = 1_200;
  const store = await storeWith(Array.from({ length: count }, (_, amount) => ({ amount })));
  const died = new Error('it died');
  let pages = 0;
  const first = context(() => {
    if (++pages === 2) throw died;
  });
  await expect(work().run(job(store), first.given)).rejects.toBe(died);
  // The second page was written, but the first checkpoint is all that was saved for sure.
  const second = context();
  await work().run(job(store, first.told.saved[0]), second.given);
  const contents = await contentsIn(store);
  expect(contents).toHaveLength(count);
  expect(contents.filter((content) => Object.keys(content as object).length !== 3)).toEqual([]);
  expect(second.told.progress.at(-1)).toEqual([count, count]);
});

test('on a full disk nothing is written', async () => {
  const store = await storeWith([{ amount: 1 }]);
  const full = new AnnalsError('DISK_FULL');
  await expect(work(() => full).run(job(store), context().given)).rejects.toBe(full);
  expect(await contentsIn(store)).toEqual([{ 1: { amount: 1 } }]);
});
