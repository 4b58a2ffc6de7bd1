/** What distinguishes two definitions of an observer: pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ObserverDefinition } from '../storage/observers';

export const sameDefinition = (a: ObserverDefinition, b: ObserverDefinition): boolean =>
  isDeepStrictEqual(plain(a), plain(b));

/** Without the difference between absent and undefined, and with lists in an order of their own. */
function plain({ sequence, filters, partitionBy, content }: ObserverDefinition): unknown {
  const sorted = filters.map((filter) => ({
    types: [...filter.types].sort(),
    eventSourceIds: [...filter.eventSourceIds].sort(),
    tags: [...filter.tags].sort(),
    // An empty one selects nothing, none selects all.
    correlationId: filter.correlationId ?? null,
  }));
  return {
    sequence,
    filters: sorted.map((filter) => JSON.stringify(filter)).sort(),
    partitionBy: { ...partitionBy },
    content,
  };
}

/** What has changed, in words. `rekeyed`: events are in other partitions than before, so their order was another one. */
export function changesBetween(
  before: ObserverDefinition,
  after: ObserverDefinition,
): { changes: string; rekeyed: boolean } {
  const rekeyed = !isDeepStrictEqual({ ...before.partitionBy }, { ...after.partitionBy });
  const types = (definition: ObserverDefinition) => new Set(definition.filters.flatMap((filter) => filter.types));
  const added = [...types(after)].filter((type) => !types(before).has(type));
  const removed = [...types(before)].filter((type) => !types(after).has(type));
  const changes = [
    ...(added.length > 0 ? [`now also ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`no longer ${removed.join(', ')}`] : []),
    ...(rekeyed ? ['events are partitioned by another key'] : []),
    ...(before.content === after.content ? [] : [`content comes as ${after.content}`]),
  ];
  return { changes: changes.join('; ') || 'the filters are other ones', rekeyed };
}
