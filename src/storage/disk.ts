/** How much room the database's disk has, as the database itself says: the same for an embedded one and one far away. */
import type { MongoClient } from 'mongodb';
import { CATALOGUE_DATABASE } from './names';

export interface DiskRoom {
  /** Bytes. */
  readonly free: number;
  /** Bytes. */
  readonly total: number;
}

/** Room on the disk that holds the database's files; undefined where the deployment does not tell. */
export async function diskRoom(client: MongoClient): Promise<DiskRoom | undefined> {
  const stats = await client.db(CATALOGUE_DATABASE).command({ dbStats: 1 });
  const used = stats['fsUsedSize'] as number | undefined;
  const total = stats['fsTotalSize'] as number | undefined;
  return used === undefined || total === undefined || total === 0 ? undefined : { free: total - used, total };
}
