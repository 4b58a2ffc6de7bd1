/**
 * Who is who: one document an identity, in the database of its store. A document is replaced whole, and only by
 * whoever has seen the revision that it has, so that of two that change it at once one looks again.
 */
import { MongoServerError, type Collection, type MongoClient } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';
import { storeDatabase } from './names';

export type IdentityKind = 'person' | 'system';

/** What is said of an identity. */
export interface IdentityDescription {
  readonly kind: IdentityKind;
  /** Its name elsewhere; empty: it has none. */
  readonly subject: string;
  readonly name: string;
  /** Another identity's id; empty: it acts for itself. */
  readonly onBehalfOf: string;
}

export interface FormerDescription extends IdentityDescription {
  /** When that ended. */
  readonly until: Date;
}

export interface DescribedIdentity {
  readonly id: string;
  /** Grows by one with every change, from 1. */
  readonly revision: number;
  readonly state: 'described';
  readonly description: IdentityDescription;
  readonly described: Date;
  /** What it was before, oldest first. */
  readonly former: readonly FormerDescription[];
}

/** Nothing but this is left of it. */
export interface ErasedIdentity {
  readonly id: string;
  readonly revision: number;
  readonly state: 'erased';
  readonly at: Date;
  readonly reason: string;
}

export type IdentityRecord = DescribedIdentity | ErasedIdentity;

interface DescribedDocument extends IdentityDescription {
  readonly _id: string;
  readonly revision: number;
  readonly described: Date;
  readonly former: readonly FormerDescription[];
}

interface ErasedDocument {
  readonly _id: string;
  readonly revision: number;
  readonly erased: { readonly at: Date; readonly reason: string };
}

type IdentityDocument = DescribedDocument | ErasedDocument;

/** Ids in one question: as many as MongoDB takes in one `$in` without a thought. */
const IDS_AT_ONCE = 1_000;

const DUPLICATE_KEY = 11_000;

export interface ListedIdentities {
  /** Those of this subject alone; undefined: all. */
  readonly subject: string | undefined;
  /** Those whose id comes after this one; undefined: from the first on. */
  readonly after: string | undefined;
  readonly limit: number;
}

export class Identities {
  /** Stores whose index is there. */
  readonly #indexed = new Map<string, Promise<unknown>>();

  constructor(private readonly client: MongoClient) {}

  /** Those of the ids that were ever described, by their ids. */
  async find(store: string, ids: readonly string[]): Promise<Map<string, IdentityRecord>> {
    const wanted = [...new Set(ids)];
    const found = new Map<string, IdentityRecord>();
    for (let i = 0; i < wanted.length; i += IDS_AT_ONCE) {
      const some = { _id: { $in: wanted.slice(i, i + IDS_AT_ONCE) } };
      const documents = await this.#identities(store).find(some, { readConcern: READ_CONCERN }).toArray();
      for (const document of documents) found.set(document._id, recordOf(document));
    }
    return found;
  }

  async findOne(store: string, id: string): Promise<IdentityRecord | undefined> {
    const found = await this.#identities(store).findOne({ _id: id }, { readConcern: READ_CONCERN });
    return found === null ? undefined : recordOf(found);
  }

  /** By their ids. */
  async list(store: string, { subject, after, limit }: ListedIdentities): Promise<IdentityRecord[]> {
    const filter = {
      ...(subject === undefined ? {} : { subject }),
      ...(after === undefined ? {} : { _id: { $gt: after } }),
    };
    const found = this.#identities(store).find(filter, { readConcern: READ_CONCERN }).sort({ _id: 1 }).limit(limit);
    return (await found.toArray()).map(recordOf);
  }

  /** Puts a record in the place of the one with the revision before, or of none with the first. False: it is another by now. */
  async write(store: string, record: IdentityRecord): Promise<boolean> {
    const identities = this.#identities(store);
    const document = documentOf(record);
    const before = record.revision - 1;
    if (before > 0) {
      const replaced = await identities.replaceOne({ _id: record.id, revision: before }, document, {
        writeConcern: WRITE_CONCERN,
      });
      return replaced.matchedCount === 1;
    }
    await this.#index(store);
    try {
      await identities.insertOne(document, { writeConcern: WRITE_CONCERN });
      return true;
    } catch (error) {
      if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return false;
      throw error;
    }
  }

  /** For lists by subject, a page at a time. */
  async #index(store: string): Promise<void> {
    const made = this.#indexed.get(store) ?? this.#identities(store).createIndex({ subject: 1, _id: 1 });
    this.#indexed.set(store, made);
    try {
      await made;
    } catch (error) {
      // Whoever comes next tries again.
      this.#indexed.delete(store);
      throw error;
    }
  }

  #identities(store: string): Collection<IdentityDocument> {
    return this.client.db(storeDatabase(store)).collection('identities');
  }
}

function documentOf(record: IdentityRecord): IdentityDocument {
  const { id: _id, revision } = record;
  if (record.state === 'erased') return { _id, revision, erased: { at: record.at, reason: record.reason } };
  return { _id, revision, ...record.description, described: record.described, former: record.former };
}

function recordOf(document: IdentityDocument): IdentityRecord {
  const { _id: id, revision } = document;
  if ('erased' in document) return { id, revision, state: 'erased', ...document.erased };
  const { kind, subject, name, onBehalfOf, described, former } = document;
  return { id, revision, state: 'described', description: { kind, subject, name, onBehalfOf }, described, former };
}
