/**
 * A program of its own, as a service would be: observes every webhook and keeps the read model. It is
 * started by `killed-and-restarted`, which may kill it, and is told to end by a message.
 */
import { MongoClient } from 'mongodb';
import { connect } from '../src/client';
import { keep, READ_MODEL_DATABASE, REPOSITORIES, type Repository } from './read-model';

/** What it tells whoever started it. */
export type Told =
  | { readonly kind: 'registered' }
  /** It has written so many events, the last of which is not acknowledged yet; it goes no further. */
  | { readonly kind: 'in-hand'; readonly number: number; readonly written: number }
  | { readonly kind: 'ended'; readonly written: number; readonly repeated: readonly Repeated[] };

/** An event that came again although the model had it. */
export interface Repeated {
  readonly number: number;
  readonly flagged: boolean;
}

const tell = (told: Told): void => void process.send?.(told);

async function main([, , address = '', mongodb = '', stopAfter = '']: readonly string[]): Promise<void> {
  const mongo = await MongoClient.connect(mongodb);
  const repositories = mongo.db(READ_MODEL_DATABASE).collection<Repository>(REPOSITORIES);
  const annals = connect(`annals://${address}/default`);
  const repeated: Repeated[] = [];
  let written = 0;
  const observation = annals.observe(REPOSITORIES, {
    name: `process ${process.pid}`,
    // One after the other, so that exactly one event is in hand when it is killed.
    concurrency: 1,
    handle: async (event, { redelivery }) => {
      if (await keep(repositories, event)) written++;
      else repeated.push({ number: event.sequenceNumber, flagged: redelivery });
      if (written === Number(stopAfter || Number.POSITIVE_INFINITY)) {
        tell({ kind: 'in-hand', number: event.sequenceNumber, written });
        await new Promise(() => undefined);
      }
    },
  });
  await observation.registered;
  tell({ kind: 'registered' });
  await new Promise((resolve) => process.once('message', resolve));
  await observation.stop();
  await annals.close();
  await mongo.close();
  tell({ kind: 'ended', written, repeated });
  process.disconnect();
}

main(process.argv).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
