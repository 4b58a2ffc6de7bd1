/**
 * Which generation of an event's content a reader gets: the one that it wants, as it is stored or cast
 * from the nearest that is; otherwise the nearest to it that can be reached, with the reason.
 */
import type { CompiledType } from '../event-types/types-of-store';
import { byDistance, distance, type GenerationContent } from '../kernel/generation-content';

export interface Chosen extends GenerationContent {
  /** Why it is another generation than the one wanted; empty when it is that one. */
  readonly notCast: string;
}

export interface GenerationQuestion {
  readonly stored: readonly GenerationContent[];
  /** The generation that the content was written in. */
  readonly written: number;
  /** 0: the one that it was written in. */
  readonly wanted: number;
  /** The event's type, when it is registered. */
  readonly type: CompiledType | undefined;
  /** Nothing is left of the content: there is nothing to cast, and nothing may be invented. */
  readonly redacted: boolean;
}

/** Undefined when nothing is stored at all. */
export function chooseGeneration(question: GenerationQuestion): Chosen | undefined {
  const { stored, written, type, redacted } = question;
  const wanted = question.wanted === 0 ? written : question.wanted;
  const exact = stored.find(({ generation }) => generation === wanted);
  if (exact !== undefined) return { ...exact, notCast: '' };
  const [nearest] = byDistance(stored, wanted);
  if (nearest === undefined) return undefined;
  if (redacted) return { ...nearest, notCast: 'the content was redacted' };
  if (type === undefined)
    return { ...nearest, notCast: `the type is not registered, and generation ${wanted} is not stored` };
  if (!type.generations.includes(wanted)) return { ...nearest, notCast: `the type has no generation ${wanted}` };
  return (
    reachable(stored, wanted, type) ?? { ...nearest, notCast: `generation ${nearest.generation} is not known here` }
  );
}

/** From the nearest below and the nearest above; what is further away would have to come through them. */
function reachable(stored: readonly GenerationContent[], wanted: number, type: CompiledType): Chosen | undefined {
  const sources = byDistance(
    stored.filter(({ generation }) => type.generations.includes(generation)),
    wanted,
  );
  const below = sources.find(({ generation }) => generation < wanted);
  const above = sources.find(({ generation }) => generation > wanted);
  let best: Chosen | undefined;
  for (const source of sources) {
    if (source !== below && source !== above) continue;
    const chosen = towards(source, wanted, type);
    if (chosen.generation === wanted) return chosen;
    // The reason is that of the nearest: the one that stands in the way first.
    if (best === undefined || distance(chosen, wanted) < distance(best, wanted)) {
      best = { ...chosen, notCast: best?.notCast ?? chosen.notCast };
    }
  }
  return best;
}

/** As near to the wanted generation as the migrations lead from this one. */
function towards(source: GenerationContent, wanted: number, type: CompiledType): Chosen {
  const whole = type.cast(source.content, source.generation, wanted);
  if ('content' in whole) return { generation: wanted, content: whole.content, notCast: '' };
  const step = Math.sign(wanted - source.generation);
  let reached = source;
  for (let next = source.generation + step; next !== wanted; next += step) {
    const outcome = type.cast(reached.content, reached.generation, next);
    if ('failure' in outcome) break;
    reached = { generation: next, content: outcome.content };
  }
  return { ...reached, notCast: whole.failure };
}
