/**
 * Content in every generation of its type: what is given is held against its schema, cast to the
 * generations that are missing, and each result is held against that generation's schema. Nothing
 * is recorded unless all of it fits.
 */
import { schemaView } from '../kernel/content/schema-view';
import type { GenerationContent } from '../kernel/generation-content';
import type { CompiledType, ContentOutcome } from './types-of-store';

/**
 * @param content one checked BSON document, written in `generation`, which the type has.
 * @param value the same as a schema looks at it, see `schemaView`.
 */
export function contentsOf(type: CompiledType, generation: number, content: Buffer, value: unknown): ContentOutcome {
  const faults = type.validate(generation, value);
  if (faults.length > 0) return { kind: 'schema', at: generation, faults };
  if (type.latest === 1) return { contents: [{ generation, content }] };
  return missing(type, [{ generation, content }]);
}

/**
 * The same for content that is there in some generations already, such as that of a relayed event.
 * What is given is checked in the generation that it was written in and otherwise kept as it is.
 * @param given in generations that the type has or not; those it has not are left out.
 */
export function completeContents(
  type: CompiledType,
  given: readonly GenerationContent[],
  writtenIn: number,
): ContentOutcome {
  const known = given.filter(({ generation }) => type.generations.includes(generation));
  for (const { generation, content } of known) {
    const faults = type.validate(generation, schemaView(content));
    if (faults.length > 0) return { kind: 'schema', at: generation, faults };
  }
  if (known.length === 0) {
    const failure = `there is content in none of the generations that are registered here`;
    return { kind: 'migration', from: writtenIn, to: type.latest, failure };
  }
  return missing(type, known);
}

/** Each missing generation from the nearest that is there, outward, so that each migration runs once. */
function missing(type: CompiledType, given: readonly GenerationContent[]): ContentOutcome {
  const contents = new Map(given.map(({ generation, content }) => [generation, content]));
  while (contents.size < type.generations.length) {
    const step = nextStep(type, contents);
    if (step === undefined) break;
    const { from, to, content } = step;
    const cast = type.cast(content, from, to);
    if ('failure' in cast) return { kind: 'migration', from, to, failure: cast.failure };
    const faults = type.validate(to, schemaView(cast.content));
    if (faults.length > 0) return { kind: 'schema', at: to, faults };
    contents.set(to, cast.content);
  }
  const ascending = [...contents].sort(([a], [b]) => a - b);
  return { contents: ascending.map(([generation, content]) => ({ generation, content })) };
}

/** A missing generation beside one that is there: upward first. */
function nextStep(
  { generations }: CompiledType,
  contents: ReadonlyMap<number, Buffer>,
): { from: number; to: number; content: Buffer } | undefined {
  for (const direction of [1, -1]) {
    for (const to of direction === 1 ? generations : [...generations].reverse()) {
      const content = contents.get(to - direction);
      if (content !== undefined && !contents.has(to)) return { from: to - direction, to, content };
    }
  }
  return undefined;
}

// Text made of a document parses to an object.
