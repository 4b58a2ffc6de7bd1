/** Which partition of a link an event belongs to: what is kept in order, and held together. */
import { createHash } from 'node:crypto';
import { decodeBson } from '../../src/kernel/content/decode-content';
import { LIMITS } from '../../src/kernel/limits';
import { partitionByProperty } from '../../src/observation/partition-key';
import type { PartitionBy } from '../../src/storage/observers';
import type { SourceEvent } from './source-event';

/** The one partition of a link that keeps the whole sequence in order. */
const WHOLE = '';

/** An earlier event of the source. */
export type SourceAt = (number: number) => Promise<SourceEvent | undefined>;

/**
 * Each event's partition. An announcement belongs to that of the event that it is about, which by a
 * property of the content only that event can tell.
 */
export async function partitionsOf(
  by: PartitionBy,
  events: readonly SourceEvent[],
  sourceAt: SourceAt,
): Promise<string[]> {
  const of = partitionOf(by);
  if (by.kind !== 'property') return events.map(of);
  const inBatch = new Map(events.map((event) => [event.sequenceNumber, event]));
  const partitions: string[] = [];
  for (const event of events) {
    const about = event.announcement?.number;
    partitions.push(of(about === undefined ? event : (inBatch.get(about) ?? (await sourceAt(about)) ?? event)));
  }
  return partitions;
}

/** The partition of an event by itself. */
function partitionOf(by: PartitionBy): (event: SourceEvent) => string {
  if (by.kind === 'whole') return () => WHOLE;
  if (by.kind === 'source') return ({ eventSourceId }) => eventSourceId;
  const path = by.path.split('.');
  return ({ contents }) => {
    const latest = contents.at(-1);
    return latest === undefined ? '' : shortened(partitionByProperty(decodeBson(latest.content), path));
  };
}

/** A partition's name is a key in the database and on people's screens; what is longer is told by its beginning and a hash. */
function shortened(name: string): string {
  if (name.length <= LIMITS.eventSourceIdLength) return name;
  return `${name.slice(0, SHOWN)}…sha256:${createHash('sha256').update(name).digest('base64url')}`;
}

/** Characters that are shown of a name that is too long. */
const SHOWN = 100;
