/** Makes the collection of an event sequence, with its few indexes and the query that each one serves. */
import { MongoServerError, type CreateCollectionOptions, type Db, type IndexDescription } from 'mongodb';
import { sequenceCollection } from './names';

/** By number: the order of the documents themselves, so that reading on is a sequential scan and `_id` costs no second tree. */
const CLUSTERED: CreateCollectionOptions = { clusteredIndex: { key: { _id: 1 }, unique: true, name: 'number' } };

/** The index's name as the insert's error reports its key, see insert-events. */
export const EVENT_ID_KEY = 'eventId';

export const SOURCE_INDEX = 'source';
export const TAGS_INDEX = 'tags';

/** The condition under which an event is in the tags index; a query must repeat it to use the index. */
export const HAS_TAGS = { 'tags.0': { $exists: true } } as const;

const INDEXES: IndexDescription[] = [
  // Idempotency: an append with a known event id fails on it, and the first append's numbers are looked up by it.
  { name: 'event-id', key: { [EVENT_ID_KEY]: 1 }, unique: true },
  // One source's history in order, and the check of an expectation by source.
  { name: SOURCE_INDEX, key: { eventSourceId: 1, _id: 1 } },
  // Reads and expectations by tag. Events without tags cost it nothing.
  { name: TAGS_INDEX, key: { tags: 1, _id: 1 }, partialFilterExpression: HAS_TAGS },
];

/** On an inbox: what was relayed already, by where it came from, for ever. */
const ORIGIN_INDEX: IndexDescription = {
  name: 'origin',
  key: { 'origin.store': 1, 'origin.namespace': 1, 'origin.sequence': 1, 'origin.sequenceNumber': 1 },
  unique: true,
  partialFilterExpression: { 'origin.sequenceNumber': { $exists: true } },
};

/** MongoDB's answer when the collection is there already. */
const NAMESPACE_EXISTS = 48;

/** Makes the collection of a sequence unless it is there. Returns whether it was made now. Safe to run from several servers at once. */
export async function ensureEventCollection(db: Db, sequence: string): Promise<boolean> {
  const name = sequenceCollection(sequence);
  const created = await db.createCollection(name, CLUSTERED).then(
    () => true,
    (error: unknown) => {
      if (error instanceof MongoServerError && error.code === NAMESPACE_EXISTS) return false;
      throw error;
    },
  );
  // Also when the collection was there: another server may have died between the two steps.
  await db.collection(name).createIndexes(sequence === 'inbox' ? [...INDEXES, ORIGIN_INDEX] : INDEXES);
  return created;
}
