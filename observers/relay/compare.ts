/** Whether two ends fit, before the first event flows: what a person should know, and what can never work. Pure. */
import type { LinkDefinition } from '../../src/storage/link-records';

/** What the target knows of one type. */
export interface TargetTypes {
  /** Events of unregistered types are refused. */
  readonly strict: boolean;
  readonly latest: (type: string) => number | undefined;
}

export interface Ends {
  readonly definition: Pick<LinkDefinition, 'filters' | 'generations' | 'mask'>;
  /** What the source has registered. */
  readonly source: readonly { readonly type: string; readonly latestGeneration: number }[];
  readonly target: TargetTypes;
}

export interface Comparison {
  readonly warnings: readonly string[];
  /** Why nothing could ever be relayed; absent: something can. */
  readonly impossible: string | undefined;
}

export function compare({ definition, source, target }: Ends): Comparison {
  const atSource = new Map(source.map(({ type, latestGeneration }) => [type, latestGeneration]));
  const named = namedTypes(definition);
  const types = named ?? [...atSource.keys()];
  const unknown = types.filter((type) => target.latest(type) === undefined);
  const warnings = [
    ...(target.strict
      ? unknown.map(
          (type) =>
            `${type} is not registered at the target, which takes registered types alone: each of its events will be held`,
        )
      : atSource.size > 0
        ? unknown.map((type) => `${type} is not registered at the target: its content is taken as it comes`)
        : []),
    ...types.flatMap((type) => generationWarning(type, atSource.get(type), target.latest(type))),
    ...(atSource.size > 0 ? (named ?? []).filter((type) => !atSource.has(type)) : []).map(
      (type) => `${type} is not registered at the source: perhaps there are no such events`,
    ),
    ...definition.generations.flatMap(({ type, generation }) => {
      const latest = atSource.get(type) ?? 1;
      return generation > latest ? [`${type} has no generation ${generation} at the source yet`] : [];
    }),
  ];
  return { warnings, impossible: impossible(definition, named, unknown, target) };
}

/** The types that can come at all; undefined: any. */
function namedTypes({ filters }: Pick<LinkDefinition, 'filters'>): string[] | undefined {
  if (filters.length === 0 || filters.some(({ types }) => types.length === 0)) return undefined;
  return [...new Set(filters.flatMap(({ types }) => types))];
}

function generationWarning(type: string, source: number | undefined, target: number | undefined): string[] {
  if (source === undefined || target === undefined || source <= target) return [];
  return [
    `${type} has ${source} generations at the source, and the target knows ${target}: of each event it takes those that it knows`,
  ];
}

function impossible(
  { generations }: Pick<LinkDefinition, 'generations'>,
  named: readonly string[] | undefined,
  unknown: readonly string[],
  target: TargetTypes,
): string | undefined {
  if (target.strict && named !== undefined && unknown.length === named.length) {
    return `the target takes registered types alone, and has none of those that the link brings: ${named.join(', ')}`;
  }
  const unreadable = generations.find(({ type, generation }) => generation > (target.latest(type) ?? generation));
  if (unreadable === undefined) return undefined;
  const { type, generation } = unreadable;
  return `the link brings ${type} in generation ${generation} alone, and the target knows 1 to ${target.latest(type) ?? 0}`;
}
