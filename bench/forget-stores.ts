/** Takes stores of the benchmark away: those of this run, or of one that was cut short. No server works on them now. */
import { MongoClient } from 'mongodb';
import { CATALOGUE_DATABASE, EVENT_DATABASE_PREFIX } from '../src/storage/names';

export async function forgetStores(mongodbUrl: string, stores: readonly string[]): Promise<void> {
  const client = await MongoClient.connect(mongodbUrl);
  try {
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
    const catalogue = client.db(CATALOGUE_DATABASE);
    for (const store of stores) {
      const own = `${EVENT_DATABASE_PREFIX}${store}`;
      for (const { name } of databases) {
        if (name === own || name.startsWith(`${own}+`)) await client.db(name).dropDatabase();
      }
      await catalogue.collection<{ _id: string }>('stores').deleteOne({ _id: store });
      await catalogue.collection('jobs').deleteMany({ store });
      await catalogue.collection<{ _id: string }>('leases').deleteMany({ _id: { $regex: `^[a-z-]+/${store}/` } });
    }
  } finally {
    await client.close();
  }
}
