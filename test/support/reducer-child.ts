/** A program with a reducer, in a process of its own, so that it can be killed: `reducer-child ANNALS MONGODB SEQUENCE ID [rebuild]`. */
import { MongoClient } from 'mongodb';
import { connect } from '../../src/client';
import { reduceTally, type TallyAddress } from './tally';

const [annalsUrl = '', mongodbUrl = '', sequence = '', id = '', verb = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const mongodb = new MongoClient(mongodbUrl);
  const address: TallyAddress = { db: mongodb.db('models'), sequence, id };
  const reduction = reduceTally(connect(annalsUrl), address);
  await reduction.registered;
  process.send?.('registered');
  if (verb === 'rebuild') await reduction.rebuild({ onProgress: (progress) => process.send?.(progress) });
  await reduction.done;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
