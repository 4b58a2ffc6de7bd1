/** What distinguishes two definitions of an observer: pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ObserverDefinition } from '../storage/observers';

export const sameDefinition = (a: ObserverDefinition, b: ObserverDefinition): boolean =>
  isDeepStrictEqual(plain(a), plain(b));

/** Without the difference between absent and undefined, and with lists in an order of their own. */
function plain({ sequence, filters, partitionBy, content, generations, allGenerations }: ObserverDefinition): unknown {
  const sorted = filters.map((filter) => ({
    types: [...filter.types].sort(),
    eventSourceIds: [...filter.eventSourceIds].sort(),
    tags: [...filter.tags].sort(),
    // An empty one selects nothing, none selects all.
    correlationId: filter.correlationId ?? null,
    announcements: filter.announcements === true,
  }));
  return {
    sequence,
    filters: sorted.map((filter) => JSON.stringify(filter)).sort(),
    partitionBy: { ...partitionBy },
    content,
    generations: wantedByType(generations),
    allGenerations,
  };
}

/** The types whose generation is not left to be the latest, in an order of their own. */
const wantedByType = (generations: ObserverDefinition['generations']): readonly (readonly [string, number])[] =>
  generations
    .flatMap(({ type, generation }) => (generation === 0 ? [] : [[type, generation] as const]))
    .sort(([a], [b]) => (a < b ? -1 : 1));

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
    ...announcementChanges(before, after),
    ...(before.content === after.content ? [] : [`content comes as ${after.content}`]),
    ...generationChanges(before, after),
  ];
  return { changes: changes.join('; ') || 'the filters are other ones', rekeyed };
}

function announcementChanges(before: ObserverDefinition, after: ObserverDefinition): string[] {
  const count = ({ filters }: ObserverDefinition) =>
    filters.filter(({ announcements }) => announcements === true).length;
  if (count(before) > 0 === count(after) > 0) return [];
  return [count(after) > 0 ? 'now also announcements' : 'no longer announcements'];
}

function generationChanges(before: ObserverDefinition, after: ObserverDefinition): string[] {
  const [old, wanted] = [new Map(wantedByType(before.generations)), new Map(wantedByType(after.generations))];
  const types = [...new Set([...old.keys(), ...wanted.keys()])].sort();
  const changed = types.filter((type) => old.get(type) !== wanted.get(type));
  return [
    ...changed.map((type) =>
      wanted.has(type) ? `${type} comes in generation ${wanted.get(type)}` : `${type} comes in its latest generation`,
    ),
    ...(before.allGenerations === after.allGenerations
      ? []
      : [after.allGenerations ? 'every generation comes too' : 'every generation comes no longer']),
  ];
}
