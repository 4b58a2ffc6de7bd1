/** Questions about stretches of a log: where a time lies, how many events match. */
import { Long } from 'mongodb';
import type { OpenSequence } from '../sequences/open-sequence';
import { deliveredQuery, findEvents, READ_CONCERN, selectsAll } from '../storage/find-events';
import { PASS_OVER, visitEvent } from '../storage/event-fields';
import type { ObserverDefinition, ObserverRecord } from '../storage/observers';
import { EventSource } from './event-source';
import { partitionKey } from './partition-key';
import { presenting } from '../sequences/presentation';
import { contentWanted } from './content-wanted';

/**
 * The number of the first event that was recorded at or after a time (ms since 1970), by bisection.
 * Times of recording are from several servers' clocks, so near the time it is right to within their difference.
 */
export async function firstAt({ db, collection, tail }: OpenSequence, time: number): Promise<number> {
  await tail.refresh();
  let low = 0;
  let high = tail.next;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await findEvents(db, collection, { from: middle, to: middle, limit: 1 });
    const start = found.starts[0];
    if (start !== undefined && recordedOf(found.bytes, start) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function recordedOf(bytes: Buffer, start: number): number {
  let recorded = 0;
  visitEvent(bytes, start, {
    ...PASS_OVER,
    number: (field, value) => {
      if (field === 'recorded') recorded = value;
    },
  });
  return recorded;
}

/** Age of the oldest matching event at or beyond the position, in ms, by the clocks of the servers. */
export async function lagOf(
  { db, collection, tail }: OpenSequence,
  record: ObserverRecord,
): Promise<number | undefined> {
  if (record.position >= tail.next) return undefined;
  const { filters } = record.definition;
  const range = { from: record.position, to: tail.next - 1, limit: 1, filters, delivered: true };
  const oldest = await findEvents(db, collection, range);
  const start = oldest.starts[0];
  return start === undefined ? undefined : Math.max(0, Date.now() - recordedOf(oldest.bytes, start));
}

/** The partition of one event; undefined when there is no such event. */
export async function partitionOfEvent(
  sequence: OpenSequence,
  definition: ObserverDefinition,
  number: number,
): Promise<string | undefined> {
  const { db, collection } = sequence;
  const found = await findEvents(db, collection, { from: number, to: number, limit: 1 });
  const start = found.starts[0];
  if (start === undefined) return undefined;
  const presentation = await presenting(contentWanted(definition), sequence)();
  return partitionKey(definition.partitionBy)(found.bytes, start, presentation);
}

/** How many events of the range match the definition, in one partition or all. */
export async function countEvents(
  sequence: OpenSequence,
  definition: ObserverDefinition,
  from: number,
  to: number,
  partition: string | undefined,
): Promise<number> {
  const { db, collection } = sequence;
  const { filters, partitionBy } = definition;
  const range = { _id: { $gte: Long.fromNumber(from), $lte: Long.fromNumber(to) } };
  if (partition === undefined || partitionBy.kind === 'source') {
    const ofPartition = partition === undefined ? {} : { eventSourceId: partition };
    const query = { $and: [range, deliveredQuery(filters), ofPartition] } as object;
    return db.collection(collection).countDocuments(query, { readConcern: READ_CONCERN });
  }
  const source = new EventSource({
    sequence,
    filters,
    content: contentWanted(definition),
    partitionOf: partitionKey(partitionBy),
  });
  let count = 0;
  for (let at = from; at <= to;) {
    const chunk = await source.read(at, to);
    count += chunk.events.filter((event) => event.partition === partition).length;
    at = chunk.next;
  }
  return count;
}

/** Whether an event before `position` matches the new definition that did not match the old one. */
export async function missedBefore(
  { db, collection }: OpenSequence,
  before: ObserverDefinition,
  after: ObserverDefinition,
  position: number,
): Promise<boolean> {
  // The old one took every event, and the new one wants nothing else.
  if (selectsAll(before.filters) && !after.filters.some(({ announcements }) => announcements === true)) return false;
  const query = {
    $and: [{ _id: { $lt: Long.fromNumber(position) } }, deliveredQuery(after.filters)],
    $nor: [deliveredQuery(before.filters)],
  } as object;
  return (
    (await db.collection(collection).findOne(query, { projection: { _id: 1 }, readConcern: READ_CONCERN })) !== null
  );
}
