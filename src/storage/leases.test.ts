import { MongoClient } from 'mongodb';
import { awaitFact } from '../../test/support/await-fact';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { Leases } from './leases';
import { CATALOGUE_DATABASE } from './names';

/** Long enough that none runs out by itself during a test. */
const LONG_MS = 60_000;

let database: ReplicaSet;
let client: MongoClient;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

const leasesOf = (owner: string, lasts = LONG_MS) => new Leases(client, owner, () => `${owner}:4400`, lasts);
const freshName = () => `lease-${++serial}`;
/** As time would: the database's clock is past its end. */
const runOut = async (_id: string) =>
  client
    .db(CATALOGUE_DATABASE)
    .collection<{ _id: string }>('leases')
    .updateOne({ _id }, [{ $set: { expires: { $subtract: ['$$NOW', 1] } } }]);

test('a lease has one owner; others are told who', async () => {
  const name = freshName();
  expect(await leasesOf('a').acquire(name)).toEqual({ kind: 'held', epoch: 1 });
  const elsewhere = { kind: 'elsewhere', lease: { owner: 'a', address: 'a:4400', epoch: 1 } };
  expect(await leasesOf('b').acquire(name)).toEqual(elsewhere);
  expect(await leasesOf('b').find(name)).toEqual(elsewhere.lease);
});

test('of many that ask at once one gets it', async () => {
  for (let round = 0; round < 10; round++) {
    const name = freshName();
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (owner) => leasesOf(owner).acquire(name)));
    expect(answers.filter(({ kind }) => kind === 'held')).toEqual([{ kind: 'held', epoch: 1 }]);
  }
});

test('whoever holds it may ask again and keeps the epoch', async () => {
  const [leases, name] = [leasesOf('a'), freshName()];
  await leases.acquire(name);
  expect(await leases.acquire(name)).toEqual({ kind: 'held', epoch: 1 });
  expect(await leases.renew(name, 1)).toBe(true);
});

test('a lease that has run out goes to the next with a higher epoch; the old owner renews nothing', async () => {
  const name = freshName();
  const [a, b] = [leasesOf('a'), leasesOf('b')];
  await a.acquire(name);
  await runOut(name);
  expect(await b.find(name)).toBeUndefined();
  expect(await b.acquire(name)).toEqual({ kind: 'held', epoch: 2 });
  expect(await a.renew(name, 1)).toBe(false);
  await a.release(name, 1);
  expect(await a.acquire(name)).toMatchObject({ kind: 'elsewhere', lease: { owner: 'b', epoch: 2 } });
});

test('its own lease that has run out comes back with a higher epoch: somebody may have been there in between', async () => {
  const [leases, name] = [leasesOf('a'), freshName()];
  await leases.acquire(name);
  await runOut(name);
  expect(await leases.acquire(name)).toEqual({ kind: 'held', epoch: 2 });
  expect(await leases.renew(name, 1)).toBe(false);
});

test('one that is given up is free at once, and the epoch goes on', async () => {
  const name = freshName();
  await leasesOf('a').acquire(name);
  await leasesOf('a').release(name, 1);
  expect(await leasesOf('b').find(name)).toBeUndefined();
  expect(await leasesOf('b').acquire(name)).toEqual({ kind: 'held', epoch: 2 });
});

test('it runs out by the database’s clock, and a renewal keeps it', async () => {
  const name = freshName();
  const short = leasesOf('a', 500);
  await short.acquire(name);
  await awaitFact('it has run out', async () => (await leasesOf('b').find(name)) === undefined);
  // Nobody has taken it: it is still the owner's to renew.
  expect(await leasesOf('a').renew(name, 1)).toBe(true);
  expect(await leasesOf('b').acquire(name)).toMatchObject({ kind: 'elsewhere' });
});
