/**
 * Which deployment this is: made once, kept in the catalogue's database, the same for every server on it.
 * Names of stores are unique in a deployment only, so whoever looks at another one needs more than those.
 */
import type { MongoClient } from 'mongodb';
import { newId } from '../kernel/ids';
import { WRITE_CONCERN } from './insert-events';
import { CATALOGUE_DATABASE } from './names';

interface DeploymentDocument {
  readonly _id: 'deployment';
  readonly id: string;
}

export async function deploymentId(client: MongoClient): Promise<string> {
  const made = await client
    .db(CATALOGUE_DATABASE)
    .collection<DeploymentDocument>('deployment')
    .findOneAndUpdate(
      { _id: 'deployment' },
      { $setOnInsert: { id: newId() } },
      { upsert: true, returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
  if (made === null) throw new Error('the database returned nothing for an upsert');
  return made.id;
}
