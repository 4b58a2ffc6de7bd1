/** The generations that a reader names: what is wrong with them is said before anything is read. */
import type { CompiledType, TypesOfStore } from '../event-types/types-of-store';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import type { GenerationWanted } from '../kernel/generation-wanted';
import { LIMITS } from '../kernel/limits';

/** @throws AnnalsError INVALID_FIELD, or UNKNOWN_GENERATION for a registered type that does not have it. */
export function checkWanted(
  wanted: readonly GenerationWanted[],
  types: TypesOfStore | undefined,
  field = 'generations',
): void {
  if (wanted.length > LIMITS.generationsWanted) {
    throw overLimit(field, LIMITS.generationsWanted, wanted.length, 'types');
  }
  const places = new Map<string, number>();
  wanted.forEach(({ type, generation }, i) => {
    const earlier = places.get(type);
    if (earlier !== undefined) {
      throw new AnnalsError(
        'INVALID_FIELD',
        `${field}[${i}].type is the same as ${field}[${earlier}].type: ${JSON.stringify(type)}`,
        { field: `${field}[${i}].type` },
      );
    }
    places.set(type, i);
    checkGeneration(type, generation, types, `${field}[${i}].generation`);
  });
}

/** @throws AnnalsError UNKNOWN_GENERATION. Of a type that is not registered nobody knows the generations. */
export function checkGeneration(
  name: string,
  generation: number,
  types: TypesOfStore | undefined,
  field: string,
): void {
  const type = generation === 0 ? undefined : types?.type(name);
  if (type !== undefined) requireGeneration(type, generation, field);
}

/** @throws AnnalsError UNKNOWN_GENERATION */
export function requireGeneration(type: CompiledType, generation: number, field: string): void {
  if (type.generations.includes(generation)) return;
  throw new AnnalsError(
    'UNKNOWN_GENERATION',
    `${field} is ${generation}; ${type.name} has generations 1 to ${type.latest}`,
    {
      field,
      metadata: { limit: String(type.latest), actual: String(generation) },
    },
  );
}

/** Finds the generation wanted by the type's name; undefined when none is named at all. */
export function wantedOf(wanted: readonly GenerationWanted[]): ((type: string) => number | undefined) | undefined {
  const named = new Map(wanted.flatMap(({ type, generation }) => (generation === 0 ? [] : [[type, generation]])));
  return named.size === 0 ? undefined : (type) => named.get(type);
}
