/** What goes along with an append, and how it ends for that append and for the others, on a real database. */
import { MongoClient, MongoNetworkError, MongoServerError } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import type { AppendResponse } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import type { Companion } from './companion';
import { HOLD, type Verdict } from './expectations';
import { OpenForTest } from './open-sequence.testing';

let database: ReplicaSet;
let client: MongoClient;
let sequences = 0;
let open: OpenForTest;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});
beforeEach(async () => {
  open = await OpenForTest.open(client, `q${sequences++}`);
});

const companion = (
  write: Companion['write'],
  check: () => Promise<Verdict> = async () => Promise.resolve(HOLD),
): Companion => ({ touches: new Set(), check, write });

const failing = (error: Error) => companion(async () => Promise.reject(error));

const accompanied = async (of: Companion, patience = 20_000): Promise<AppendResponse> =>
  open.sequence.sequencer.submit({ ...open.admitted({}), companions: [of] }, performance.now() + patience);

const numberOf = (answer: AppendResponse): number => ('appended' in answer ? answer.appended.firstSequenceNumber : -1);

it('is told its own number, also in a commit with others', async () => {
  const told: number[] = [];
  const noting = companion(async (_session, first) => {
    told.push(first);
    return Promise.resolve();
  });
  const answers = await Promise.all([open.append({}, {}), accompanied(noting), open.append({}), accompanied(noting)]);
  expect(answers.map(numberOf)).toEqual([0, 2, 3, 4]);
  expect(told).toEqual([2, 4]);
});

it('that is checked against what is committed is checked again when another was first', async () => {
  const other = await OpenForTest.open(client, open.sequence.address.sequence);
  await open.append({});
  let checks = 0;
  const slow = companion(
    async () => Promise.resolve(),
    async () => {
      // Somebody else records behind the first look.
      if (checks++ === 0) await other.append({});
      return HOLD;
    },
  );
  expect(numberOf(await accompanied(slow))).toBe(2);
  expect(checks).toBe(2);
});

it('fails its own append with what it says; the others of the commit are recorded in order', async () => {
  const lost = failing(new AnnalsError('LEASE_LOST'));
  const answers = await Promise.allSettled([open.append({}), accompanied(lost), open.append({}), accompanied(lost)]);
  expect(answers).toMatchObject([
    { value: { appended: { firstSequenceNumber: 0 } } },
    { reason: { code: 'LEASE_LOST' } },
    { value: { appended: { firstSequenceNumber: 1 } } },
    { reason: { code: 'LEASE_LOST' } },
  ]);
  expect(await open.stored()).toHaveLength(2);
});

it.each([
  ['that the database will never take', new MongoServerError({ message: 'too large', code: 17_419 })],
  ['that is wrong in itself', new TypeError('undefined is not a function')],
])('%s is refused at once, and holds up nobody', async (_, error) => {
  const answers = await Promise.allSettled([open.append({}), accompanied(failing(error)), open.append({})]);
  expect(answers).toMatchObject([
    { value: { appended: { firstSequenceNumber: 0 } } },
    { reason: { code: 'DATABASE_REFUSED' } },
    { value: { appended: { firstSequenceNumber: 1 } } },
  ]);
});

it('that never goes through is given up with its caller, and then the log goes on', async () => {
  const never = accompanied(failing(new MongoNetworkError('the connection broke')), 300);
  const behind = open.append({});
  await expect(never).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(numberOf(await behind)).toBe(0);
  expect(await open.stored()).toHaveLength(1);
});
