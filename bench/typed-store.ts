/**
 * A store whose types are registered, beside `default`, in which none is: so that a plain append meets
 * nothing of types. It is made when a measure first asks for it, and taken away after the server has
 * stopped, since a type is never unregistered.
 */
import { MongoClient } from 'mongodb';
import { connect, type Annals, type EventSequence } from '../src/client';
import { DEFAULT_NAMESPACE } from '../src/kernel/names';
import { CATALOGUE_DATABASE, namespaceDatabase, storeDatabase } from '../src/storage/names';
import type { Floor, FloorCollection } from './floor';
import { orderChecked, orderIn3Generations } from './orders';
import { webhookType } from './webhook';

const STORE = 'bench-types';

export class TypedStore {
  #annals: Promise<Annals> | undefined;

  constructor(private readonly address: string) {}

  /** A client of the store, once its types are registered. */
  async annals(): Promise<Annals> {
    this.#annals ??= this.#registered();
    return this.#annals;
  }

  async close(): Promise<void> {
    await (await this.#annals)?.close();
  }

  async #registered(): Promise<Annals> {
    const annals = connect(`annals://${this.address}/${STORE}`);
    await annals.stores.ensure(STORE);
    await annals.eventTypes.register(orderChecked, orderIn3Generations, webhookType());
    return annals;
  }
}

interface Place {
  readonly typed: TypedStore;
  readonly floor: Floor;
}

/** A sequence of the store, of which nothing is left afterwards. */
export async function onTypedSequence<T>(
  { typed, floor }: Place,
  purpose: string,
  work: (sequence: EventSequence, annals: Annals) => Promise<T>,
): Promise<T> {
  const annals = await typed.annals();
  const name = `bench-${purpose}`;
  try {
    return await work(annals.sequence(name), annals);
  } finally {
    await floor.sequenceOf(namespaceDatabase(STORE, DEFAULT_NAMESPACE), name).drop();
  }
}

/** A sequence of the store whose documents the raw driver writes, before the server has looked at it. */
export const typedCollection = async ({ typed, floor }: Place, name: string): Promise<FloorCollection> => {
  await typed.annals();
  return floor.collection(name, namespaceDatabase(STORE, DEFAULT_NAMESPACE));
};

/** Takes away what is left of the store, of this run or of one that was cut short. No server works on it now. */
export async function forgetTypedStore(mongodbUrl: string): Promise<void> {
  const client = await MongoClient.connect(mongodbUrl);
  try {
    for (const name of [namespaceDatabase(STORE, DEFAULT_NAMESPACE), storeDatabase(STORE)]) {
      await client.db(name).dropDatabase();
    }
    const catalogue = client.db(CATALOGUE_DATABASE);
    await catalogue.collection<{ _id: string }>('stores').deleteOne({ _id: STORE });
    await catalogue.collection('jobs').deleteMany({ store: STORE });
  } finally {
    await client.close();
  }
}
