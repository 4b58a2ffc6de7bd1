/**
 * A store whose types are registered, beside `default`, in which none is: so that a plain append meets
 * nothing of types. It is made when a measure first asks for it, and taken away after the server has
 * stopped, since a type is never unregistered.
 */
import { connect, type Annals, type EventSequence } from '../src/client';
import { DEFAULT_NAMESPACE } from '../src/kernel/names';
import { namespaceDatabase } from '../src/storage/names';
import type { Floor, FloorCollection } from './floor';
import { forgetStores } from './forget-stores';
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

export const forgetTypedStore = async (mongodbUrl: string): Promise<void> => forgetStores(mongodbUrl, [STORE]);
