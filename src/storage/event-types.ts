/** The event types of each store, one document a type, written under the revision of the store's settings. */
import type { Collection, MongoClient } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { storeDatabase } from './names';
import type { StoreSettings } from './store-settings';

/** @typeParam Definition plain data whose keys are names of ours, schemas as text: what BSON keeps exactly. */
export interface StoredType<Definition> {
  readonly type: string;
  readonly definition: Definition;
  /** The store's revision with which it changed last. */
  readonly revision: number;
  readonly registered: Date;
  readonly changed: Date;
}

interface TypeDocument<Definition> extends Omit<StoredType<Definition>, 'type'> {
  readonly _id: string;
}

/** A definition to be written; `registered` is that of the one that it replaces. */
export interface ChangedType<Definition> {
  readonly type: string;
  readonly definition: Definition;
  readonly registered: Date | undefined;
}

/** Types in one command or reply: some 30 KB each are encoded or decoded in a few ms. */
const TYPES_AT_ONCE = 25;

export class EventTypeStore<Definition extends object> {
  constructor(
    private readonly client: MongoClient,
    private readonly settings: StoreSettings,
  ) {}

  /** The types that changed after a revision, by their names; with 0 all of them. */
  async changedSince(store: string, revision: number): Promise<StoredType<Definition>[]> {
    const found = await this.#types(store)
      .find({ revision: { $gt: revision } }, { readConcern: READ_CONCERN })
      .sort({ _id: 1 })
      // Types are large, and a reply is decoded in one piece.
      .batchSize(TYPES_AT_ONCE)
      .toArray();
    // What the driver types as the filter's result is the document as it was written.
    return (found as TypeDocument<Definition>[]).map(({ _id, ...rest }) => ({ type: _id, ...rest }));
  }

  /** Writes all of them or none, under the revision after `since`. False when that is not the store's revision any more. */
  async write(store: string, since: number, types: readonly ChangedType<Definition>[], now: Date): Promise<boolean> {
    return this.settings.change(store, since, {}, async (session, revision) => {
      const writes = types.map(({ type, definition, registered = now }) => ({
        replaceOne: {
          filter: { _id: type },
          replacement: { definition, revision, registered, changed: now },
          upsert: true,
        },
      }));
      for (let i = 0; i < writes.length; i += TYPES_AT_ONCE) {
        await this.#types(store).bulkWrite(writes.slice(i, i + TYPES_AT_ONCE), { session });
      }
    });
  }

  #types(store: string): Collection<TypeDocument<object>> {
    return this.client.db(storeDatabase(store)).collection('event-types');
  }
}
