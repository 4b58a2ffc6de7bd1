import type { MongoClient } from 'mongodb';

/** The database's own clock. Used to compare clocks and to age leases; it orders nothing. */
export async function findDatabaseTime(client: MongoClient): Promise<Date> {
  const pipeline = [{ $documents: [{}] }, { $project: { _id: 0, now: '$$NOW' } }];
  const [row] = await client.db('admin').aggregate<{ now: Date }>(pipeline).toArray();
  if (row === undefined) throw new Error('the database did not tell its time');
  return row.now;
}
