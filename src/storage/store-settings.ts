/**
 * How a store behaves, and the revision of its definitions: event types, constraints and settings. The
 * revision grows with every change of any of them and is written with it, so that whoever sees an
 * equal revision knows everything, and of two servers that change at once one has to look again.
 */
import type { ClientSession, Collection, MongoClient } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';
import { storeDatabase } from './names';

export interface Settings {
  /** 0 while nothing has been defined. */
  readonly revision: number;
  /** Events of types that are not registered are refused. */
  readonly strict: boolean;
}

interface SettingsDocument extends Settings {
  readonly _id: string;
}

/** The collection, and the one document in it. */
export const SETTINGS_COLLECTION = 'settings';
const ID = 'settings';

const INITIAL: Settings = { revision: 0, strict: false };

export class StoreSettings {
  constructor(private readonly client: MongoClient) {}

  async read(store: string): Promise<Settings> {
    const found = await this.#settings(store).findOne({ _id: ID }, { readConcern: READ_CONCERN });
    return found === null ? INITIAL : { revision: found.revision, strict: found.strict };
  }

  /**
   * Raises the revision from `since`, in one transaction with what `write` writes. False when the
   * revision is another by now; nothing is written then.
   * @param write gets the new revision. It may run more than once.
   */
  async change(
    store: string,
    since: number,
    change: Partial<Omit<Settings, 'revision'>>,
    write: (session: ClientSession, revision: number) => Promise<void> = async () => Promise.resolve(),
  ): Promise<boolean> {
    const settings = this.#settings(store);
    if (since === INITIAL.revision) {
      await settings.updateOne({ _id: ID }, { $setOnInsert: INITIAL }, { upsert: true, writeConcern: WRITE_CONCERN });
    }
    return this.client.withSession(async (session) =>
      session.withTransaction(
        async () => {
          const revision = since + 1;
          const raised = await settings.updateOne(
            { _id: ID, revision: since },
            { $set: { ...change, revision } },
            { session },
          );
          if (raised.matchedCount === 0) {
            await session.abortTransaction();
            return false;
          }
          await write(session, revision);
          return true;
        },
        { writeConcern: WRITE_CONCERN },
      ),
    );
  }

  #settings(store: string): Collection<SettingsDocument> {
    return this.client.db(storeDatabase(store)).collection(SETTINGS_COLLECTION);
  }
}
