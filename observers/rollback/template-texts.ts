/** The texts of a template, which is any JSON value: each with its place, such as `.lines[0].text`. */
import { LIMITS } from '../../src/kernel/limits';
import { pathStep } from '../../src/kernel/content/json-place';
import type { Json } from '../../src/contract/sequence-document';
import { parseTemplate, type Expression } from './template';

export interface TemplateText {
  /** The way from the template; empty: it is the text itself. */
  readonly place: string;
  readonly text: string;
  /** Keys are written as they stand, so an expression in one is a mistake. */
  readonly isKey: boolean;
}

/** Depth first, in the order in which they stand. What lies deeper than a template may is left out. */
export function* textsOf(template: Json, place = '', depth = 1): Generator<TemplateText> {
  if (typeof template === 'string') yield { place, text: template, isKey: false };
  if (typeof template !== 'object' || template === null || depth > LIMITS.templateDepth) return;
  if (isArray(template)) {
    for (const [i, value] of template.entries()) yield* textsOf(value, `${place}[${i}]`, depth + 1);
    return;
  }
  for (const [key, value] of Object.entries(template)) {
    const inner = `${place}${pathStep(key)}`;
    yield { place: inner, text: key, isKey: true };
    yield* textsOf(value, inner, depth + 1);
  }
}

/** Every expression; none of a text that is malformed. */
export function expressionsOf(template: Json): Expression[] {
  return [...textsOf(template)].flatMap(({ text, isKey }) => {
    const parsed = isKey ? { parts: [] } : parseTemplate(text);
    return 'parts' in parsed ? parsed.parts.filter((part) => typeof part !== 'string') : [];
  });
}

/** Levels of nesting, counted no further than one beyond what a template may have. */
export function depthOf(value: Json, depth = 1): number {
  if (typeof value !== 'object' || value === null) return depth - 1;
  if (depth > LIMITS.templateDepth) return depth;
  const inner = isArray(value) ? value : Object.values(value);
  return inner.reduce<number>((deepest, each) => Math.max(deepest, depthOf(each, depth + 1)), depth);
}

/** `Array.isArray` does not narrow a readonly array. */
export const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);
