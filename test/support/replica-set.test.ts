import { MongoClient } from 'mongodb';
import { startReplicaSet, type ReplicaSet } from './replica-set';

describe('a replica set for suites', () => {
  let set: ReplicaSet;
  beforeAll(async () => {
    set = await startReplicaSet({ members: 3 });
  });
  afterAll(async () => set.stop());

  it('goes on after its primary is killed or steps down, and takes the killed member back', async () => {
    const client = new MongoClient(set.url);
    try {
      await survive(client);
    } finally {
      await client.close();
    }
  });

  async function survive(client: MongoClient): Promise<void> {
    const notes = client.db('suite').collection<{ _id: number }>('notes', { writeConcern: { w: 'majority' } });
    await notes.insertOne({ _id: 1 });

    const first = await set.primary();
    await set.kill(first);
    await notes.insertOne({ _id: 2 });
    expect(await set.primary()).not.toBe(first);

    const killed = set.members[first];
    await set.restart(first);
    expect(set.members[first]).toMatchObject({ port: killed?.port });
    expect(set.members[first]?.pid).not.toBe(killed?.pid);

    const second = await set.primary();
    await set.stepDown();
    expect(await set.primary()).not.toBe(second);
    await notes.insertOne({ _id: 3 });
    expect(await notes.countDocuments()).toBe(3);
  }
});
