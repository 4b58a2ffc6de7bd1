/** Runs that meet each other on the way into force. The log here has no sequencer but the test. */
import { MongoClient, type Db } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import type { TypesOfStore } from '../event-types/types-of-store';
import { ClaimStore } from '../storage/claims';
import { ConstraintStandings, ConstraintStore } from '../storage/constraints';
import { JobStore, type JobRecord } from '../storage/jobs';
import { activate, type ActivationPlace, type FencePlan, type Fences } from './activation';
import { activationJob } from './activation-job';
import { checkConstraint, type ConstraintDefinition } from './definition';
import { RecordedLog } from './recorded-log.testing';

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let serial = 0;
let name: string;
let log: RecordedLog;

beforeAll(async () => {
  database = await startReplicaSet();
  client = new MongoClient(database.url);
  db = client.db('annals+test+default');
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const noTypes: TypesOfStore = { revision: 0, strict: false, empty: true, type: () => undefined };
const quiet = (): void => undefined;

/** A log with two events, and a constraint over them that is registered. */
beforeEach(async () => {
  name = `c${++serial}`;
  const sequence = `s${serial}`;
  log = await RecordedLog.open(client, db, sequence);
  const events = ['anna', 'bob'].map((email) => ({ type: 'registered', source: email, content: { email } }));
  await log.do({ kind: 'append', events });
  const types = [{ type: 'registered', properties: ['email'], generation: 1 }];
  const rule = {
    kind: 'unique-value',
    types,
    scope: { kind: 'sequence' },
    ignoreCase: false,
    releasedBy: [],
    holder: 'event',
  } as const;
  await constraints().create('test', name, checkConstraint({ name, sequence, rule }), `registration of ${name}`);
});
afterEach(async () => log.close());

const constraints = (): ConstraintStore<ConstraintDefinition> => new ConstraintStore(client);
const standing = async () => new ConstraintStandings<ConstraintDefinition>(db).find(name);
const rows = async () =>
  db
    .collection<{ _id: string; constraint: string }>('constraint-claims')
    .find({ _id: new RegExp(`^${name}/`) })
    .toArray();

/** Writes at the log's end, once `before` lets it. */
const fences = (before: () => Promise<void> = async () => Promise.resolve()): Fences => ({
  fence: async (_address, plan: FencePlan) => {
    const violations = await plan.check(log.next);
    if (violations.length > 0) return { violations };
    await before();
    const number = log.next;
    await client.withSession(async (session) => session.withTransaction(async () => plan.write(session, number)));
    return { number };
  },
});

const place = (own: Fences): ActivationPlace => ({
  client,
  constraints: constraints(),
  types: {
    known: () => noTypes,
    load: async () => Promise.resolve(noTypes),
    refresh: async () => Promise.resolve(noTypes),
  },
  fences: own,
  jobs: new JobStore(client),
});

const run = async (job: string, own = fences()) =>
  activate(place(own), { store: 'test', namespace: 'default', constraint: name, job }, quiet);

/** A place at which a run waits until it is let go on. */
function gate(): { reached: Promise<void>; wait: () => Promise<void>; open: () => void } {
  let open = quiet;
  let reach = quiet;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  const wait = async (): Promise<void> => {
    reach();
    await opened;
  };
  return { reached, wait, open };
}

it('a run puts the constraint into force behind what is recorded, with the claims of it', async () => {
  expect(await run('1')).toEqual({ kind: 'in-force', from: 2 });
  const now = await standing();
  expect(now).toMatchObject({ state: 'in-force', from: 2, job: '1' });
  expect((await rows()).map(({ constraint }) => constraint)).toEqual([now?.ledger, now?.ledger]);
});

it('one that was given up for dead and goes on all the same changes nothing', async () => {
  const { reached, wait, open } = gate();
  const dead = run('1', fences(wait));
  await reached;
  expect(await run('2')).toEqual({ kind: 'in-force', from: 2 });
  const before = await standing();
  open();
  // It finds that it is done.
  expect(await dead).toEqual({ kind: 'in-force', from: 2 });
  expect(await standing()).toEqual(before);
  expect((await rows()).map(({ constraint }) => constraint)).toEqual([before?.ledger, before?.ledger]);
});

it('one whose constraint is removed on the way leaves nothing behind', async () => {
  const { reached, wait, open } = gate();
  const going = run('1', fences(wait));
  await reached;
  await constraints().markRemoved('test', name);
  open();
  expect(await going).toEqual({ kind: 'removed' });
  expect((await standing())?.state).not.toBe('in-force');
  expect(await rows()).toEqual([]);
});

it('one whose constraint is changed on the way brings the new one into force', async () => {
  const { reached, wait, open } = gate();
  const going = run('1', fences(wait));
  await reached;
  const before = await constraints().find('test', name);
  if (before === undefined) throw new Error('it is registered');
  const definition = { ...before.definition, rule: { ...before.definition.rule, ignoreCase: true } };
  expect(await constraints().replace('test', name, before.version, definition, 'another')).toBe(true);
  open();
  expect(await going).toEqual({ kind: 'in-force', from: 2 });
  expect(await standing()).toMatchObject({
    registration: 'another',
    state: 'in-force',
    definition: { rule: { ignoreCase: true } },
  });
  expect(await rows()).toHaveLength(2);
});

it('one that meets a conflict while it is at the fence is refused', async () => {
  const own: Fences = {
    fence: async (address, plan) => {
      // Recorded by somebody else in the last moment.
      await log.do({ kind: 'append', events: [{ type: 'registered', source: 'other', content: { email: 'anna' } }] });
      return fences().fence(address, plan);
    },
  };
  const outcome = await run('1', own);
  expect(outcome).toEqual({
    kind: 'refused',
    conflicts: [{ message: 'events 0, 2 have the same email: "anna"', sequenceNumbers: [0, 2] }],
  });
  expect(await standing()).toMatchObject({ state: 'refused' });
  expect(await rows()).toEqual([]);
});

it('a job that is cancelled undoes its own run, and no other one', async () => {
  const { reached, wait, open } = gate();
  const going = run('1', fences(wait));
  await reached;
  const kind = activationJob({ ...place(fences()), record: async () => Promise.resolve() });
  // What is undone is named by these alone.
  const job = (id: string): JobRecord => ({ id, store: 'test', namespace: 'default', subject: name }) as JobRecord;
  await kind.cancelled?.(job('2'));
  expect(await standing()).toMatchObject({ state: 'checking' });
  expect(await new ClaimStore(db).count((await standing())?.ledger ?? '')).toBe(2);
  await kind.cancelled?.(job('1'));
  expect(await standing()).toMatchObject({ state: 'refused' });
  expect(await rows()).toEqual([]);
  // The run itself was told to stop before; here it is let go on, and starts anew.
  open();
  expect(await going).toEqual({ kind: 'in-force', from: 2 });
});
