/** Constraints in the database: one document for each of a store, and one for each namespace in which it stands. */
import { Long, type ClientSession, type Collection, type Db, type MongoClient } from 'mongodb';
import { isDuplicateKey } from './claims';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';
import { storeDatabase } from './names';

/** A constraint of a store. @typeParam Definition plain data, stored as it is. */
export interface RegisteredConstraint<Definition> {
  readonly name: string;
  readonly definition: Definition;
  /** Another one for each definition that the name has had. */
  readonly registration: string;
  /** It is being taken out of force; from here on it cannot come into force anywhere. */
  readonly removed: boolean;
  /** Raised with each change, and each time that it comes into force: who decides by what he read can tell whether it still holds. */
  readonly version: number;
}

type StandingState = 'checking' | 'in-force' | 'refused';

/** A constraint in one namespace. */
export interface Standing<Definition> {
  readonly name: string;
  readonly definition: Definition;
  readonly registration: string;
  readonly state: StandingState;
  /** Under which its claims are kept: `<name>/<a few characters>`, others for each attempt to bring it into force. */
  readonly ledger: string;
  /** The number at which it came into force. */
  readonly from: number | undefined;
  /** The job that checks it, or did. */
  readonly job: string;
}

type Stored<T extends { name: string }> = Omit<T, 'name'> & { readonly _id: string };

const named = <T extends { name: string }>({ _id, ...rest }: Stored<T>): T =>
  // The document is the record with its name as `_id`.
  ({ name: _id, ...rest }) as unknown as T;

interface StandingDocument extends Omit<Stored<Standing<object>>, 'from'> {
  readonly from: Long | number | null;
}

export class ConstraintStore<Definition extends object> {
  constructor(private readonly client: MongoClient) {}

  async list(store: string): Promise<RegisteredConstraint<Definition>[]> {
    const found = await this.#constraints(store).find({}, { readConcern: READ_CONCERN }).sort({ _id: 1 }).toArray();
    return found.map((document) => named(document as Stored<RegisteredConstraint<Definition>>));
  }

  async find(store: string, name: string): Promise<RegisteredConstraint<Definition> | undefined> {
    const found = await this.#constraints(store).findOne({ _id: name }, { readConcern: READ_CONCERN });
    return found === null ? undefined : named(found as Stored<RegisteredConstraint<Definition>>);
  }

  /** False when there is one of the name. */
  async create(store: string, name: string, definition: Definition, registration: string): Promise<boolean> {
    const document: Stored<RegisteredConstraint<Definition>> = {
      _id: name,
      definition,
      registration,
      removed: false,
      version: 1,
    };
    try {
      await this.#constraints(store).insertOne(document, { writeConcern: WRITE_CONCERN });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Gives it another definition. False when it has changed since `version`. */
  async replace(
    store: string,
    name: string,
    version: number,
    definition: Definition,
    registration: string,
  ): Promise<boolean> {
    return this.#change(store, { _id: name, version, removed: false }, { definition, registration });
  }

  /** From here on it cannot come into force. */
  async markRemoved(store: string, name: string): Promise<void> {
    await this.#change(store, { _id: name }, { removed: true });
  }

  async remove(store: string, name: string): Promise<void> {
    await this.#constraints(store).deleteOne({ _id: name, removed: true }, { writeConcern: WRITE_CONCERN });
  }

  /** Says that it comes into force somewhere, so that nobody changes it at the same time. False when somebody did. */
  async confirm(store: string, name: string, registration: string, session: ClientSession): Promise<boolean> {
    return this.#change(store, { _id: name, registration, removed: false }, {}, session);
  }

  async #change(store: string, which: object, change: object, session?: ClientSession): Promise<boolean> {
    const changed = await this.#constraints(store).updateOne(
      which,
      { ...(Object.keys(change).length === 0 ? {} : { $set: change }), $inc: { version: 1 } },
      session === undefined ? { writeConcern: WRITE_CONCERN } : { session },
    );
    return changed.matchedCount === 1;
  }

  #constraints(store: string): Collection<Stored<RegisteredConstraint<object>>> {
    return this.client.db(storeDatabase(store)).collection('constraints');
  }
}

/** What stands in one namespace. */
export class ConstraintStandings<Definition extends object> {
  readonly #standings: Collection<StandingDocument>;

  /** @param db of the namespace. */
  constructor(db: Db) {
    this.#standings = db.collection('constraints');
  }

  async list(): Promise<Standing<Definition>[]> {
    return this.#find({});
  }

  async find(name: string): Promise<Standing<Definition> | undefined> {
    return (await this.#find({ _id: name }))[0];
  }

  /** Those in force for a sequence. */
  async inForce(sequence: string): Promise<Standing<Definition>[]> {
    return this.#find({ state: 'in-force', 'definition.sequence': sequence });
  }

  /** A new attempt begins, and whichever was under way is over. False when it is in force. */
  async begin(standing: Standing<Definition>): Promise<boolean> {
    const { name, ...fields } = standing;
    try {
      await this.#standings.replaceOne(
        { _id: name, state: { $ne: 'in-force' } },
        { ...fields, from: null },
        { upsert: true, writeConcern: WRITE_CONCERN },
      );
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** The attempt has succeeded. False when it is not the latest one any more. */
  async enforce(name: string, ledger: string, from: number, session: ClientSession): Promise<boolean> {
    const changed = await this.#standings.updateOne(
      { _id: name, ledger, state: 'checking' },
      { $set: { state: 'in-force', from: Long.fromNumber(from) } },
      { session },
    );
    return changed.matchedCount === 1;
  }

  /** The attempt has failed. False when it is not the latest one any more. */
  async refuse(name: string, ledger: string): Promise<boolean> {
    const changed = await this.#standings.updateOne(
      { _id: name, ledger, state: 'checking' },
      { $set: { state: 'refused' } },
      { writeConcern: WRITE_CONCERN },
    );
    return changed.matchedCount === 1;
  }

  /** It is in force no longer. */
  async lift(name: string, ledger: string, session: ClientSession): Promise<void> {
    await this.#standings.deleteOne({ _id: name, ledger }, { session });
  }

  /** Forgets an attempt that did not succeed. */
  async forget(name: string): Promise<void> {
    await this.#standings.deleteOne({ _id: name, state: { $ne: 'in-force' } }, { writeConcern: WRITE_CONCERN });
  }

  async #find(filter: object): Promise<Standing<Definition>[]> {
    const found = await this.#standings.find(filter, { readConcern: READ_CONCERN }).sort({ _id: 1 }).toArray();
    return found.map(({ _id, definition, from, ...rest }) => ({
      ...rest,
      name: _id,
      // As `begin` wrote it.
      definition: definition as Definition,
      from: from === null ? undefined : Number(from),
    }));
  }
}
